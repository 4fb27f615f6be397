// Package stack runs the compiled program as it runs in production: serve, mcp
// and several workers, each a process, on PostgreSQL and RabbitMQ. It owns the
// processes and what they share; the services are those of scripts/services.
package stack

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// Stack is one installation.
type Stack struct {
	REST  string // as http://127.0.0.1:port
	MCP   string
	Token string // of the superuser ann
	// Library is the uid of a library of hers.
	Library string

	Serve   *Process
	Tools   *Process // mcp
	Workers []*Process

	// DSN is the database's, as sqldb takes it.
	DSN string

	t      testing.TB
	binary string
	env    []string
	dir    string
	made   int
}

// Options change what is started. Settings, as NAME=VALUE, come last.
type Options struct {
	Workers  int // 1 when 0, none when negative
	Settings []string
	// Bare leaves the database empty and starts nothing.
	Bare bool
}

// Start makes an installation on stores of its own, all of which go when the
// test ends.
func Start(t testing.TB, opt Options) *Stack {
	t.Helper()
	s := &Stack{t: t, binary: testkit.Binary(t), dir: t.TempDir(), DSN: testkit.Postgres(t)}
	rest, mcp := freeAddress(t), freeAddress(t)
	s.REST, s.MCP = "http://"+rest, "http://"+mcp
	s.env = testkit.Environ(t, append(append(s.postgres(), broker(t)...),
		"MNEMOSYNE_HTTP_ADDR="+rest, "MNEMOSYNE_MCP_ADDR="+mcp, "SECRET_KEY="+strings.Repeat("k", 50))...)
	s.env = append(s.env, opt.Settings...)
	if opt.Bare {
		return s
	}
	s.Must("migrate")
	s.Must("setup")
	s.Must("create-user", "--username", "ann", "--superuser")
	s.Token = strings.TrimSpace(s.Must("create-user-token", "--user", "ann", "--name", "tests", "--allowed-library", "*"))
	s.Serve, s.Tools = s.Start("serve"), s.Start("mcp")
	if opt.Workers == 0 {
		opt.Workers = 1
	}
	for range opt.Workers {
		s.Workers = append(s.Workers, s.Start("worker"))
	}
	s.Healthy("serve")
	s.Healthy("mcp")
	if opt.Workers > 0 {
		s.Healthy("worker")
	}
	var library struct{ UID string }
	s.Ask("POST", s.REST+"/library/api/libraries/", map[string]string{"name": "Papers"}, &library)
	s.Library = library.UID
	return s
}

func (s *Stack) postgres() []string {
	s.t.Helper()
	cfg, err := pgxpool.ParseConfig(s.DSN)
	if err != nil {
		s.t.Fatal(err)
	}
	c := cfg.ConnConfig
	return []string{
		"DB_HOST=" + c.Host, fmt.Sprintf("DB_PORT=%d", c.Port),
		"APP_DB_NAME=" + c.Database, "APP_DB_USER=" + c.User, "APP_DB_PASSWORD=" + c.Password,
	}
}

func broker(t testing.TB) []string {
	t.Helper()
	prefix, _ := testkit.QueuePrefix(t)
	return []string{"CELERY_BROKER_URL=" + testkit.AMQP(t), "MNEMOSYNE_QUEUE_PREFIX=" + prefix}
}

// freeAddress is one that nobody listens on now.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// Command is the program with arguments, in the installation's environment.
func (s *Stack) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.binary, args...)
	cmd.Env = s.env
	return cmd
}

// Must runs a command to its end and gives what it prints.
func (s *Stack) Must(args ...string) string {
	s.t.Helper()
	cmd := s.Command(s.t.Context(), args...)
	var talk strings.Builder
	cmd.Stderr = &talk
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("mnemosyne %s: %v: %s", strings.Join(args, " "), err, talk.String())
	}
	return string(out)
}

// Healthy waits until healthcheck is content with a process.
func (s *Stack) Healthy(process string) {
	s.t.Helper()
	const patience = 60 * time.Second
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	for {
		said, err := s.Command(ctx, "healthcheck", process).CombinedOutput()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			s.t.Fatalf("%s is not well: %s", process, said)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Process is one process of the program.
type Process struct {
	Name string
	PID  int
	Log  string // the file of what it says

	cmd   *exec.Cmd
	ended chan struct{}
	err   error // once ended
}

// Start starts a process, which is killed when the test ends. Extra settings
// are NAME=VALUE.
func (s *Stack) Start(command string, settings ...string) *Process {
	s.t.Helper()
	s.made++
	p := &Process{Name: command, Log: filepath.Join(s.dir, fmt.Sprintf("%s-%d.log", command, s.made)), ended: make(chan struct{})}
	log, err := os.Create(p.Log)
	if err != nil {
		s.t.Fatal(err)
	}
	p.cmd = s.Command(context.WithoutCancel(s.t.Context()), command)
	p.cmd.Env = append(p.cmd.Env, settings...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	p.PID = p.cmd.Process.Pid
	go func() {
		p.err = p.cmd.Wait()
		_ = log.Close()
		close(p.ended)
	}()
	s.t.Cleanup(func() {
		p.Kill()
		if s.t.Failed() {
			said, _ := os.ReadFile(p.Log)
			s.t.Logf("%s (%d) said:\n%s", p.Name, p.PID, said)
		}
	})
	return p
}

// Kill ends the process as a power cut does, if it lives.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// Stop asks the process to end and waits for it.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	<-p.ended
	return p.err
}

// Signal sends the process a signal.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }
