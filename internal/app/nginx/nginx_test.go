// Package nginx_test runs the real nginx, with the configuration that is
// deployed, before the processes of the program. It owns what has to hold
// between them: who answers which path, whose headers count, what streams,
// what is logged and what goes on while processes are replaced.
package nginx_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// The names that nginx looks up, and where it listens, in the file as deployed.
const configuration = "../../../nginx/mnemosyne.conf"

// behind says what nginx stands before, in place of what the file says.
type behind struct {
	app, mcp string // host:port
	resolver string // a name server's host:port
	static   string // the folder that collectstatic wrote to; empty: an empty one
}

// server is an nginx of a test's own.
type server struct {
	addr, url string
	log       string // the file of what it says, access log and errors
}

// configured is the deployed file with other places, each of which must stand
// in it as often as is known here: a test of a file that nobody deploys would
// prove nothing.
func configured(t *testing.T, b behind, addr, dir string) string {
	t.Helper()
	raw, err := os.ReadFile(configuration)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for _, r := range []struct {
		old, now string
		times    int
	}{
		{"listen 80;", "listen " + addr + ";", 1},
		{"set $app app:8000;", "set $app " + b.app + ";", 1},
		{"set $mcp mcp:8001;", "set $mcp " + b.mcp + ";", 1},
		{"resolver 127.0.0.11 ", "resolver " + b.resolver + " ", 1},
		{" /tmp/", " " + dir + "/", 6},
		{"root /srv;", "root " + dir + ";", 1},
		// On this machine 127.0.0.1 plays the private networks, and its other
		// addresses play the rest of the world.
		{"127.0.0.0/8", "127.0.0.1/32", 3},
		{"worker_processes auto;", "worker_processes 2;", 1},
	} {
		if n := strings.Count(text, r.old); n != r.times {
			t.Fatalf("%s stands %d times in %s, not %d: this test and the file no longer fit", r.old, n, configuration, r.times)
		}
		text = strings.ReplaceAll(text, r.old, r.now)
	}
	return text
}

// start runs nginx as a user without rights.
func start(t *testing.T, b behind) *server {
	t.Helper()
	program := testkit.Need(t, "MNEMOSYNE_TEST_NGINX", "nginx")
	if b.resolver == "" {
		b.resolver = "127.0.0.1:1"
	}
	if b.mcp == "" {
		b.mcp = "127.0.0.1:1"
	}
	dir, err := os.MkdirTemp("", "mnemosyne-nginx-") //nolint:usetesting // another user has to reach it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if b.static != "" {
		err = os.CopyFS(filepath.Join(dir, "static"), os.DirFS(b.static))
	}
	s := &server{addr: freeAddress(t, "127.0.0.1"), log: filepath.Join(dir, "log")}
	s.url = "http://" + s.addr
	conf := filepath.Join(dir, "mnemosyne.conf")
	if err == nil {
		err = os.WriteFile(conf, []byte(configured(t, b, s.addr, dir)), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-e", "stderr", "-p", dir, "-c", conf, "-g", "daemon off;")
	give(t, cmd, dir)
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err == nil {
		err = log.Chmod(0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		_ = log.Close()
		if t.Failed() {
			t.Logf("nginx said:\n%s", s.said(t))
		}
	})
	eventually(t, "nginx listens", func() bool {
		c, err := net.Dial("tcp", s.addr)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return s
}

// give lends nginx another user where the tests run as root.
func give(t *testing.T, cmd *exec.Cmd, dir string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	const nobody = 65534
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	err := os.Chmod(dir, 0o755)
	if err == nil {
		err = os.Chown(dir, nobody, nobody)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// said is all that nginx has logged.
func (s *server) said(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// freeAddress is one of a host's that nobody listens on now.
func freeAddress(t *testing.T, host string) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// eventually waits for what other processes do.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	const patience = time.Minute
	deadline := time.After(patience)
	for !so() {
		select {
		case <-deadline:
			t.Fatalf("it did not come to pass: %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
