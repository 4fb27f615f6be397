package sqlitegraph

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/terms"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	maxQueryBytes = 64 << 10 // of a query that are read; the rest is a document
	maxLookups    = 512      // terms whose counts are looked up
)

// FullText finds chunks by their words, by BM25.
//
// A library's scores are divided by what a chunk would reach that says
// nothing but the query, over and over. That share depends on the library's
// own statistics alone, changes no order within it, and means the same in
// every library: so the lists of several are merged by it.
func (g *Graph) FullText(ctx context.Context, q library.FullTextQuery) ([]library.Scored, error) {
	if q.Limit <= 0 {
		return nil, nil
	}
	r := &reader{graph: g, text: strings.ToValidUTF8(q.Text[:min(len(q.Text), maxQueryBytes)], ""), begins: q.Begins, filter: q.Filter}
	uids := slices.Compact(slices.Sorted(slices.Values(q.Libraries)))
	lists := make([][]library.Scored, len(uids))
	err := each(ctx, uids, func(ctx context.Context, i int, uid string) error {
		return g.read(ctx, uid, func(s *snapshot) error {
			languages, err := s.languages(ctx)
			if err != nil {
				return err
			}
			lists[i], err = s.fullText(ctx, uid, r.read(languages), q)
			return err
		})
	})
	return merge(lists, q.Limit), err
}

// reader reads a query once for all libraries that hold the same languages.
type reader struct {
	graph  *Graph
	text   string
	begins []string
	filter library.Filter

	mu    sync.Mutex
	known map[string]reading
}

// reading is a query in terms.
type reading struct {
	asked []terms.Term
	says  says
}

func (r *reader) read(languages []string) reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := strings.Join(languages, " ")
	out, ok := r.known[key]
	if !ok {
		_ = r.graph.analyze(func(a *terms.Analyzer) error {
			out.asked = a.Query(r.text, maxLookups, languages...)
			for _, b := range r.begins {
				if t := a.Prefix(b, languages...); len(t.Words) > 0 {
					out.asked = append(out.asked, t)
				}
			}
			out.says = saysOf(a, r.filter, languages)
			return nil
		})
		if r.known == nil {
			r.known = map[string]reading{}
		}
		r.known[key] = out
	}
	return out
}

// One look-up a language, however many documents there are.
const listLanguages = `WITH RECURSIVE l (language) AS (
SELECT MIN(language) FROM item WHERE generation > 0
UNION ALL SELECT (SELECT MIN(i.language) FROM item i WHERE i.generation > 0 AND i.language > l.language) FROM l WHERE l.language IS NOT NULL
) SELECT language FROM l WHERE language IS NOT NULL ORDER BY language`

// languages gives those of the published documents, in order, "" among them
// where some document's is not known.
func (s *snapshot) languages(ctx context.Context) ([]string, error) {
	return sqldb.All(ctx, s, scanString, listLanguages)
}

// merge makes one list, best first; equal scores in the order of the uids.
func merge(lists [][]library.Scored, limit int) []library.Scored {
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, func(a, b library.Scored) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.LibraryUID, b.LibraryUID),
			cmp.Compare(a.ItemUID, b.ItemUID), cmp.Compare(a.Ordinal, b.Ordinal))
	})
	return all[:min(limit, len(all))]
}

// The weights are those of title, heading path and text.
const (
	// Words that stand nearly everywhere are rated in the first chunks only.
	rateWords     = `SELECT rowid AS id, bm25(words, 2.0, 1.5, 1.0) AS rating FROM words WHERE words MATCH $1 LIMIT $3`
	rateWordsFrom = `SELECT rowid AS id, bm25(words, 2.0, 1.5, 1.0) AS rating FROM words WHERE words MATCH $1 AND rowid >= $4 LIMIT $3`
	// The plus keeps the planner from looking each chunk up in the words.
	rateWordsWithin = `SELECT rowid AS id, bm25(words, 2.0, 1.5, 1.0) AS rating FROM words
WHERE words MATCH $1 AND rowid BETWEEN $4 AND $5 AND +rowid IN (SELECT c.id%s) LIMIT $3`
	// $6 and $7 are JSON lists of items and of collections, the latter perhaps empty.
	withinItems = ` FROM json_each($6) j CROSS JOIN item i ON i.uid = j.value` + ofThese
	// $6 is empty.
	withinLibrary = ` FROM (SELECT $6) CROSS JOIN item i` + ofThese
	ofThese       = ` CROSS JOIN chunk c ON c.item_id = i.id AND c.generation = i.generation
WHERE ($7 = '' OR i.collection_uid IN (SELECT value FROM json_each($7)))`
	bestWords = `SELECT i.uid, c.generation, c.ordinal, w.rating
FROM (SELECT id, rating FROM (%s) ORDER BY rating, id LIMIT $2) w
JOIN chunk c ON c.id = w.id JOIN item i ON i.id = c.item_id ORDER BY w.rating, w.id`
	// Of a filter that lets many chunks through, the best are looked up until
	// there are enough. The order is that of the inner query, which is joined
	// row by row; its limit is there because an order without one is dropped.
	bestOfMany = `SELECT i.uid, c.generation, c.ordinal, w.rating
FROM (SELECT id, rating FROM (%s) ORDER BY rating, id LIMIT $3) w
CROSS JOIN chunk c ON c.id = w.id CROSS JOIN item i ON i.id = c.item_id
WHERE ($5 = '' OR i.uid IN (SELECT value FROM json_each($5))) AND ($6 = '' OR i.collection_uid IN (SELECT value FROM json_each($6)))
LIMIT $2`
)

