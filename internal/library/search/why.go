package search

import "git.helu.ca/r/mnemosyne/internal/library"

// why remembers how hits came to their places, for whoever asks.
type why struct {
	fused    map[key]float64
	parts    map[key][]Part
	shares   map[key]float64
	reranked map[key]float64
}

// whyOf notes what each list gives to the fusion. lists and legs are in one
// order.
func (e *Engine) whyOf(q question, lists []List, legs ...*leg) *why {
	w := &why{shares: map[key]float64{}, reranked: map[key]float64{}}
	if !q.explain {
		return w
	}
	w.fused, w.parts = map[key]float64{}, map[key][]Part{}
	for i, l := range lists {
		for _, f := range Fuse(e.opt.Fusion, e.opt.RRFK, l) {
			k := keyOf(f)
			w.parts[k] = append(w.parts[k], Part{Leg: legs[i].name, Weight: l.Weight, Gave: f.Score})
		}
	}
	return w
}

// sum notes what the fusion made; what the parts do not make up, a further leg
// added.
func (w *why) sum(fused []library.Scored, further string) {
	if w.fused == nil {
		return
	}
	const rounding = 1e-12
	for _, f := range fused {
		k, gave := keyOf(f), f.Score
		w.fused[k] = f.Score
		for _, p := range w.parts[k] {
			gave -= p.Gave
		}
		if gave > rounding {
			w.parts[k] = append(w.parts[k], Part{Leg: further, Gave: gave})
		}
	}
}

func (w *why) explain(p *passage) *Explanation {
	k := p.best.key
	out := &Explanation{
		Fused: w.fused[k], Parts: w.parts[k], Share: 1, Merged: tracesOf(p.parts, p.best.ChunkUID), Folded: tracesOf(p.folded, ""),
	}
	if share, ok := w.shares[k]; ok {
		out.Share = share
	}
	if score, ok := w.reranked[k]; ok {
		out.Reranked = &score
	}
	return out
}
