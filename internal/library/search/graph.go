package search

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/terms"
)

const (
	// graphTopK is how many chunks concepts lead to, and graphSeeds from how
	// many of the other legs' best hits.
	graphTopK  = 100
	graphSeeds = 1
	// graphShare is the most that the leg adds, of the score of the other legs'
	// best hit.
	graphShare = 0.6
	// keptPlaces is how many of the other legs' best hits stay before what the
	// leg brings.
	keptPlaces = 2
)

// graphLeg asks for chunks that share concepts with the best hit of the other
// legs, and rates them by what they say of the query that the hit does not: the
// second step of a question whose first the hit is. It is skipped where there
// is nothing to start from.
func (e *Engine) graphLeg(ctx context.Context, q question, fused []library.Scored) *leg {
	l := &leg{name: "graph", timeout: e.opt.GraphTimeout, status: Skipped, find: func(ctx context.Context) ([]library.Scored, error) {
		seeds, limit := fused[:min(len(fused), graphSeeds)], graphTopK
		if q.filter.Says() { // which some of them do not
			limit *= 4
		}
		related, err := e.opt.Graph.Related(ctx, library.RelatedQuery{
			Libraries: q.uids, Seeds: seeds, Depth: e.opt.GraphDepth, Filter: q.filter, Limit: limit,
		})
		related, unread := e.opt.Graph.Having(ctx, related, q.filter)
		if related = related[:min(len(related), graphTopK)]; len(related) == 0 {
			return nil, errors.Join(err, unread)
		}
		completing, unheld := e.completing(ctx, q, seeds, related)
		return completing, errors.Join(err, unread, unheld)
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
	last := fused[min(len(fused), keptPlaces)-1].Score
	for rank, hit := range l.hits {
		hit.Score *= graphShare * fused[0].Score
		// Below those that keep their places, and in the order of the leg.
		most := last * (1 - 1e-6*float64(rank+1))
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

// completing rates hits by how much of the query's words they hold that the
// seeds lack, the rarer among the hits the more. Those that hold none are left
// out.
func (e *Engine) completing(ctx context.Context, q question, seeds, hits []library.Scored) ([]library.Scored, error) {
	chunks, err := e.opt.Graph.Hydrate(ctx, slices.Concat(seeds, hits))
	var analyzer terms.Analyzer
	words := func(text string) map[string]bool {
		set := map[string]bool{}
		for _, w := range analyzer.Document(stemmedAs, text) {
			set[w] = true
		}
		return set
	}
	open := words(q.text)
	holds := map[key]map[string]bool{}
	for _, c := range chunks {
		set := words(strings.Join(append(slices.Clone(c.HeadingPath), c.Text), "\n"))
		k := key{c.LibraryUID, c.ItemUID, c.Generation, c.Ordinal}
		if slices.ContainsFunc(seeds, func(s library.Scored) bool { return keyOf(s) == k }) {
			maps.DeleteFunc(open, func(w string, _ bool) bool { return set[w] })
			continue
		}
		holds[k] = set
	}
	weights, all := map[string]float64{}, 0.0
	for _, w := range slices.Sorted(maps.Keys(open)) {
		n := 0
		for _, set := range holds {
			if set[w] {
				n++
			}
		}
		if n > 0 {
			weights[w] = math.Log1p(float64(len(holds)) / float64(n))
			all += weights[w]
		}
	}
	var out []library.Scored
	for _, hit := range hits {
		sum := 0.0
		for _, w := range slices.Sorted(maps.Keys(weights)) {
			if holds[keyOf(hit)][w] {
				sum += weights[w]
			}
		}
		if sum > 0 {
			hit.Score *= sum / all
			out = append(out, hit)
		}
	}
	slices.SortFunc(out, inOrder)
	return out, err
}

// stemmedAs is the language whose endings are taken off on both sides, where
// those of hits are of any.
const stemmedAs = "en"
