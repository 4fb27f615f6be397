package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// server is the program, running on a data folder of its own.
type server struct {
	url      string
	token    string // of the first start
	password string // of the first user
	library  string // uid of the first start's library
	dir      string // the data folder
	pid      int

	cmd    *exec.Cmd
	out    io.Reader
	log    string // file of what it says
	client *http.Client
}

const startTime = 10 * time.Minute // a build may come first

// up starts the compiled program on a folder.
func (b *bench) up(ctx context.Context, dir string) (*server, error) {
	return launch(ctx, dir, exec.CommandContext(ctx, b.binary, "up"))
}

// launch starts a command that ends in the program, and waits until it has
// said how to reach it.
func launch(ctx context.Context, dir string, cmd *exec.Cmd) (*server, error) {
	s, err := begin(ctx, dir, cmd)
	if err != nil {
		return nil, err
	}
	if err := s.readBanner(); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// begin starts a command, with the settings of its Env besides, and waits for
// nothing.
func begin(ctx context.Context, dir string, cmd *exec.Cmd) (*server, error) {
	addr, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	s := &server{url: "http://" + addr, dir: dir, cmd: cmd, log: filepath.Clean(dir) + ".log", client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 64},
	}}
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	cmd.Env = append(append(environment(), cmd.Env...), "MNEMOSYNE_HTTP_ADDR="+addr, "MNEMOSYNE_DATA_DIR="+dir)
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // make and what it starts end together
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = time.Minute
	if s.out, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s.pid = cmd.Process.Pid
	return s, nil
}

// readBanner reads what the program tells a newcomer, and leaves the rest of
// its output to be thrown away.
func (s *server) readBanner() error {
	late := time.AfterFunc(startTime, func() { _ = s.cmd.Cancel() })
	defer late.Stop()
	lines := bufio.NewScanner(s.out)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		switch name, value, _ := strings.Cut(line, " "); name {
		case "Token":
			s.token = strings.TrimSpace(value)
		case "Password":
			s.password = strings.TrimSpace(value)
		case "Library":
			_, uid, _ := strings.Cut(value, "(")
			s.library = strings.TrimSuffix(uid, ")")
		case "Press":
			go func() { _, _ = io.Copy(io.Discard, s.out) }()
			return nil
		}
	}
	return fmt.Errorf("the program ended before it was ready; it said:\n%s", readText(s.log))
}

// stop ends the program and waits.
func (s *server) stop() error {
	if err := syscall.Kill(-s.pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	err := s.cmd.Wait()
	if _, ended := errors.AsType[*exec.ExitError](err); ended { // make says that it was interrupted
		return nil
	}
	return err
}

func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// environment is what builds and the runtime need, and no settings.
func environment() []string {
	var env []string
	for _, line := range os.Environ() {
		name, _, _ := strings.Cut(line, "=")
		if strings.HasPrefix(name, "GO") || name == "PATH" || name == "HOME" || name == "TMPDIR" {
			env = append(env, line)
		}
	}
	return env
}

// cpu is what the program and its children have used.
func (s *server) cpu() time.Duration { return treeCPU(s.pid) }
