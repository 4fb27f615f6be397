package page

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
)

// MaxSeries is how many series a chart tells apart. What is beyond is shown
// as one, the others.
const MaxSeries = 6

const (
	plotHeight = 180 // pixels, of the bars
	plotTop    = 12  // pixels above them, for half a number of the scale
	plotBottom = 24  // pixels below them, for the labels
	maxLabels  = 4   // that fit side by side on a phone
	barShare   = 0.72
)

// Series is a row of numbers with a name, one for each point of a chart.
type Series struct {
	Name   string
	Values []int64
}

// Point is a place on a chart's time axis.
type Point struct {
	Short string // under the axis: "14:00", "2 Nov"
	Long  string // in the table: "2 Nov 2026"
}

// ChartSpec is what a chart is made of.
type ChartSpec struct {
	ID     string // of the element; each chart of a page has its own
	Title  string
	Unit   string // what is counted: "searches"
	Points []Point
	Series []Series // from the foot of each bar upwards
	Table  string   // path of the page with the numbers; may be empty
	CSV    string   // path of the numbers as a file; may be empty
}

// Chart is stacked bars over time that are a table, too: the templates "chart"
// and "numbers" show it. Lengths along the axis are percentages, so that a chart is as
// wide as its place while its text keeps its size.
type Chart struct {
	ID, Title, Unit, Table, CSV string

	Desc   string // what a reader hears in place of the bars
	Total  int64
	Height int // of the drawing, pixels
	Foot   int // where the bars stand
	Ticks  []Tick
	Labels []AxisLabel
	Bars   []Bar
	Legend []LegendEntry
	Rows   []ChartRow
}

// Tick is a line of the scale.
type Tick struct {
	Y     int
	Label string
}

// AxisLabel is the name of a point, under it.
type AxisLabel struct {
	X, Anchor, Text string
	Y               int
}

// Bar is what one point holds.
type Bar struct {
	Tip      string
	Segments []Segment
}

// Segment is what one series has in a bar.
type Segment struct {
	X, Width  string // percentages
	Y, Height string // pixels
	Series    int    // counted from 1: names its colour and its pattern
}

// LegendEntry names a series, and how it is drawn.
type LegendEntry struct {
	Series int
	Name   string
	Total  int64
}

// ChartRow is a point in the table.
type ChartRow struct {
	Name  string
	Cells []ChartCell
	Total int64
}

// ChartCell is a number of the table, under the name of its series.
type ChartCell struct {
	Series string
	Value  int64
}

// NewChart draws a chart. A series that is shorter than the axis has nothing
// at its end. Numbers below zero count as none.
func NewChart(spec ChartSpec) Chart {
	series := fold(spec.Series, len(spec.Points))
	c := Chart{
		ID: spec.ID, Title: spec.Title, Unit: spec.Unit, Table: spec.Table, CSV: spec.CSV,
		Height: plotTop + plotHeight + plotBottom, Foot: plotTop + plotHeight, Labels: axisLabels(spec.Points),
	}
	highest, at := int64(0), 0
	for i, p := range spec.Points {
		row := ChartRow{Name: p.Long}
		for _, s := range series {
			row.Cells = append(row.Cells, ChartCell{s.Name, s.Values[i]})
			row.Total += s.Values[i]
		}
		if row.Total > highest {
			highest, at = row.Total, i
		}
		c.Rows, c.Total = append(c.Rows, row), c.Total+row.Total
	}
	for i, s := range series {
		c.Legend = append(c.Legend, LegendEntry{Series: i + 1, Name: s.Name, Total: sum(s.Values)})
	}
	if c.Total == 0 {
		return c
	}
	top, step := scale(highest)
	for v := int64(0); v <= top; v += step {
		c.Ticks = append(c.Ticks, Tick{Y: c.Foot - int(float64(v)*plotHeight/float64(top)), Label: short(v)})
	}
	for i, row := range c.Rows {
		c.Bars = append(c.Bars, bar(row, i, len(c.Rows), top))
	}
	c.Desc = fmt.Sprintf("%s %s in all, most at %s: %s.", humanize.Comma(c.Total), c.Unit, spec.Points[at].Long, humanize.Comma(highest))
	return c
}

