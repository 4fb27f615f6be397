package eval

import (
	"cmp"
	"math"
	"slices"
)

// Quality is how good an answer is, or the mean of many.
type Quality struct {
	NDCG10    float64 // gain of the first ten, discounted by place, of the best possible
	Recall100 float64 // share of the relevant documents among the first hundred
	MRR10     float64 // 1 over the place of the first relevant one among ten
}

// Judge measures one answer: document ids, best first.
func Judge(found []string, relevant map[string]int) Quality {
	var q Quality
	var gain float64
	hits := 0
	for place, id := range found[:min(len(found), 100)] {
		grade := relevant[id]
		if grade == 0 {
			continue
		}
		hits++
		if place < 10 {
			gain += float64(grade) / math.Log2(float64(place)+2)
			q.MRR10 = cmp.Or(q.MRR10, 1/float64(place+1))
		}
	}
	q.NDCG10 = gain / ideal(relevant)
	q.Recall100 = float64(hits) / float64(len(relevant))
	return q
}

// ideal is the discounted gain of the best possible answer.
func ideal(relevant map[string]int) float64 {
	grades := make([]int, 0, len(relevant))
	for _, g := range relevant {
		grades = append(grades, g)
	}
	slices.SortFunc(grades, func(a, b int) int { return cmp.Compare(b, a) })
	var gain float64
	for place, g := range grades[:min(len(grades), 10)] {
		gain += float64(g) / math.Log2(float64(place)+2)
	}
	return gain
}

// Mean is the mean of each measure.
func Mean(all []Quality) Quality {
	var m Quality
	for _, q := range all {
		m.NDCG10 += q.NDCG10
		m.Recall100 += q.Recall100
		m.MRR10 += q.MRR10
	}
	n := float64(max(len(all), 1))
	return Quality{NDCG10: m.NDCG10 / n, Recall100: m.Recall100 / n, MRR10: m.MRR10 / n}
}
