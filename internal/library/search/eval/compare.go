package eval

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Seed is what the draws of a comparison begin with, so that it comes out the
// same each time.
const Seed = 1

// draws is how many times a comparison is drawn anew; a p-value is no finer
// than one part of them.
const draws = 10_000

// Significant is the p-value below which a difference is no chance.
const Significant = 0.05

// Comparison is how two ways of searching differ on the same questions.
type Comparison struct {
	Questions  int
	Difference float64 // mean of the second's nDCG@10 less the first's
	Low, High  float64 // of its 95 % confidence interval, by bootstrap
	P          float64 // two-sided, by paired randomisation
	Seed       uint64
}

// Worse tells that the second is worse, and not by chance.
func (c Comparison) Worse() bool { return c.Difference < 0 && c.P < Significant }

// Compare sets the answers to the same questions, in the same order, beside
// each other.
func Compare(first, second []Quality, seed uint64) Comparison {
	n := min(len(first), len(second))
	c := Comparison{Questions: n, P: 1, Seed: seed}
	if n == 0 {
		return c
	}
	diff := make([]float64, n)
	for i := range n {
		diff[i] = second[i].NDCG10 - first[i].NDCG10
	}
	c.Difference = mean(diff)
	r := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // the same draws each time
	extreme := 0
	means := make([]float64, draws)
	for k := range draws {
		var turned, drawn float64
		for _, d := range diff {
			if r.Uint64()&1 == 0 {
				turned += d
			} else {
				turned -= d
			}
			drawn += diff[r.IntN(n)]
		}
		// The sums of equal parts in another order may differ in the last digits.
		if math.Abs(turned/float64(n)) >= math.Abs(c.Difference)-1e-12 {
			extreme++
		}
		means[k] = drawn / float64(n)
	}
	slices.Sort(means)
	c.P = float64(extreme+1) / float64(draws+1)
	c.Low, c.High = means[draws*25/1000], means[draws*975/1000]
	return c
}

func mean(all []float64) float64 {
	var sum float64
	for _, v := range all {
		sum += v
	}
	return sum / float64(len(all))
}
