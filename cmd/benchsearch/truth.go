package main

import (
	"errors"

	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph/dense"
)

// truth is what comparing every vector finds.
type truth struct {
	layout

	k         int
	vectors   func(int) []float32
	questions func(int) []float32
	asked     int
	// least is the score of the k-th hit, of each scope's questions.
	least map[string][]float32
	// there is how many hits there are, at most k.
	there map[string]int
	close func() error
}

func (b *bench) truth(j job) (*truth, error) {
	vectors, rows, unmap, err := mapVectors(j.Vectors)
	if err != nil {
		return nil, err
	}
	questions, asked, unmapQuestions, err := mapVectors(j.Questions)
	if err != nil {
		return nil, errors.Join(err, unmap())
	}
	t := &truth{
		layout: layout{rows, j.PerItem}, k: j.K, vectors: vectors, questions: questions, asked: asked,
		least: map[string][]float32{}, there: map[string]int{},
		close: func() error { return errors.Join(unmap(), unmapQuestions()) },
	}
	tops := make([][]*dense.Top, len(j.Scopes))
	for s := range tops {
		for range asked {
			tops[s] = append(tops[s], dense.NewTop(j.K))
		}
	}
	for chunk := range rows {
		var holding [][]*dense.Top
		for s, scope := range j.Scopes {
			if scope.holds(t.layout, chunk) {
				holding = append(holding, tops[s])
			}
		}
		for q := range asked {
			match := dense.Match{Key: dense.Key{Group: int64(chunk)}, Score: dense.Dot(questions(q), vectors(chunk))}
			for _, top := range holding {
				top[q].Offer(match)
			}
		}
	}
	for s, scope := range j.Scopes {
		for q := range asked {
			found := tops[s][q].Sorted()
			t.there[scope.Name] = len(found)
			t.least[scope.Name] = append(t.least[scope.Name], found[len(found)-1].Score)
		}
	}
	return t, nil
}

// recall is the share of the best that was found. A hit that scores as the
// last of the best does is one of them.
func (t *truth) recall(s scope, ids [][]int) float64 {
	const same = 1e-6
	var hits, of int
	for q, found := range ids {
		of += t.there[s.Name]
		seen := map[int]bool{}
		for _, id := range found[:min(len(found), t.k)] {
			if id < 0 || id >= t.chunks || seen[id] || !s.holds(t.layout, id) {
				continue
			}
			seen[id] = true
			if dense.Dot(t.questions(q), t.vectors(id)) >= t.least[s.Name][q]-same {
				hits++
			}
		}
	}
	return float64(hits) / float64(of)
}
