package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// table prints a line for each series, as soon as it is known.
type table struct {
	truth   *truth
	chunks  int
	engine  string
	version string
}

func (t *table) begin(engine string) {
	t.engine, t.version = engine, ""
	fmt.Printf("\n| chunks | engine | what | p50 ms | p95 ms | processor ms | recall@%d | resident MB |\n|---|---|---|---|---|---|---|---|\n", t.truth.k)
}

func (t *table) add(r report) {
	switch r.What {
	case "version":
		t.version = r.Text
	case "built":
		t.line("built, on disk "+strconv.FormatInt(r.Bytes>>20, 10)+" MB", r.MS, r.CPU, "", 0)
	case "opened":
		t.line("first search, opening counted", r.MS, r.CPU, "", r.Bytes)
	default:
		recall := ""
		for _, s := range scopes() {
			if r.What == "vector "+s.Name {
				recall = fmt.Sprintf("%.4f", t.truth.recall(s, r.IDs))
			}
		}
		t.line(r.What, r.MS, r.CPU/float64(max(1, len(r.MS))), recall, r.Bytes)
	}
}

func (t *table) line(what string, ms []float64, cpu float64, recall string, bytes int64) {
	memory := ""
	if bytes > 0 {
		memory = strconv.FormatInt(bytes>>20, 10)
	}
	slices.Sort(ms)
	at := func(p float64) string {
		if len(ms) == 0 {
			return ""
		}
		return fmt.Sprintf("%.2f", ms[int(math.Ceil(p*float64(len(ms))))-1])
	}
	fmt.Printf("| %d | %s | %s | %s | %s | %.2f | %s | %s |\n", t.chunks, strings.TrimSpace(t.engine+" "+t.version), what, at(.5), at(.95), cpu*1000, recall, memory)
}

// machine describes where the figures come from.
func machine() string {
	load, _, _ := strings.Cut(readText("/proc/loadavg"), " ")
	return fmt.Sprintf("%s/%s, %s, %d cores, %s of memory, load %s at the start", runtime.GOOS, runtime.GOARCH,
		valueOf("/proc/cpuinfo", "model name"), runtime.NumCPU(), valueOf("/proc/meminfo", "MemTotal"), load)
}

func readText(path string) string {
	raw, err := os.ReadFile(path) //nolint:gosec // one of the kernel's
	if err != nil {
		return ""
	}
	return string(raw)
}

// valueOf gives what follows a name and a colon in one of the kernel's files.
func valueOf(path, name string) string {
	for line := range strings.Lines(readText(path)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// resident is this process's resident memory, shared pages included.
func resident() int64 {
	n, err := strconv.ParseInt(strings.TrimSuffix(valueOf("/proc/self/status", "VmRSS"), " kB"), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // only a wrong argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
