package office

import (
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// Of a chart at most so many points and series are read.
const (
	maxPoints = 5000
	maxSeries = 200
)

// writeChart writes a chart's title and, as a table, the values that the
// document keeps with it.
func writeChart(w *document.Writer, root *xmlread.Node) {
	chart := root.Child("c:chart")
	if title := document.OneLine(drawnText(chart.Child("c:title"))); title != "" {
		w.Block(document.Caption, 0, title)
	}
	header, columns, categories := []string{""}, []map[int]string{}, map[int]string{}
	last := -1
	for series := range chart.Child("c:plotArea").Descendants("c:ser") {
		if len(columns) == maxSeries {
			break
		}
		name := document.OneLine(joinValues(series.Child("c:tx")))
		values := points(firstOf(series, "c:val", "c:yVal"))
		for i, v := range points(firstOf(series, "c:cat", "c:xVal")) {
			if categories[i] == "" {
				categories[i] = v
			}
			last = max(last, i)
		}
		for i := range values {
			last = max(last, i)
		}
		header, columns = append(header, name), append(columns, values)
	}
	if last < 0 {
		return
	}
	table := [][]string{header}
	for i := range last + 1 {
		row := []string{categories[i]}
		for _, c := range columns {
			row = append(row, c[i])
		}
		table = append(table, row)
	}
	w.Table(table)
}

func firstOf(n *xmlread.Node, names ...string) *xmlread.Node {
	for _, name := range names {
		if c := n.Child(name); c != nil {
			return c
		}
	}
	return nil
}

// points gives the kept values of a reference to cells, by their index.
// Categories of several levels have the innermost one first.
func points(n *xmlread.Node) map[int]string {
	if level := n.Find("c:lvl"); level != nil {
		n = level
	}
	out := map[int]string{}
	for p := range n.Descendants("c:pt") {
		if i := atoi(p.Get("idx")); i < maxPoints {
			text := strings.TrimSpace(p.Child("c:v").Words())
			if v, err := strconv.ParseFloat(text, 64); err == nil && len(text) > 15 {
				text = general(v) // kept with more digits than were meant
			}
			out[i] = text
		}
	}
	return out
}

// joinValues gives the name of a series, which is a value or kept ones.
func joinValues(n *xmlread.Node) string {
	var parts []string
	for v := range n.Descendants("c:v") {
		parts = append(parts, v.Words())
	}
	return strings.Join(parts, " ")
}

// drawnText gives the text of all paragraphs of a drawing below n.
func drawnText(n *xmlread.Node) string {
	var parts []string
	for p := range n.Descendants("a:p") {
		if text := strings.TrimSpace(paragraphText(p)); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, " ")
}

// writeDiagram writes the points of a SmartArt graphic as a list, nested as
// they hang together.
func writeDiagram(w *document.Writer, root *xmlread.Node) {
	texts, children, below := map[string]string{}, map[string][]string{}, map[string]bool{}
	var order []string
	for p := range root.Child("dgm:ptLst").All("dgm:pt") {
		switch p.Get("type") {
		case "pres", "parTrans", "sibTrans":
			continue
		}
		id := p.Get("modelId")
		order = append(order, id)
		texts[id] = document.OneLine(drawnText(p))
	}
	for c := range root.Child("dgm:cxnLst").All("dgm:cxn") {
		if kind := c.Get("type"); kind == "" || kind == "parOf" {
			from, to := c.Get("srcId"), c.Get("destId")
			children[from], below[to] = append(children[from], to), true
		}
	}
	var write func(id string, depth int)
	write = func(id string, depth int) {
		text, ok := texts[id]
		if !ok || depth > 8 {
			return
		}
		delete(texts, id) // each once, whatever circle the connections make
		next := depth
		if text != "" {
			w.Item(depth+1, strings.Repeat("  ", depth)+"- "+text)
			next++
		}
		for _, c := range children[id] {
			write(c, next)
		}
	}
	for _, id := range order {
		if !below[id] {
			write(id, 0)
		}
	}
	for _, id := range order {
		write(id, 0)
	}
}
