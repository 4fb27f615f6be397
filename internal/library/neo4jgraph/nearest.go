package neo4jgraph

import (
	"context"
	"fmt"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
)

const (
	searchIndex = "CYPHER 25 replan=skip " + readClock + `MATCH (c:Published)
SEARCH c IN (VECTOR INDEX %s FOR $vector WHERE %s LIMIT $n) SCORE AS score` + readPointers
	// Every chunk that may be found is compared.
	searchExactly = keepPlan + readClock + `MATCH %s WHERE %s AND c.%[3]s IS NOT NULL
WITH clock, c, vector.similarity.cosine(c.%[3]s, $vector) AS score
ORDER BY score DESC LIMIT $n` + readPointers
)

// Nearest finds the chunks nearest to a vector: by the index, within the scope,
// or exactly where the server's index knows no scope, or gave fewer than were
// asked for. Cosines mean the same in every library.
func (g *Graph) Nearest(ctx context.Context, q library.VectorQuery) ([]library.Scored, error) {
	if q.Limit <= 0 {
		return nil, nil
	}
	if !finite(q.Vector) {
		return nil, errs.New(errs.Internal, "the query's vector is not finite")
	}
	s, some, err := scopeOf(q.Libraries, q.Filter)
	if err != nil || !some {
		return nil, err
	}
	info, err := g.space(ctx, q.Space)
	if err != nil || info.dimensions == 0 {
		return nil, err
	}
	if info.dimensions != len(q.Vector) {
		return nil, errs.Newf(errs.Internal, "the query's vector has %d dimensions, the index of space %s has %d", len(q.Vector), q.Space, info.dimensions)
	}
	args := s.args()
	args["vector"] = wide(q.Vector)
	run := func(query string) (answer, error) {
		return search(q.Limit, func(n int) (answer, error) {
			args["n"] = n
			a, err := g.ask(ctx, query, args)
			if err == nil {
				a.hits, err = g.having(ctx, s.says, a.hits)
			}
			return a, err
		})
	}
	var a answer
	few, err := g.fewSay(ctx, &s, q.Filter, args)
	switch {
	case err != nil:
	case few:
		a, err = run(fmt.Sprintf(searchSaying, s.where(), info.property))
	default:
		a, err = g.nearestOf(s, q, info, run)
	}
	for i := range a.hits {
		a.hits[i].Score = 2*a.hits[i].Score - 1 // the server's scale is [0, 1]
	}
	return a.hits, err
}

func (g *Graph) nearestOf(s scope, q library.VectorQuery, info spaceInfo, run func(query string) (answer, error)) (a answer, err error) {
	if g.filterInIndex() {
		a, err = run(fmt.Sprintf(searchIndex, info.index, s.where()))
	}
	if !g.filterInIndex() || indexNotReady(err) || err == nil && len(a.hits) < q.Limit {
		a, err = run(fmt.Sprintf(searchExactly, s.from(), s.where(), info.property))
	}
	return a, err
}

// indexNotReady tells of an index that is still being filled, or is not there
// yet.
func indexNotReady(err error) bool {
	return err != nil && strings.HasPrefix(codeOf(err), "Neo.ClientError.") && strings.Contains(strings.ToLower(err.Error()), "index")
}
