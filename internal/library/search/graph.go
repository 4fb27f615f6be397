package search

import (
	"context"
	"errors"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/concept"
)

const (
	// graphSeeds is how many of the other legs' best hits the graph leg starts
	// from.
	graphSeeds = 4
	// graphTopK is how many chunks it finds.
	graphTopK = 30
	// graphShare is what its best hit adds, of what the other legs' best has.
	graphShare = 0.2
)

// graphLeg asks for chunks that share concepts with the best of what the other
// legs found, and with the concepts that the query names. It is skipped where
// there is nothing to start from.
func (e *Engine) graphLeg(ctx context.Context, q question, fused []library.Scored) *leg {
	l := &leg{name: "graph", timeout: e.opt.GraphTimeout, status: Skipped, find: func(ctx context.Context) ([]library.Scored, error) {
		limit := graphTopK
		if q.filter.Says() { // which some of them do not
			limit *= 4
		}
		related, err := e.opt.Graph.Related(ctx, library.RelatedQuery{
			Libraries: q.uids, Seeds: fused[:min(len(fused), graphSeeds)], Keys: concept.Keys(q.text),
			Depth: e.opt.GraphDepth, Filter: q.filter, Limit: limit,
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
// score of a hit that is there, and otherwise takes the place that it earns.
func associate(fused []library.Scored, l *leg) []library.Scored {
	if len(l.hits) == 0 || len(fused) == 0 {
		return fused
	}
	out := slices.Clone(fused)
	at := make(map[key]int, len(out))
	for i, hit := range out {
		at[keyOf(hit)] = i
	}
	unit := graphShare * fused[0].Score / l.hits[0].Score
	for _, hit := range l.hits {
		hit.Score *= unit
		if i, there := at[keyOf(hit)]; there {
			out[i].Score += hit.Score
		} else {
			out = append(out, hit)
		}
	}
	slices.SortFunc(out, inOrder)
	return out
}
