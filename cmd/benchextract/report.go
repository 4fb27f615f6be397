package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// scores are one reader's of one file, or the means of several.
type scores struct {
	words, headings, cells, order mean
	pages                         float64
	cpu                           time.Duration
	peak                          int64
	failed                        []string
}

// mean is of what has a value.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(v float64, ok bool) {
	if ok {
		m.sum, m.n = m.sum+v, m.n+1
	}
}

func (m *mean) String() string {
	if m.n == 0 {
		return "–"
	}
	return fmt.Sprintf("%.3f", m.sum/float64(m.n))
}

func (s *scores) add(o scores) {
	for _, p := range [][2]*mean{{&s.words, &o.words}, {&s.headings, &o.headings}, {&s.cells, &o.cells}, {&s.order, &o.order}} {
		p[0].sum += p[1].sum
		p[0].n += p[1].n
	}
	s.pages, s.cpu, s.peak, s.failed = s.pages+o.pages, s.cpu+o.cpu, max(s.peak, o.peak), append(s.failed, o.failed...)
}

// report gathers what each reader made of each file.
type report struct {
	cases   []testCase
	perFile bool
	readers []string
	results [][]scores // by reader and case
	pages   []float64  // of each case, as we count them
}

// pageOf is a page where a format has none, in letters of the expected text.
const pageOf = 3000

func (r *report) measure(ctx context.Context, reader reader) error {
	if err := reader.start(ctx); err != nil {
		if len(r.readers) == 0 {
			return err
		}
		fmt.Fprintln(os.Stderr, err) // a peer that cannot be had is left out
		return nil
	}
	defer reader.stop()
	all := make([]scores, len(r.cases))
	for i, c := range r.cases {
		res, err := reader.read(ctx, c)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", reader.name(), c.path, err)
		}
		if len(r.readers) == 0 {
			r.pages = append(r.pages, max(float64(res.pages), float64(len(c.truth))/pageOf))
		}
		all[i] = score(res, c)
		all[i].pages = r.pages[i]
		if res.failed != "" {
			all[i].failed = []string{filepath.Base(c.path) + ": " + res.failed}
			all[i].cpu, all[i].pages = 0, 0
		}
	}
	r.readers, r.results = append(r.readers, reader.name()), append(r.results, all)
	return nil
}

func score(res result, c testCase) scores {
	want := readMarkdown(c.truth)
	s := scores{cpu: res.cpu, peak: res.peak}
	s.words.add(f1(res.content.words, want.words))
	s.headings.add(f1(res.content.headings, want.headings))
	s.cells.add(f1(res.content.cells, want.cells))
	s.order.add(order(res.content.words, want.words))
	return s
}

// print writes a table of the kinds' means, then what failed.
func (r *report) print(w io.Writer) error {
	var out strings.Builder
	out.WriteString("| kind | files | reader | word F1 | heading F1 | table cell F1 | order | pages a core-second | peak memory | failed |\n|---|---|---|---|---|---|---|---|---|---|\n")
	for _, kind := range r.kinds() {
		r.group(&out, kind, func(c testCase) bool { return c.kind == kind })
		if r.perFile {
			for _, c := range r.cases {
				if c.kind == kind {
					r.group(&out, filepath.Base(c.path), func(o testCase) bool { return o.path == c.path })
				}
			}
		}
	}
	r.group(&out, "all", func(testCase) bool { return true })
	_, err := io.WriteString(w, out.String())
	return err
}

func (r *report) kinds() []string {
	var kinds []string
	for _, c := range r.cases {
		if !slices.Contains(kinds, c.kind) {
			kinds = append(kinds, c.kind)
		}
	}
	return kinds
}

func (r *report) group(out *strings.Builder, name string, in func(testCase) bool) {
	for i, reader := range r.readers {
		var sum scores
		files := 0
		for j, c := range r.cases {
			if in(c) {
				sum.add(r.results[i][j])
				files++
			}
		}
		if files == len(sum.failed) && i > 0 {
			continue // it does not read this kind
		}
		failed := ""
		if n := len(sum.failed); n > 0 {
			failed = fmt.Sprintf("%d: %s", n, strings.Join(sum.failed[:min(n, 3)], ", "))
		}
		fmt.Fprintf(out, "| %s | %d | %s | %s | %s | %s | %s | %s | %d MB | %s |\n", name, files, reader,
			&sum.words, &sum.headings, &sum.cells, &sum.order, rate(sum.pages, sum.cpu), sum.peak>>20, failed)
	}
}

func rate(pages float64, cpu time.Duration) string {
	if cpu <= 0 || pages == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", pages/cpu.Seconds())
}
