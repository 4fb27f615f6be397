package dashboard

import (
	"fmt"
	"strconv"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/gold"
)

// The drawing, in pixels downwards. Across it is percentages, so that it is as
// wide as its place while its text keeps its size.
const (
	qualityTop    = 12
	qualityPlot   = 160
	qualityBottom = 26
)

// qualityChart is figures over time, as lines between 0 and 1.
type qualityChart struct {
	Height int
	Desc   string
	Ticks  []qualityTick
	Series []qualitySeries
	Labels []qualityLabel
}

type qualityTick struct {
	Y     int
	Label string
}

type qualitySeries struct {
	Number int
	Name   string
	Dots   []qualityDot
	Lines  []qualityLine
}

type qualityDot struct{ X, Y, Tip string }

type qualityLine struct{ X1, Y1, X2, Y2 string }

type qualityLabel struct {
	X, Anchor, Text string
	Y               int
}

// drawQuality draws runs, which come newest first; none gives no chart.
func drawQuality(runs []gold.Run) qualityChart {
	c := qualityChart{Height: qualityTop + qualityPlot + qualityBottom}
	if len(runs) == 0 {
		return c
	}
	for _, v := range []float64{0, .25, .5, .75, 1} {
		c.Ticks = append(c.Ticks, qualityTick{int(qualityY(v)), strconv.FormatFloat(v, 'f', 2, 64)})
	}
	oldest, newest := runs[len(runs)-1], runs[0]
	for n, of := range []struct {
		name  string
		value func(gold.Run) float64
	}{
		{"nDCG@10", func(r gold.Run) float64 { return r.NDCG }},
		{"recall@100", func(r gold.Run) float64 { return r.Recall }},
		{"MRR@10", func(r gold.Run) float64 { return r.MRR }},
	} {
		s := qualitySeries{Number: n + 1, Name: of.name}
		for i := range runs {
			r := runs[len(runs)-1-i]
			dot := qualityDot{
				X: qualityX(i, len(runs)), Y: strconv.FormatFloat(qualityY(of.value(r)), 'f', 1, 64),
				Tip: fmt.Sprintf("%s %.3f, %s", of.name, of.value(r), r.At.UTC().Format("2 Jan 2006 15:04 UTC")),
			}
			if i > 0 {
				last := s.Dots[i-1]
				s.Lines = append(s.Lines, qualityLine{last.X, last.Y, dot.X, dot.Y})
			}
			s.Dots = append(s.Dots, dot)
		}
		c.Series = append(c.Series, s)
	}
	c.Labels = append(c.Labels, qualityLabel{qualityX(0, len(runs)), "start", dayOf(oldest.At), c.Height - 6})
	if len(runs) > 1 {
		c.Labels = append(c.Labels, qualityLabel{qualityX(len(runs)-1, len(runs)), "end", dayOf(newest.At), c.Height - 6})
	} else {
		c.Labels[0].Anchor = "middle"
	}
	c.Desc = fmt.Sprintf("nDCG@10 was %.3f on %s and is %.3f on %s.", oldest.NDCG, dayOf(oldest.At), newest.NDCG, dayOf(newest.At))
	return c
}

func dayOf(t time.Time) string { return t.UTC().Format("2 Jan 2006") }

func qualityX(i, of int) string {
	const from, to = 2.0, 98.0
	if of == 1 {
		return "50%"
	}
	return strconv.FormatFloat(from+(to-from)*float64(i)/float64(of-1), 'f', 2, 64) + "%"
}

func qualityY(v float64) float64 { return qualityTop + qualityPlot*(1-min(max(v, 0), 1)) }
