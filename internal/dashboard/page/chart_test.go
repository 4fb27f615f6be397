package page_test

import (
	"fmt"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
)

func days(n int) (points []page.Point) {
	for i := range n {
		points = append(points, page.Point{Short: fmt.Sprint(i + 1), Long: fmt.Sprintf("day %d", i+1)})
	}
	return points
}

func TestAChartsBarsStandOnEachOther(t *testing.T) {
	t.Parallel()
	c := page.NewChart(page.ChartSpec{
		ID: "c", Title: "Searches", Unit: "searches", Points: days(2),
		Series: []page.Series{{Name: "a", Values: []int64{1, 3}}, {Name: "b", Values: []int64{3, -5}}},
	})
	if c.Total != 7 || len(c.Bars) != 2 || len(c.Bars[0].Segments) != 2 || len(c.Bars[1].Segments) != 1 {
		t.Fatalf("the chart is %+v", c)
	}
	// The scale ends at 4, which is 180 pixels; the bars stand at 192.
	lower, upper := c.Bars[0].Segments[0], c.Bars[0].Segments[1]
	if lower.Y != "147.0" || lower.Height != "45.0" || upper.Y != "12.0" || upper.Height != "135.0" || upper.Series != 2 {
		t.Errorf("the first bar is %+v", c.Bars[0])
	}
	if lower.X != "7.00%" || lower.Width != "36.00%" || c.Bars[0].Tip != "day 1: 4\na: 1\nb: 3" {
		t.Errorf("the first bar is %+v", c.Bars[0])
	}
	if c.Desc != "7 searches in all, most at day 1: 4." {
		t.Errorf("it is described as %q", c.Desc)
	}
}

func TestManySeriesAreTheLargestAndTheOthers(t *testing.T) {
	t.Parallel()
	var series []page.Series
	for i := range 9 {
		series = append(series, page.Series{Name: fmt.Sprint("s", i), Values: []int64{int64(i)}})
	}
	c := page.NewChart(page.ChartSpec{Points: days(1), Series: series})
	var got []string
	for _, l := range c.Legend {
		got = append(got, fmt.Sprint(l.Series, l.Name, l.Total))
	}
	if want := "1s88 2s77 3s66 4s55 5s44 6s33 7Other3"; strings.ReplaceAll(strings.Join(got, ","), " ", "") != strings.ReplaceAll(want, " ", ",") {
		t.Errorf("the legend is %v", got)
	}
	if c.Total != 36 {
		t.Errorf("the total is %d", c.Total)
	}
}

func TestAScaleHasFewLinesAndRoundNumbers(t *testing.T) {
	t.Parallel()
	for highest, want := range map[int64]string{
		1: "0 1", 4: "0 1 2 3 4", 5: "0 2 4 6", 37: "0 10 20 30 40", 401: "0 200 400 600", 9_000_000: "0 5M 10M",
		72_000: "0 20k 40k 60k 80k", 4_000_000_000_000_000_000: "0 1E 2E 3E 4E",
	} {
		c := page.NewChart(page.ChartSpec{Points: days(1), Series: []page.Series{{Name: "a", Values: []int64{highest}}}})
		var got []string
		for _, tick := range c.Ticks {
			got = append(got, tick.Label)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("up to %d the scale is %v, want %s", highest, got, want)
		}
	}
}

func TestLabelsFitAndTheLastPointHasOne(t *testing.T) {
	t.Parallel()
	for n := range 100 {
		c := page.NewChart(page.ChartSpec{Points: days(n)})
		if n == 0 {
			continue
		}
		if len(c.Labels) > 5 || c.Labels[len(c.Labels)-1].Text != fmt.Sprint(n) {
			t.Errorf("%d points have the labels %+v", n, c.Labels)
		}
		if c.Ticks != nil || c.Bars != nil {
			t.Errorf("a chart of nothing draws %+v", c)
		}
	}
}

func TestAChartsNumbersAreAFileThatRunsNothing(t *testing.T) {
	t.Parallel()
	c := page.NewChart(page.ChartSpec{Points: days(2), Series: []page.Series{
		{Name: `=HYPERLINK("http://evil")`, Values: []int64{1, 2}}, {Name: "plain, with a comma", Values: []int64{5}},
	}})
	var b strings.Builder
	if err := c.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	want := "Time (UTC),\"'=HYPERLINK(\"\"http://evil\"\")\",\"plain, with a comma\",Total\nday 1,1,5,6\nday 2,2,0,2\n"
	if b.String() != want {
		t.Errorf("the file is %q, want %q", b.String(), want)
	}
}