// fold keeps the order of few series. Of many it keeps the largest, largest
// first, and adds up the others.
func fold(all []Series, points int) []Series {
	out := make([]Series, 0, len(all))
	for _, s := range all {
		values := make([]int64, points)
		for i := range min(points, len(s.Values)) {
			values[i] = max(s.Values[i], 0)
		}
		out = append(out, Series{s.Name, values})
	}
	if len(out) <= MaxSeries {
		return out
	}
	slices.SortStableFunc(out, func(a, b Series) int { return cmp.Compare(sum(b.Values), sum(a.Values)) })
	other := Series{"Other", make([]int64, points)}
	for _, s := range out[MaxSeries:] {
		for i, v := range s.Values {
			other.Values[i] += v
		}
	}
	return append(out[:MaxSeries], other)
}

func sum(values []int64) (total int64) {
	for _, v := range values {
		total += v
	}
	return total
}

// scale gives the end of an axis that reaches a number, and the step of its
// lines: 1, 2 or 5 times a power of ten, at most five of them.
func scale(highest int64) (top, step int64) {
	const lines = 4
	for unit := int64(1); ; unit *= 10 {
		for _, factor := range []int64{1, 2, 5} {
			step = unit * factor
			if step >= (highest-1)/lines+1 {
				return (highest + step - 1) / step * step, step
			}
		}
	}
}

// short spells a number of the scale: 1,500 is 1.5k.
func short(v int64) string {
	if v < 10_000 {
		return humanize.Comma(v)
	}
	value, prefix := humanize.ComputeSI(float64(v))
	return strconv.FormatFloat(value, 'f', -1, 64) + prefix
}

func percent(share float64) string { return strconv.FormatFloat(share*100, 'f', 2, 64) + "%" }

func bar(row ChartRow, i, n int, top int64) Bar {
	x, width := percent((float64(i)+(1-barShare)/2)/float64(n)), percent(barShare/float64(n))
	b := Bar{Tip: row.Name + ": " + humanize.Comma(row.Total)}
	below := int64(0)
	for j, cell := range row.Cells {
		if cell.Value == 0 {
			continue
		}
		if len(row.Cells) > 1 {
			b.Tip += "\n" + cell.Series + ": " + humanize.Comma(cell.Value)
		}
		high := float64(cell.Value) * plotHeight / float64(top)
		y := plotTop + plotHeight - float64(below)*plotHeight/float64(top) - high
		below += cell.Value
		b.Segments = append(b.Segments, Segment{X: x, Width: width, Y: pixels(y), Height: pixels(high), Series: j + 1})
	}
	return b
}

func pixels(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// axisLabels names as many points as fit, the last one among them: it is now.
func axisLabels(points []Point) (out []AxisLabel) {
	n := len(points)
	every := max(1, (n+maxLabels-1)/maxLabels)
	for i := n - 1; i >= 0; i -= every {
		l := AxisLabel{X: percent((float64(i) + 0.5) / float64(n)), Anchor: "middle", Text: points[i].Short, Y: plotTop + plotHeight + plotBottom - 6}
		switch crowded := n > maxLabels; {
		case crowded && i == n-1:
			l.X, l.Anchor = "100%", "end"
		case crowded && i == 0:
			l.X, l.Anchor = "0%", "start"
		}
		out = append(out, l)
	}
	slices.Reverse(out)
	return out
}

// WriteCSV writes the table as comma-separated values. What a spreadsheet
// would take for a formula is written so that it is text.
func (c Chart) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	head := []string{"Time (UTC)"}
	for _, l := range c.Legend {
		head = append(head, Literal(l.Name))
	}
	lines := [][]string{append(head, "Total")}
	for _, row := range c.Rows {
		line := []string{row.Name}
		for _, cell := range row.Cells {
			line = append(line, strconv.FormatInt(cell.Value, 10))
		}
		lines = append(lines, append(line, strconv.FormatInt(row.Total, 10)))
	}
	if err := out.WriteAll(lines); err != nil {
		return fmt.Errorf("write a chart's numbers: %w", err)
	}
	return nil
}

// Literal keeps a spreadsheet from running a text as a formula.
func Literal(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
