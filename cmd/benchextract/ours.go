package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/ocr"
)

// result is what a reader made of a file, and its cost the second time: what
// is prepared once in a process is not counted.
type result struct {
	content content
	pages   int
	cpu     time.Duration
	peak    int64 // resident bytes
	failed  string
}

// reader turns files into text.
type reader interface {
	name() string
	start(ctx context.Context) error
	read(ctx context.Context, c testCase) (result, error)
	stop()
}

// ours reads files as the program does, in a child process under its limits.
type ours struct {
	pool *extract.Pool
	temp string
}

func (o *ours) name() string { return "mnemosyne" }

func (o *ours) start(ctx context.Context) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	if o.temp, err = os.MkdirTemp("", "benchextract-"); err != nil {
		return err
	}
	engine, err := ocr.Find(ctx, nil)
	if err != nil {
		return err
	}
	o.pool = extract.NewPool(extract.Options{
		Executable: exe, Args: []string{extractCommand}, Workers: 1, TempDir: o.temp, OCR: engine,
		CacheDir: filepath.Join(o.temp, "compiled"),
	})
	return o.pool.Start(ctx)
}

func (o *ours) stop() {
	_ = o.pool.Stop(context.Background())
	_ = os.RemoveAll(o.temp)
}

func (o *ours) read(ctx context.Context, c testCase) (result, error) {
	var r result
	for range 2 {
		dir, err := os.MkdirTemp(o.temp, "text-")
		if err != nil {
			return r, err
		}
		resetPeaks()
		before := childrenCPU()
		res, err := o.pool.Extract(ctx, document.Input{Path: c.path, Filename: filepath.Base(c.path)}, dir, nil)
		r.cpu, r.peak = childrenCPU()-before, childrenPeak()
		if fault := document.AsError(err); fault != nil {
			r.failed = fault.Code
			return r, nil //nolint:nilerr // what a file fails with is a result
		}
		if err != nil {
			return r, err
		}
		doc, err := res.Document()
		if err != nil {
			return r, err
		}
		r.content, r.pages = contentOf(doc), res.Pages
		if err := os.RemoveAll(dir); err != nil {
			return r, err
		}
	}
	return r, nil
}

// contentOf takes the structure from where the document keeps it.
func contentOf(doc *document.Document) content {
	c := content{words: words(doc.Text)}
	for _, b := range doc.Blocks {
		switch text := doc.Text[b.Start:b.End]; b.Kind {
		case document.Heading:
			c.headings = appendFilled(c.headings, normal(b.Title))
		case document.Table:
			c.cells = append(c.cells, cellsOf(text)...)
		default:
		}
	}
	return c
}

// cellsOf reads a table that is Markdown or HTML, or else lines of delimited text.
func cellsOf(table string) []string {
	if table = strings.TrimSpace(table); strings.HasPrefix(table, "|") || strings.HasPrefix(table, "<table") {
		return readMarkdown(table).cells
	}
	var out []string
	for line := range strings.Lines(table) {
		for _, cell := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(",;\t|", r) }) {
			out = appendFilled(out, normal(cell))
		}
	}
	return out
}

// children lists the processes that this one started.
func children() []int {
	var all []int
	paths, _ := filepath.Glob("/proc/self/task/*/children") // the pattern is right
	for _, path := range paths {
		data, err := os.ReadFile(path) //nolint:gosec // of the kernel
		if err != nil {
			continue
		}
		for f := range strings.FieldsSeq(string(data)) {
			if pid, err := strconv.Atoi(f); err == nil {
				all = append(all, pid)
			}
		}
	}
	return all
}

// childrenCPU is the processor time of the children that ran and run.
func childrenCPU() time.Duration {
	const tick = 10 * time.Millisecond // of /proc, everywhere on Linux
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &used); err != nil {
		return 0
	}
	total := time.Duration(used.Utime.Nano() + used.Stime.Nano())
	for _, pid := range children() {
		total += schedCPU(pid, tick)
	}
	return total
}

// schedCPU prefers the scheduler's nanoseconds to ticks.
func schedCPU(pid int, tick time.Duration) time.Duration {
	var total time.Duration
	paths, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid)) // the pattern is right
	for _, path := range paths {
		data, err := os.ReadFile(path) //nolint:gosec // of the kernel
		if err != nil {
			continue
		}
		ns, _, _ := strings.Cut(string(data), " ")
		if n, err := strconv.ParseInt(ns, 10, 64); err == nil {
			total += time.Duration(n)
		}
	}
	if total > 0 {
		return total
	}
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if errors.Join(err1, err2) != nil {
		return 0
	}
	return time.Duration(user+system) * tick
}

// resetPeaks has the kernel begin anew with the children's high-water marks.
func resetPeaks() {
	for _, pid := range children() {
		_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0) // else the mark is an older file's
	}
}

func childrenPeak() int64 {
	var most int64
	for _, pid := range children() {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
				most = max(most, kb<<10)
			}
		}
	}
	return most
}
