// Package hostile_test reads files that are made to take everything: each ends
// with text or with its code, within bounds of processor time and memory.
//
// It is a package of its own, so that all the processes that its binary starts
// are those that read these files.
package hostile_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// What one file may take. Processor time is counted, so that a busy machine
// changes little.
const (
	mostCPU    = 5 * time.Second
	mostMemory = 512 << 20
	// overshoot is what a process may grow between two looks at it.
	overshoot = 128 << 20
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "extract-worker" {
		os.Exit(extract.ChildMain(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

// hostileFile is a file and what may come of it.
type hostileFile struct {
	name    string // of the case
	file    string // as it is submitted
	content func() string
	// codes it must end with one of; none: it may also be read.
	codes []string
}

// bench reads files one after the other and takes their measure.
type bench struct {
	pool *extract.Pool
	dir  string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	pool := extract.NewPool(extract.Options{
		Executable: exe, Args: []string{"extract-worker"}, Workers: 1,
		CacheDir: filepath.Join(os.TempDir(), "mnemosyne-test-pdfium"),
		Limits:   document.Limits{MemoryBytes: mostMemory},
	})
	if err := pool.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pool.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	b := &bench{pool: pool, dir: t.TempDir()}
	// What is prepared once is none of a file's cost.
	_, _ = b.read(t, "first.pdf", "%PDF-1.4\n")
	return b
}

// read gives the code that a file ended with, "" for text.
func (b *bench) read(t *testing.T, name, content string) (code string, res document.Result) {
	t.Helper()
	path := filepath.Join(b.dir, "content")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(b.dir, "out")
	if err := os.MkdirAll(out, 0o700); err != nil {
		t.Fatal(err)
	}
	res, err := b.pool.Extract(t.Context(), document.Input{Path: path, Filename: name}, out, nil)
	if fault := document.AsError(err); fault != nil {
		if fault.Code == "" || fault.Code == document.CodeInternal || fault.Detail == "" {
			t.Errorf("%s ended with the code %q: %s", name, fault.Code, fault.Detail)
		}
		return fault.Code, res
	}
	if err != nil {
		t.Errorf("%s: not the file's fault: %v", name, err)
		return "", res
	}
	if _, err := res.Document(); err != nil {
		t.Errorf("%s: its document cannot be read back: %v", name, err)
	}
	return "", res
}

// measured reads a file within what it may take.
func (b *bench) measured(t *testing.T, name, content string) string {
	t.Helper()
	resetPeaks()
	before, peak := childrenCPU(), watchPeak()
	code, _ := b.read(t, name, content)
	used, most := childrenCPU()-before, peak()
	if testing.Verbose() {
		t.Logf("%q after %.2f s of a processor and %d MB", code, used.Seconds(), most>>20)
	}
	if used > mostCPU {
		t.Errorf("it took %s of a processor", used)
	}
	if most > mostMemory+overshoot {
		t.Errorf("it took %d MB of memory", most>>20)
	}
	return code
}

// watchPeak looks at the children's memory until its answer is asked for: that
// of a child that was ended is not told later. What the kernel keeps of those
// counts what their parent held when it started them.
func watchPeak() func() int64 {
	var most int64
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				most = max(most, childrenPeak())
			}
		}
	}()
	return func() int64 {
		close(done)
		<-gone
		return max(most, childrenPeak())
	}
}

// children lists the processes that this one started.
func children() []int {
	var all []int
	paths, _ := filepath.Glob("/proc/self/task/*/children") // the pattern is right
	for _, path := range paths {
		data, err := os.ReadFile(path)
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
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &used); err != nil {
		return 0
	}
	total := time.Duration(used.Utime.Nano() + used.Stime.Nano())
	for _, pid := range children() {
		paths, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				continue
			}
			ns, _, _ := strings.Cut(string(data), " ")
			if n, err := strconv.ParseInt(ns, 10, 64); err == nil {
				total += time.Duration(n)
			}
		}
	}
	return total
}

// resetPeaks has the kernel begin anew with the children's high-water marks.
func resetPeaks() {
	for _, pid := range children() {
		_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
	}
}

// childrenPeak is the most that a living child held since resetPeaks.
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