func (s *snapshot) fullText(ctx context.Context, uid string, asked reading, q library.FullTextQuery) ([]library.Scored, error) {
	sc, err := s.reach(ctx, q.Filter)
	if err != nil || sc.chunks == 0 {
		return nil, err
	}
	p, err := s.plan(ctx, asked.asked, sc)
	if err != nil || p.match == "" {
		return nil, err
	}
	p.match = asked.says.within(p.match)
	if !sc.narrow {
		return s.best(ctx, uid, p, fmt.Sprintf(bestWords, rateWords), p.match, q.Limit, maxRated)
	}
	if sc.many {
		found, err := s.best(ctx, uid, p, fmt.Sprintf(bestOfMany, rateWordsFrom), p.match, q.Limit, maxRated, sc.from, sc.items, sc.collections)
		if err != nil || len(found) == q.Limit || p.held <= maxRated {
			return found, err
		}
		sc.to = math.MaxInt64 // not all was rated, and too little of it is in the filter's reach
	}
	return s.best(ctx, uid, p, fmt.Sprintf(bestWords, fmt.Sprintf(rateWordsWithin, sc.within())),
		p.match, q.Limit, maxRated, sc.from, sc.to, sc.items, sc.collections)
}

func (s *snapshot) best(ctx context.Context, uid string, p plan, query string, args ...any) ([]library.Scored, error) {
	return sqldb.All(ctx, s, func(r sqldb.Row) (library.Scored, error) {
		hit := library.Scored{LibraryUID: uid}
		err := r.Scan(&hit.ItemUID, &hit.Generation, &hit.Ordinal, &hit.Score)
		hit.Score = min(-hit.Score/p.perfect, 1)
		return hit, err
	}, query, args...)
}

// reach is what of a library a search may find.
type reach struct {
	visible     int64 // chunks of the library
	chunks      int64 // of those, the ones that the filter lets through, as far as they are counted
	many        bool  // more than are counted
	narrow      bool
	from, to    int64  // their lowest and highest id, when narrow
	items       string // JSON list; empty: any
	collections string // as items
}

const (
	countVisible = `SELECT visible FROM total`
	countWithin  = `SELECT COUNT(*), COALESCE(MIN(id), 0), COALESCE(MAX(id), 0) FROM (SELECT c.id AS id%s LIMIT $3)`
	maxCounted   = 20_000 // chunks of a filter
)

// share is how much of the library is searched, and span how much of it is
// looked through to that end.
func (r reach) share() (share, span float64) {
	if !r.narrow || r.many {
		return 1, 0 // everything is rated, and looked through once for that
	}
	return float64(r.chunks) / float64(r.visible), min(1, float64(r.to-r.from+1)/float64(r.visible))
}

// within is where the filter's chunks are looked for: of items that are named,
// nobody looks at the others.
func (r reach) within() string {
	if r.items != "" {
		return withinItems
	}
	return withinLibrary
}

func (s *snapshot) reach(ctx context.Context, f library.Filter) (reach, error) {
	visible, err := sqldb.One(ctx, s, scanInt, countVisible)
	sc := reach{visible: visible, chunks: visible, narrow: narrow(f)}
	if err != nil || !sc.narrow || visible == 0 {
		return sc, err
	}
	for list, uids := range map[*string][]string{&sc.items: f.ItemUIDs, &sc.collections: f.CollectionUIDs} {
		if len(uids) == 0 {
			continue
		}
		written, err := json.Marshal(slices.Compact(slices.Sorted(slices.Values(uids))))
		if err != nil {
			return sc, fmt.Errorf("write the filter: %w", err)
		}
		*list = string(written)
	}
	query := strings.NewReplacer("$6", "$1", "$7", "$2").Replace(fmt.Sprintf(countWithin, sc.within()))
	row := s.QueryRowContext(ctx, query, sc.items, sc.collections, maxCounted)
	if err := row.Scan(&sc.chunks, &sc.from, &sc.to); err != nil {
		return sc, fmt.Errorf("narrow the search: %w", err)
	}
	sc.many = sc.chunks == maxCounted
	return sc, nil
}

