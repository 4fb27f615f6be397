package sqlitegraph

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph/dense"
	"git.helu.ca/r/mnemosyne/internal/library/terms"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// says is what a filter asks of the words of a chunk, as FTS5 expressions.
// Empty ones ask nothing.
type says struct{ must, not string }

func saysOf(a *terms.Analyzer, f library.Filter, languages []string) says {
	list := func(clauses []library.Clause) []string {
		var out []string
		for _, c := range clauses {
			t := a.Phrase(c.Text, languages...)
			if len(t.Words) == 0 {
				continue
			}
			e := expression(t)
			if c.Title {
				e = "title : (" + e + ")"
			}
			out = append(out, e)
		}
		return out
	}
	return says{must: strings.Join(list(f.Must), " AND "), not: strings.Join(list(f.Not), " OR ")}
}

// within narrows an expression to what the filter lets through.
func (w says) within(match string) string {
	if w.must != "" {
		match = "(" + match + ") AND " + w.must
	}
	if w.not != "" {
		match = "(" + match + ") NOT (" + w.not + ")"
	}
	return match
}

// condition is SQL that holds for the chunk c where the filter lets it
// through, with its arguments, which are numbered from first.
func (w says) condition(first int) (sql string, args []any) {
	var parts []string
	add := func(in, match string) {
		parts = append(parts, fmt.Sprintf("c.id %s (SELECT rowid FROM words WHERE words MATCH $%d)", in, first+len(args)))
		args = append(args, match)
	}
	if w.must != "" {
		add("IN", w.must)
	}
	if w.not != "" {
		add("NOT IN", w.not)
	}
	if len(parts) == 0 {
		return "TRUE", nil
	}
	return strings.Join(parts, " AND "), args
}

func (g *Graph) says(ctx context.Context, s *snapshot, f library.Filter) (w says, err error) {
	languages, err := s.languages(ctx)
	if err != nil {
		return w, err
	}
	return w, g.analyze(func(a *terms.Analyzer) error {
		w = saysOf(a, f, languages)
		return nil
	})
}

// Having asks each library for its chunks at once.
func (g *Graph) Having(ctx context.Context, found []library.Scored, f library.Filter) ([]library.Scored, error) {
	if !f.Says() || len(found) == 0 {
		return found, nil
	}
	of := map[string][]library.Scored{}
	var uids []string
	for _, h := range found {
		if of[h.LibraryUID] == nil {
			uids = append(uids, h.LibraryUID)
		}
		of[h.LibraryUID] = append(of[h.LibraryUID], h)
	}
	lists := make([]map[spot]bool, len(uids))
	err := each(ctx, uids, func(ctx context.Context, i int, uid string) error {
		return g.read(ctx, uid, func(s *snapshot) error {
			w, err := g.says(ctx, s, f)
			if err != nil {
				return err
			}
			lists[i], err = s.having(ctx, w, of[uid])
			return err
		})
	})
	var out []library.Scored
	for _, h := range found {
		for i, uid := range uids {
			if uid == h.LibraryUID && lists[i][placeOf(h)] {
				out = append(out, h)
			}
		}
	}
	return out, err
}

// spot is where a chunk is in a library.
type spot struct {
	item    string
	ordinal int
}

func placeOf(h library.Scored) spot { return spot{h.ItemUID, h.Ordinal} }

const havingThese = `SELECT i.uid, c.ordinal FROM json_each($1) a CROSS JOIN item i ON i.uid = a.value ->> 0
CROSS JOIN chunk c ON c.item_id = i.id AND c.generation = i.generation AND c.ordinal = a.value ->> 1
WHERE `

