// Package figures is what the pages of usage show, of one person or of
// everybody: searches, documents taken in and calls of models over time, as
// charts that are tables, too.
//
// It owns how sums become charts. It shows nobody's words: the sums hold none.
// Who may see whose is for the pages to say.
package figures

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/searchlog"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
	"git.helu.ca/r/mnemosyne/internal/usage"
)

// Searches are the sums of searches (searchlog.Log).
type Searches interface {
	Sums(ctx context.Context, userID string, w usage.Window) ([]searchlog.Sum, error)
	SumsOfAll(ctx context.Context, w usage.Window) ([]searchlog.Sum, error)
	LibrarySums(ctx context.Context, userID string, w usage.Window) ([]searchlog.LibrarySum, error)
	LibrarySumsOfAll(ctx context.Context, w usage.Window) ([]searchlog.LibrarySum, error)
	Speed(ctx context.Context, userID string, since time.Time) (searchlog.Speed, error)
	SpeedOfAll(ctx context.Context, since time.Time) (searchlog.Speed, error)
}

// Models are the sums of calls of models (llmmanager.Usage).
type Models interface {
	Sums(ctx context.Context, userID string, w usage.Window) ([]llmmanager.Sum, error)
	SumsOfAll(ctx context.Context, w usage.Window) ([]llmmanager.Sum, error)
}

// Jobs are the sums of jobs (ingest.Service).
type Jobs interface {
	Sums(ctx context.Context, userID string, w usage.Window) ([]ingest.Sum, error)
	SumsOfAll(ctx context.Context, w usage.Window) ([]ingest.Sum, error)
}

// Sources are where the figures come from.
type Sources struct {
	Searches Searches
	Models   Models
	Jobs     Jobs
	// KeptDays is how long searches and calls of models are kept; 0: for ever.
	KeptDays int
	// WordsKept tells that the words of searches are kept, too.
	WordsKept bool
	Now       func() time.Time // nil: time.Now
}

// Page is the template usage.html.
type Page struct {
	Everybody bool
	Path      string
	Ranges    []page.Choice
	Range     string // its label, as a sentence ends: "in the last 7 days"
	KeptDays  int64
	WordsKept bool
	Sections  []Section
	Alone     *page.Chart // the one that is looked at with its numbers, or nil
	Back      string      // path of all charts
}

// Section is what is told of one kind of use.
type Section struct {
	Title, Hint string
	Facts       []Fact
	Charts      []page.Chart
	Tables      []Table
}

// Fact is one number.
type Fact struct{ Label, Value, Hint string }

// Table is numbers that have no time.
type Table struct {
	Title   string
	Columns []string
	Rows    []TableRow
}

// TableRow is a row of a Table, its cells in the order of the columns behind
// the first.
type TableRow struct {
	Name  string
	Cells []TableCell
}

// TableCell is a value under a column.
type TableCell struct{ Column, Value string }

// choice is a range that can be looked at.
type choice struct {
	value, label, text string
	span               usage.Span
	points, per        int // points of the axis, and spans of each
}

func choices() []choice {
	return []choice{
		{"24h", "24 hours", "in the last 24 hours", usage.Hour, 24, 1},
		{"7d", "7 days", "in the last 7 days", usage.Day, 7, 1},
		{"30d", "30 days", "in the last 30 days", usage.Day, 30, 1},
		{"90d", "13 weeks", "in the last 13 weeks", usage.Day, 13, 7},
	}
}

const defaultChoice = 1

// frame is the axis of a page's charts.
type frame struct {
	choice

	window usage.Window
	page   *Page
}

// begin makes a page for what a request asks to look at. A range that there
// is not is the default one.
func (s Sources) begin(r *http.Request, path string, everybody bool) *frame {
	f := &frame{choice: choices()[defaultChoice], page: &Page{
		Everybody: everybody, Path: path, KeptDays: int64(s.KeptDays), WordsKept: s.WordsKept,
	}}
	asked := page.Param(r, "range")
	for _, c := range choices() {
		if c.value == asked {
			f.choice = c
		}
	}
	for _, c := range choices() {
		f.page.Ranges = append(f.page.Ranges, page.Choice{Value: c.value, Label: c.label, Chosen: c.value == f.value})
	}
	f.page.Range, f.page.Back = f.text, path+"?"+url.Values{"range": {f.value}}.Encode()
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	f.window = usage.Window{Span: f.span, Since: f.back(f.span.Start(now()), f.points*f.per-1)}
	return f
}

// back goes some spans back from the beginning of one.
func (f *frame) back(at time.Time, spans int) time.Time {
	if f.span == usage.Hour {
		return at.Add(-time.Duration(spans) * time.Hour)
	}
	return at.AddDate(0, 0, -spans)
}

// index is the point that a sum belongs to.
func (f *frame) index(at time.Time) int {
	width := time.Hour
	if f.span == usage.Day {
		width = 24 * time.Hour // days of UTC are all as long
	}
	return int(at.Sub(f.window.Since)/width) / f.per
}

func (f *frame) axis() (points []page.Point) {
	for i := range f.points {
		at := f.back(f.window.Since, -i*f.per)
		switch {
		case f.span == usage.Hour:
			points = append(points, page.Point{Short: at.Format("15:04"), Long: at.Format("2 Jan 2006, 15:04")})
		case f.per == 1:
			points = append(points, page.Point{Short: at.Format("2 Jan"), Long: at.Format("2 Jan 2006")})
		default:
			last := at.AddDate(0, 0, f.per-1)
			points = append(points, page.Point{Short: at.Format("2 Jan"), Long: at.Format("2 Jan") + " to " + last.Format("2 Jan 2006")})
		}
	}
	return points
}

// chart draws a stack of series.
func (f *frame) chart(id, title, unit string, s *stack) page.Chart {
	table := f.page.Path + "?" + url.Values{"range": {f.value}, "chart": {id}}.Encode()
	return page.NewChart(page.ChartSpec{
		ID: id, Title: title, Unit: unit, Points: f.axis(), Series: s.series(), Table: table, CSV: table + "&format=csv",
	})
}

func (f *frame) add(s Section) { f.page.Sections = append(f.page.Sections, s) }

// Choose leaves the chart that a request asks for alone, to be shown with its
// numbers, or answers with them as a file. answered tells whether it did.
func (p *Page) Choose(w http.ResponseWriter, r *http.Request) (answered bool, err error) {
	id, file := page.Param(r, "chart"), page.Param(r, "format") == "csv"
	if id == "" && !file {
		return false, nil
	}
	for _, s := range p.Sections {
		for _, c := range s.Charts {
			switch {
			case c.ID != id:
			case file:
				asFile(w, id)
				return true, c.WriteCSV(w)
			default:
				c.Table = ""
				p.Alone = &c
				return false, nil
			}
		}
	}
	return true, errs.New(errs.NotFound, "There is no such chart.")
}

func asFile(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
}

// share spells a part of a whole.
func share(part, whole int64) string {
	if whole == 0 {
		return "–"
	}
	percent := float64(part) * 100 / float64(whole)
	if percent > 0 && percent < 1 {
		return "under 1 %"
	}
	return strconv.FormatFloat(percent, 'f', 0, 64) + " %"
}

func milliseconds(d time.Duration) string {
	if d >= 10*time.Second {
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
}