// plan is what of a query is looked for in one library.
type plan struct {
	match   string  // an FTS5 expression; empty: nothing can match
	perfect float64 // the score that no chunk exceeds
	held    int64   // how many chunks hold its words, at most
}

const (
	countWords  = `SELECT word, chunks FROM term WHERE word IN (SELECT value FROM json_each($1))`
	countPrefix = `SELECT COALESCE(SUM(chunks), 0) FROM term WHERE word >= $1 AND word < $2`
)

// saturation is k1 + 1: what BM25 gives a word that is said without end.
const saturation = 2.2

// plan leaves frequent words out where rarer ones stand: they say little and
// cost most.
func (s *snapshot) plan(ctx context.Context, asked []terms.Term, sc reach) (plan, error) {
	chunks, err := s.counts(ctx, asked, sc.visible)
	if err != nil {
		return plan{}, err
	}
	var p plan
	var parts []string
	share, span := sc.share()
	for _, i := range worthLooking(chunks, share, span) {
		p.held += chunks[i]
		times := min(asked[i].Times, maxTimes)
		p.perfect += idf(sc.visible, chunks[i]) * saturation * float64(times)
		for range times {
			if chunks[i] > 0 {
				parts = append(parts, expression(asked[i]))
			}
		}
	}
	p.match = strings.Join(parts, " OR ")
	return p, nil
}

// Rating a chunk costs about 2 µs, counting one that holds a word 0.2 µs.
const (
	maxTerms = 64      // looked for in one query
	maxTimes = 3       // that a word counts which the query repeats
	maxRows  = 16_000  // chunks that are rated, as long as there are rarer words
	maxRated = 24_000  // chunks that are rated when there are none
	maxHeld  = 100_000 // chunks that are counted
	maxPast  = 30_000  // chunks that are looked at on the way to those of a filter
)

// worthLooking picks terms, rarest first, until the chunks that hold them are
// as many as may be rated. share is how much of the library is searched, span how much
// is passed through for it. At
// least one that is there is picked.
func worthLooking(chunks []int64, share, span float64) []int {
	order := make([]int, len(chunks))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(chunks[a], chunks[b]) })
	var held int64
	var found int
	for n, i := range order {
		held += chunks[i]
		if found > 0 && (float64(held)*share > maxRows || float64(held)*span > maxPast || held > maxHeld || found == maxTerms) {
			return order[:n]
		}
		if chunks[i] > 0 {
			found++
		}
	}
	return order
}

// idf is the weight that FTS5's bm25() gives a word in n of all chunks.
func idf(all, n int64) float64 {
	return max(math.Log((float64(all-n)+0.5)/(float64(n)+0.5)), 1e-6)
}

// counts tells in how many chunks each term stands; of a phrase, in how many
// its rarest word does. Forms of a term in several languages are added up.
func (s *snapshot) counts(ctx context.Context, asked []terms.Term, visible int64) ([]int64, error) {
	words := []string{}
	for _, t := range asked {
		for _, form := range t.Forms() {
			words = append(words, form...)
		}
	}
	list, err := json.Marshal(words)
	if err != nil {
		return nil, fmt.Errorf("write the words: %w", err)
	}
	of := map[string]int64{}
	if _, err := sqldb.All(ctx, s, func(r sqldb.Row) (struct{}, error) {
		var word string
		var n int64
		err := r.Scan(&word, &n)
		of[word] = n
		return struct{}{}, err
	}, countWords, string(list)); err != nil {
		return nil, err
	}
	out := make([]int64, len(asked))
	for i, t := range asked {
		for f, form := range t.Forms() {
			n := of[form[0]]
			if t.Prefix && f == 0 {
				if n, err = sqldb.One(ctx, s, scanInt, countPrefix, form[0], form[0]+"\U0010ffff"); err != nil {
					return nil, err
				}
			}
			for _, w := range form[1:] {
				n = min(n, of[w])
			}
			out[i] += n
		}
		out[i] = min(out[i], visible)
	}
	return out, nil
}

// expression quotes a term. Terms hold letters, digits and marks only, so
// nothing in them is syntax.
func expression(t terms.Term) string {
	var forms []string
	for i, form := range t.Forms() {
		e := `"` + strings.Join(form, " ") + `"`
		if t.Prefix && i == 0 {
			e += "*"
		}
		forms = append(forms, e)
	}
	if len(forms) == 1 {
		return forms[0]
	}
	return "(" + strings.Join(forms, " OR ") + ")"
}
