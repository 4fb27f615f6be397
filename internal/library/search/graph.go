package search

import (
	"context"
	"errors"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/library"
)

const (
	// graphTopK is how many chunks concepts lead to.
	graphTopK = 100
	// besideBest is the place, from 0, of the hit beside which the best one is
	// to stand out. The one right behind it may be its copy or its neighbour.
	besideBest = 2
)

// graphLeg asks for chunks that share concepts with the best hit of the other
// legs: the second step of a question whose first the hit is. More to start
// from leads astray more often than on. It is skipped where there is nothing to
// start from.
func (e *Engine) graphLeg(ctx context.Context, q question, fused []library.Scored) *leg {
	l := &leg{name: "graph", timeout: e.opt.GraphTimeout, status: Skipped, find: func(ctx context.Context) ([]library.Scored, error) {
		seeds, limit := fused[:1], graphTopK
		if q.filter.Says() { // which some of them do not
			limit *= 4
		}
		related, err := e.opt.Graph.Related(ctx, library.RelatedQuery{
			Libraries: q.uids, Seeds: seeds, Depth: e.opt.GraphDepth, Filter: q.filter, Limit: limit,
		})
		related, unread := e.opt.Graph.Having(ctx, related, q.filter)
		return related[:min(len(related), graphTopK)], errors.Join(err, unread)
	}}
	if e.opt.GraphDepth > 0 && len(fused) > 0 {
		l.run(ctx)
	}
	return l
}

// associate lets what concepts lead to join what was found: it adds to the
// score of a hit that is there, and otherwise takes the place that it earns,
// never before the hit that it came from.
//
// Concepts lead on from any passage, also from a wrong one. So what they lead
// to counts as far as the best hit stands out: a question that names one
// passage has found where to start, one that many passages answer alike needs
// no second step. And it counts by how strong the way is, not by how it compares
// with others of the same answer: the best of what is hardly related is little.
func associate(fused []library.Scored, l *leg) []library.Scored {
	if len(l.hits) == 0 || len(fused) == 0 {
		return fused
	}
	out := slices.Clone(fused)
	at := make(map[key]int, len(out))
	for i, hit := range out {
		at[keyOf(hit)] = i
	}
	best := fused[0].Score
	share := best
	if len(fused) > besideBest {
		share -= fused[besideBest].Score
	}
	for rank, hit := range l.hits {
		// A walk's score is s/(1+s); s tells strong ways apart.
		hit.Score *= share / max(1-hit.Score, 1e-9)
		// Below the best hit, and in the order of the leg.
		most := best * (1 - 1e-6*float64(rank+1))
		if i, there := at[keyOf(hit)]; !there {
			hit.Score = min(hit.Score, most)
			out = append(out, hit)
		} else if out[i].Score < most {
			out[i].Score = min(out[i].Score+hit.Score, most)
		}
	}
	slices.SortFunc(out, inOrder)
	return out
}
