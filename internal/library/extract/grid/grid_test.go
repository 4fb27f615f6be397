package grid_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/grid"
)

// written gives the text that rows, cells by comma, become.
func written(t *testing.T, rows ...string) string {
	t.Helper()
	var text, structure bytes.Buffer
	w := document.NewWriter(&text, &structure, document.Limits{}, nil)
	s := grid.NewSheet(w)
	for i, r := range rows {
		var cells []grid.Cell
		for c, v := range strings.Split(r, ",") {
			cells = append(cells, grid.Cell{Column: c, Text: v})
		}
		s.Row(i, cells)
	}
	s.Close()
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestEmptyRowsAndColumnsPartTables(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ want, rows string }{
		"rows":             {"| a | b |\n| 1 | 2 |\n\n| c | d |\n| 3 | 4 |", "a,b/1,2//c,d/3,4"},
		"side by side":     {"| a | b |\n| 1 | 2 |\n\n| c | d |\n| 3 | 4 |", "a,b,,c,d/1,2,,3,4"},
		"a spacer column":  {"| name | a | b | c |\n| x | 1 | 2 | 3 |\n| y | 4 | 5 | 6 |", "name,a,,b,c/x,1,,2,3/y,4,,5,6"},
		"label and value":  {"| Voltage | 130 |\n| Phases | 3 |", "Voltage,,130/Phases,,3"},
		"header apart":     {"| a | b |\n| 1 | 2 |\n| 3 | 4 |", "a,b//1,2/3,4"},
		"a title above":    {"Results\n\n| a | b |\n| 1 | 2 |", "Results,/a,b/1,2"},
		"one cell":         {"alone", ",alone"},
		"texts at corners": {"one\n\ntwo", "one,/,two"},
		"one column":       {"| kind |\n| x |\n| y |", "kind/x/y"},
	} {
		got := written(t, strings.Split(c.rows, "/")...)
		for n := range 5 {
			got = strings.ReplaceAll(got, "\n|"+strings.Repeat(" --- |", 5-n), "")
		}
		if got != c.want {
			t.Errorf("%s: text = %q, want %q", name, got, c.want)
		}
	}
}

func TestAVeryLongTableIsWrittenAsItComes(t *testing.T) {
	t.Parallel()
	rows := []string{"Title", "a,b,c,d"}
	for i := range 40_000 {
		rows = append(rows, fmt.Sprintf("%d,x,y,z", i))
	}
	got := written(t, append(rows, "1,2,3,4,new", "", "after")...)
	if !strings.HasPrefix(got, "Title\n\n| a | b | c | d |\n") || !strings.HasSuffix(got, "| 39999 | x | y | z |\n| 1 | 2 | 3 | 4 | new |\n\nafter") || strings.Count(got, "\n\n") != 2 {
		t.Errorf("text = %.100q … %q", got, got[len(got)-80:])
	}
}

func TestCellsFarApartDoNotMakeAnEndlessTable(t *testing.T) {
	t.Parallel()
	var text, structure bytes.Buffer
	w := document.NewWriter(&text, &structure, document.Limits{}, nil)
	s := grid.NewSheet(w)
	for i := range 16_000 {
		s.Row(i, []grid.Cell{{Column: i, Text: "a"}, {Column: i + 1, Text: "b"}})
	}
	s.Close()
	if _, err := w.Close(); err != nil || text.Len() > 1<<20 {
		t.Errorf("text of %d bytes, error %v", text.Len(), err)
	}
}
