package neo4jgraph

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/terms"
)

const (
	// clauses is how many uids one query of the full-text index names, beside
	// its terms: Lucene takes 1,024.
	clauses = 900
	// fewParts is into how many queries a list of items is parted at once;
	// items of a longer one are looked for among everything in the scope first.
	fewParts = 8
	// mostSkimmed is how many hits are looked through for those of the items.
	mostSkimmed  = 1 << 13
	partsAtOnce  = 4
	skimmedFirst = 8 // hits that are looked through for one
)

// amongItems finds chunks by their words within a scope, however many items
// it names. What scopes has no part in a score, so that lists of parts of the
// items make one.
func (g *Graph) amongItems(ctx context.Context, s scope, asked []terms.Term, limit int) (answer, error) {
	room := max(clauses-len(s.libraries)-len(s.collections), clauses/4)
	if len(s.items) <= room {
		return g.byWords(ctx, s, asked, limit)
	}
	if len(s.items) > fewParts*room {
		if a, enough, err := g.skim(ctx, s, asked, limit); enough || err != nil {
			return a, err
		}
	}
	var (
		mu  sync.Mutex
		all answer
	)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(partsAtOnce)
	for part := range slices.Chunk(s.items, room) {
		group.Go(func() error {
			a, err := g.byWords(ctx, scope{libraries: s.libraries, items: part, collections: s.collections, says: s.says}, asked, limit)
			mu.Lock()
			defer mu.Unlock()
			all.hits = append(all.hits, a.hits...)
			return err
		})
	}
	err := group.Wait()
	slices.SortFunc(all.hits, bestFirst)
	all.hits = all.hits[:min(len(all.hits), limit)]
	return all, err
}

func (g *Graph) byWords(ctx context.Context, s scope, asked []terms.Term, limit int) (answer, error) {
	query := luceneQuery(s, asked)
	return search(limit, func(n int) (answer, error) {
		a, err := g.ask(ctx, searchWords, params{"libraries": s.libraries, "query": query, "n": n})
		if err == nil {
			a.hits, err = g.having(ctx, s.says, a.hits)
		}
		return a, err
	})
}

// skim looks for the hits of items among all of their libraries'. It tells
// whether it found as many as are asked for, or all that there are.
func (g *Graph) skim(ctx context.Context, s scope, asked []terms.Term, limit int) (answer, bool, error) {
	wanted := make(map[string]bool, len(s.items))
	for _, uid := range s.items {
		wanted[uid] = true
	}
	everything := scope{libraries: s.libraries, collections: s.collections, says: s.says}
	for n := skimmedFirst * limit; n <= mostSkimmed; n *= 4 {
		a, err := g.byWords(ctx, everything, asked, n)
		if err != nil {
			return answer{}, false, err
		}
		all := len(a.hits) < n
		a.hits = slices.DeleteFunc(a.hits, func(h library.Scored) bool { return !wanted[h.ItemUID] })
		if all || len(a.hits) >= limit {
			a.hits = a.hits[:min(len(a.hits), limit)]
			return a, true, nil
		}
	}
	return answer{}, false, nil
}

func bestFirst(x, y library.Scored) int {
	return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(x.LibraryUID, y.LibraryUID),
		cmp.Compare(x.ItemUID, y.ItemUID), cmp.Compare(x.Ordinal, y.Ordinal))
}
