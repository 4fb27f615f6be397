package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// installation is the program on the run's engines.
type installation struct {
	binary string
	env    []string
	dir    string
	rest   string // as http://127.0.0.1:port
	mcp    string
	token  string
	slots  []*slot
}

const username = "ann"

// install prepares the stores and makes a user with a token.
func install(ctx context.Context, o options, lines []string, embedder string) (*installation, error) {
	binary, err := filepath.Abs(o.Binary)
	if err != nil {
		return nil, err
	}
	rest, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	mcp, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	env, err := environment()
	if err != nil {
		return nil, err
	}
	in := &installation{binary: binary, dir: o.Dir, rest: "http://" + rest, mcp: "http://" + mcp}
	in.env = append(append(env, lines...),
		"MNEMOSYNE_DATA_DIR="+filepath.Join(o.Dir, "data"), "SECRET_KEY="+strings.Repeat("k", 50),
		"MNEMOSYNE_HTTP_ADDR="+rest, "MNEMOSYNE_MCP_ADDR="+mcp, "CELERY_CONCURRENCY=2",
		"EMBEDDING_BASE_URL="+embedder, "EMBEDDING_API=openai", "EMBEDDING_MODEL=hash", "EMBEDDING_MAX_TOKENS=64", "EMBEDDING_BATCH_SIZE=32")
	for _, args := range [][]string{{"migrate"}, {"setup"}, {"create-user", "--username", username, "--superuser"}} {
		if _, err := in.command(ctx, args...); err != nil {
			return nil, err
		}
	}
	token, err := in.command(ctx, "create-user-token", "--user", username, "--name", "chaos", "--allowed-library", "*")
	in.token = strings.TrimSpace(token)
	return in, err
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// command runs the program to its end and gives what it prints.
func (in *installation) command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, in.binary, args...) //nolint:gosec // the program under test
	cmd.Env = in.env
	var talk strings.Builder
	cmd.Stderr = &talk
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("mnemosyne %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(talk.String()))
	}
	return string(out), nil
}

// start starts the processes, each of which is started again whenever it ends.
func (in *installation) start(ctx context.Context, workers int) {
	names := []string{"serve", "mcp"}
	for range workers {
		names = append(names, "worker")
	}
	for i, name := range names {
		s := &slot{name: name, in: in, log: filepath.Join(in.dir, fmt.Sprintf("%s-%d.log", name, i)), done: make(chan struct{})}
		in.slots = append(in.slots, s)
		go s.run(ctx)
	}
}

// stop asks the processes to end, and waits for them.
func (in *installation) stop() {
	for _, s := range in.slots {
		s.leave()
	}
	for _, s := range in.slots {
		<-s.done
	}
}

// slot is where a process runs, and the next one when it has ended.
type slot struct {
	name, log string
	in        *installation
	done      chan struct{}

	mu      sync.Mutex
	process *os.Process // nil between two
	leaving bool
	killed  bool
	exits   int // untold
}

// A process that ends by itself, as one does that finds no database when it
// starts, is started again later each time.
const startAgain, startAgainAtMost = 500 * time.Millisecond, 4 * time.Second

func (s *slot) run(ctx context.Context) {
	defer close(s.done)
	pause := startAgain
	for ctx.Err() == nil {
		if err := s.once(); err != nil {
			return
		}
		s.mu.Lock()
		leaving, killed := s.leaving, s.killed
		s.mu.Unlock()
		if leaving {
			return
		}
		if pause = min(2*pause, startAgainAtMost); killed {
			pause = startAgain
		}
		wait(ctx, pause)
	}
}

// once runs a process to its end. An error is that there is no more to start.
func (s *slot) once() error {
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(s.in.binary, s.name) //nolint:noctx,gosec // the program under test, which is ended by signals
	cmd.Env, cmd.Stdout, cmd.Stderr = s.in.env, log, log
	s.mu.Lock()
	if s.leaving {
		s.mu.Unlock()
		return nil
	}
	if err := cmd.Start(); err != nil {
		s.mu.Unlock()
		return err
	}
	s.process, s.killed = cmd.Process, false
	s.mu.Unlock()
	_ = cmd.Wait() // however it ended
	s.mu.Lock()
	defer s.mu.Unlock()
	s.process = nil
	if !s.killed && !s.leaving {
		s.exits++
	}
	return nil
}

// signal reaches the process that runs now. It tells whether there was one.
func (s *slot) signal(sig syscall.Signal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return false
	}
	s.killed = s.killed || sig == syscall.SIGKILL
	return s.process.Signal(sig) == nil
}

func (s *slot) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaving = true
	if s.process != nil {
		_ = s.process.Signal(syscall.SIGCONT)
		_ = s.process.Signal(syscall.SIGTERM)
	}
}

func (in *installation) workers() []*slot {
	var workers []*slot
	for _, s := range in.slots {
		if s.name == "worker" {
			workers = append(workers, s)
		}
	}
	return workers
}
