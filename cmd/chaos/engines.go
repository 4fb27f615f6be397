package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"git.helu.ca/r/mnemosyne/internal/settings"
)

const (
	postgres  = "postgres"
	rabbitmq  = "rabbitmq"
	neo4j     = "neo4j"
	minioName = "minio"
	memcached = "memcached"
)

func engineNames() []string { return []string{postgres, rabbitmq, neo4j, minioName, memcached} }

// engines are servers of the run's own, which it may kill: those of
// scripts/services in a folder of their own.
type engines struct {
	script string
	dir    string
	env    []string // without any address of somebody else's servers

	mu       sync.Mutex
	outages  []outage
	restarts map[string]int
	longest  map[string]time.Duration // downtimes
}

// outage is the time from the end of an engine until it answered again.
type outage struct {
	engine   string
	from, to time.Time
}

func startEngines(ctx context.Context, o options) (*engines, error) {
	script, err := filepath.Abs(filepath.Join(o.Root, "scripts", "services"))
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(filepath.Join(o.Dir, "services"))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // servers run as users of their own
		return nil, err
	}
	plain, err := environment()
	if err != nil {
		return nil, err
	}
	e := &engines{script: script, dir: dir, restarts: map[string]int{}, longest: map[string]time.Duration{}}
	e.env = append(plain, "MNEMOSYNE_SERVICES_DIR="+dir, "MNEMOSYNE_SERVICES_NEO4J_HEAP=512m",
		// The folder is this run's, and engines are restarted side by side.
		"MNEMOSYNE_SERVICES_LOCKED=1",
		// A server that lives for seconds does best with the quick compiler.
		"JAVA_TOOL_OPTIONS=-XX:TieredStopAtLevel=1")
	return e, e.start(ctx, engineNames()...)
}

// start starts engines, and tries again where a busy machine let one be late.
func (e *engines) start(ctx context.Context, names ...string) (err error) {
	const tries = 3
	for range tries {
		if err = e.do(ctx, append([]string{"start"}, names...)...); err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}

// environment is that of this process without what names other servers or is
// a setting of the program.
func environment() ([]string, error) {
	s, err := settings.Load(func(string) (string, bool) { return "", false })
	if err != nil {
		return nil, err
	}
	ours := map[string]bool{}
	for _, e := range s.Dump() {
		ours[e.Name] = true
	}
	var env []string
	for _, line := range os.Environ() {
		name, _, _ := strings.Cut(line, "=")
		if !ours[name] && !strings.HasPrefix(name, "MNEMOSYNE_TEST_") && !strings.HasPrefix(name, "MNEMOSYNE_SERVICES_") {
			env = append(env, line)
		}
	}
	return env, nil
}

func (e *engines) do(ctx context.Context, args ...string) error {
	_, err := e.ask(ctx, args...)
	return err
}

func (e *engines) ask(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, e.script, args...) //nolint:gosec // of the checkout
	cmd.Env = e.env
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	cmd.WaitDelay = time.Second // servers that it starts may hold the pipes
	if err := cmd.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return "", fmt.Errorf("scripts/services %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(talk.String()))
	}
	return out.String(), nil
}

// settings are the NAME=VALUE lines that make the program run on the engines,
// with those for tests, by name.
func (e *engines) settings(ctx context.Context) (lines []string, all map[string]string, err error) {
	out, err := e.ask(ctx, "env")
	if err != nil {
		return nil, nil, err
	}
	all = map[string]string{}
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		name, value, _ := strings.Cut(line, "=")
		all[name] = value
		if !strings.HasPrefix(name, "MNEMOSYNE_TEST_") {
			lines = append(lines, line)
		}
	}
	return lines, all, nil
}

// bounce ends an engine, as a crash does or in order, and starts it again
// after a pause.
func (e *engines) bounce(ctx context.Context, name string, crash bool, pause time.Duration) error {
	began, before := time.Now(), e.port(name)
	if crash {
		if err := e.crash(ctx, name); err != nil {
			return err
		}
	} else if err := e.do(ctx, "stop", name); err != nil {
		return err
	}
	wait(ctx, pause)
	// Also when the run is being given up: whoever waits needs the engine.
	if err := e.start(context.WithoutCancel(ctx), name); err != nil {
		return err
	}
	if now := e.port(name); now != before {
		return fmt.Errorf("%s came back on port %s, it was %s: something took its port", name, now, before)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	up := time.Now()
	e.outages = append(e.outages, outage{name, began, up})
	e.restarts[name]++
	e.longest[name] = max(e.longest[name], up.Sub(began))
	return nil
}

func (e *engines) port(name string) string {
	raw, _ := os.ReadFile(filepath.Join(e.dir, name+".port")) //nolint:gosec // a folder of our own; an empty one is seen to differ
	return strings.TrimSpace(string(raw))
}

// crash ends an engine without a chance to write anything.
func (e *engines) crash(ctx context.Context, name string) error {
	file, signal := filepath.Join(e.dir, name+".pid"), syscall.SIGKILL
	switch name {
	case postgres:
		// Its immediate shutdown: processes end where they stand, and what
		// they share in memory goes with them, which a plain kill leaves.
		file, signal = filepath.Join(e.folder(name), "data", "postmaster.pid"), syscall.SIGQUIT
	case rabbitmq:
		file = filepath.Join(e.folder(name), "pid")
	}
	raw, err := os.ReadFile(file) //nolint:gosec // a folder of our own
	if err != nil {
		return fmt.Errorf("find the process of %s: %w", name, err)
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(raw)), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		return fmt.Errorf("find the process of %s: %w", name, err)
	}
	if err := syscall.Kill(pid, signal); err != nil {
		return fmt.Errorf("kill %s: %w", name, err)
	}
	for syscall.Kill(pid, 0) == nil && ctx.Err() == nil {
		wait(ctx, 20*time.Millisecond)
	}
	if name == rabbitmq { // its port mapper outlives it, and the next one has another
		if port, err := os.ReadFile(filepath.Join(e.dir, "rabbitmq.epmd.port")); err == nil {
			_ = exec.CommandContext(ctx, "epmd", "-port", strings.TrimSpace(string(port)), "-kill").Run() //nolint:gosec // a number
		}
	}
	return nil
}

// folder is where an engine keeps its files.
func (e *engines) folder(name string) string {
	if raw, err := os.ReadFile(filepath.Join(e.dir, name+".folder")); err == nil { //nolint:gosec // a folder of our own
		return strings.TrimSpace(string(raw))
	}
	return filepath.Join(e.dir, name)
}

// end stops the engines and removes all that they stored.
func (e *engines) end(ctx context.Context) error {
	return e.do(context.WithoutCancel(ctx), append([]string{"wipe"}, engineNames()...)...)
}

// down is how much of the time between two instants some engine was down.
func (e *engines) down(from, to time.Time) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	slices.SortFunc(e.outages, func(a, b outage) int { return a.from.Compare(b.from) })
	var total time.Duration
	at := from
	for _, o := range e.outages {
		begin, end := later(o.from, at), o.to
		if end.After(to) {
			end = to
		}
		if end.After(begin) {
			total += end.Sub(begin)
			at = end
		}
	}
	return total
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// wait lets time pass.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
