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
	graph *Graph
	asked []terms.Term
	says  says
}

func (r *reader) read(languages []string) reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := strings.Join(languages, " ")
	out, ok := r.known[key]
	if !ok {
		out.graph = r.graph
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

// The first %s of these is what rates a chunk, the weights being those of
// title, heading path and text; or nothing does, which costs much less.
const (
	byWords = `bm25(words, 2.0, 1.5, 1.0)`
	unrated = `0.0`
	// Words that stand nearly everywhere are rated in the first chunks only.
	rateWords     = `SELECT rowid AS id, %s AS rating FROM words WHERE words MATCH $1 LIMIT $3`
	rateWordsFrom = `SELECT rowid AS id, %s AS rating FROM words WHERE words MATCH $1 AND rowid >= $4 LIMIT $3`
	// The plus keeps the planner from looking each chunk up in the words.
	rateWordsWithin = `SELECT rowid AS id, %s AS rating FROM words
WHERE words MATCH $1 AND rowid BETWEEN $4 AND $5 AND +rowid IN (SELECT c.id%s) LIMIT $3`
	// $6 and $7 are JSON lists of items and of collections, the latter perhaps empty.
	withinItems = ` FROM json_each($6) j CROSS JOIN item i ON i.uid = j.value` + ofThese
	// $6 is empty.
	withinLibrary = ` FROM (SELECT $6) CROSS JOIN item i` + ofThese
	ofThese       = ` CROSS JOIN chunk c ON c.item_id = i.id AND c.generation = i.generation
WHERE ($7 = '' OR i.collection_uid IN (SELECT value FROM json_each($7)))`
	bestWords = `SELECT w.id, i.uid, c.generation, c.ordinal, w.rating
FROM (SELECT id, rating FROM (%s) ORDER BY rating, id LIMIT $2) w
JOIN chunk c ON c.id = w.id JOIN item i ON i.id = c.item_id ORDER BY w.rating, w.id`
	// Of a filter that lets many chunks through, the best are looked up until
	// there are enough. The order is that of the inner query, which is joined
	// row by row; its limit is there because an order without one is dropped.
	bestOfMany = `SELECT w.id, i.uid, c.generation, c.ordinal, w.rating
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
	limits := asked.graph.bounds
	p, err := s.plan(ctx, asked.asked, sc, limits)
	if err != nil {
		return nil, err
	}
	var found []candidate
	for _, l := range p.looks {
		l.match = asked.says.within(l.match)
		if found, err = s.lookFor(ctx, l, sc, q.Limit, limits); err != nil {
			return nil, err
		}
		if len(l.later) > 0 && len(found) > 0 {
			if err := asked.graph.analyze(func(a *terms.Analyzer) (err error) {
				found, err = s.rateLater(ctx, a, l.later, found, q.Limit)
				return err
			}); err != nil {
				return nil, err
			}
		}
		if len(found) >= q.Limit {
			break
		}
	}
	out := make([]library.Scored, len(found))
	for i, c := range found {
		out[i] = c.Scored
		out[i].LibraryUID, out[i].Score = uid, min(c.Score/p.perfect, 1)
	}
	return out, nil
}

// candidate is a chunk that was found. Its score is BM25's.
type candidate struct {
	library.Scored

	id int64
}

func scanCandidate(r sqldb.Row) (c candidate, err error) {
	err = r.Scan(&c.id, &c.ItemUID, &c.Generation, &c.Ordinal, &c.Score)
	c.Score = -c.Score
	return c, err
}

// lookFor gives the best by what a look rates, best first: as many as are
// wanted, or more where words are rated later.
func (s *snapshot) lookFor(ctx context.Context, l look, sc reach, wanted int, b bounds) ([]candidate, error) {
	rating, depth, rated := byWords, wanted, b.rated
	if len(l.later) > 0 {
		depth = max(depth, b.reread)
	}
	if l.unrated {
		depth *= 2 // they come as they stand
		rating, rated = unrated, depth
	}
	if !sc.narrow {
		return sqldb.All(ctx, s, scanCandidate, fmt.Sprintf(bestWords, fmt.Sprintf(rateWords, rating)), l.match, depth, rated)
	}
	if sc.many {
		rated := max(rated, b.rated/8) // of which the filter takes a part
		found, err := sqldb.All(ctx, s, scanCandidate, fmt.Sprintf(bestOfMany, fmt.Sprintf(rateWordsFrom, rating)),
			l.match, depth, rated, sc.from, sc.items, sc.collections)
		if err != nil || len(found) >= wanted || l.held <= int64(rated) {
			return found, err
		}
		sc.to = math.MaxInt64 // not all was rated, and too little of it is in the filter's reach
	}
	return sqldb.All(ctx, s, scanCandidate, fmt.Sprintf(bestWords, fmt.Sprintf(rateWordsWithin, rating, sc.within())),
		l.match, depth, rated, sc.from, sc.to, sc.items, sc.collections)
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