// having tells which chunks a filter lets through.
func (s *snapshot) having(ctx context.Context, w says, found []library.Scored) (map[spot]bool, error) {
	keys := make([][2]any, len(found))
	for i, h := range found {
		keys[i] = [2]any{h.ItemUID, h.Ordinal}
	}
	list, err := json.Marshal(keys)
	if err != nil {
		return nil, fmt.Errorf("write the chunks: %w", err)
	}
	condition, args := w.condition(2)
	out := map[spot]bool{}
	_, err = sqldb.All(ctx, s, func(r sqldb.Row) (struct{}, error) {
		var p spot
		err := r.Scan(&p.item, &p.ordinal)
		out[p] = true
		return struct{}{}, err
	}, havingThese+condition, append([]any{string(list)}, args...)...)
	return out, err
}

// fewSay is how many chunks are compared one by one when that is all that the
// filter lets through.
const fewSay = 20_000

const (
	countSaying = `SELECT COUNT(*) FROM (SELECT 1 FROM chunk c JOIN item i ON i.id = c.item_id AND i.generation = c.generation WHERE %s LIMIT $1)`
	saying      = `SELECT c.item_id, c.generation, c.ordinal, i.uid, i.collection_uid FROM chunk c
JOIN item i ON i.id = c.item_id AND i.generation = c.generation WHERE %s`
)

// nearestSaying is nearest where the filter asks what chunks say: few that say
// it are all compared; of many, ever more of the nearest are looked through.
func (g *Graph) nearestSaying(ctx context.Context, s *snapshot, uid string, q library.VectorQuery) ([]library.Scored, error) {
	w, err := g.says(ctx, s, q.Filter)
	if err != nil {
		return nil, err
	}
	sp, err := s.space(ctx, q.Space)
	if err != nil {
		return g.nearest(ctx, s, uid, q) // which says what is wrong, if anything
	}
	condition, args := w.condition(2)
	n, err := sqldb.One(ctx, s, scanInt, fmt.Sprintf(countSaying, condition), append([]any{fewSay}, args...)...)
	if err != nil || n == 0 {
		return nil, err
	}
	if n < fewSay {
		return s.compareSaying(ctx, uid, sp, q, w)
	}
	const deeper = 4
	for wider := q; ; {
		wider.Limit *= deeper
		hits, err := g.nearest(ctx, s, uid, wider)
		if err != nil {
			return nil, err
		}
		let, err := s.having(ctx, w, hits)
		if err != nil {
			return nil, err
		}
		var out []library.Scored
		for _, h := range hits {
			if let[placeOf(h)] {
				out = append(out, h)
			}
		}
		if len(out) >= q.Limit || len(hits) < wider.Limit {
			return out[:min(len(out), q.Limit)], nil
		}
	}
}

// compareSaying compares all that the filter lets through.
func (s *snapshot) compareSaying(ctx context.Context, uid string, sp embeddingSpace, q library.VectorQuery, w says) ([]library.Scored, error) {
	condition, args := w.condition(1)
	wanted := setOf(q.Filter.ItemUIDs)
	items := newItemTable()
	keys := [][3]int64{}
	if _, err := sqldb.All(ctx, s, func(r sqldb.Row) (struct{}, error) {
		var key [3]int64
		var it heldItem
		var collection string
		err := r.Scan(&key[0], &key[1], &key[2], &it.uid, &collection)
		if (len(wanted) == 0 || wanted[it.uid]) && (len(q.Filter.CollectionUIDs) == 0 || slices.Contains(q.Filter.CollectionUIDs, collection)) {
			it.generation = key[1]
			items.items[key[0]] = it
			keys = append(keys, key)
		}
		return struct{}{}, err
	}, fmt.Sprintf(saying, condition), args...); err != nil {
		return nil, err
	}
	list, err := json.Marshal(keys)
	if err != nil {
		return nil, fmt.Errorf("write the keys: %w", err)
	}
	top := dense.NewTop(q.Limit)
	err = s.vectors(ctx, items, func(key dense.Key, v []float32) error {
		return offer(top, key, sp, q.Vector, v)
	}, theseVectors, sp.id, string(list))
	return named(uid, top.Sorted(), items), err
}

func setOf(list []string) map[string]bool {
	out := make(map[string]bool, len(list))
	for _, v := range list {
		out[v] = true
	}
	return out
}
