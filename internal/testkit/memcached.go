package testkit

import (
	"context"
	"net"
	"os/exec"
	"os/user"
	"testing"
	"time"
)

const memcachedVariable = "MNEMOSYNE_TEST_MEMCACHED"

// Memcached is the address of a memcached that tests share.
func Memcached(t testing.TB) string {
	t.Helper()
	return Need(t, memcachedVariable, "memcached")
}

// MemcachedProcess is a memcached of a test's own, to be killed.
type MemcachedProcess struct {
	Address string // host:port
	cmd     *exec.Cmd
}

// StartMemcached starts one and waits until it answers; an empty address takes
// a free one. It is killed when the test ends.
func StartMemcached(t testing.TB, address string) *MemcachedProcess {
	t.Helper()
	program, err := exec.LookPath("memcached")
	if err != nil {
		Memcached(t) // says so where nothing may be left out
		t.Skip("left out: there is no memcached on this machine to start and kill")
	}
	if address == "" {
		address = FreeAddress(t)
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-l", "127.0.0.1", "-p", port, "-U", "0", "-m", "8"}
	if me, err := user.Current(); err == nil && me.Uid == "0" {
		args = append(args, "-u", "nobody") // it refuses to run as root
	}
	p := &MemcachedProcess{Address: address, cmd: exec.CommandContext(context.WithoutCancel(t.Context()), program, args...)}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Kill(t) })
	p.await(t)
	return p
}

// FreeAddress is one of this machine's that nobody listens at.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// await waits until it takes a command, which is after it takes connections.
func (p *MemcachedProcess) await(t testing.TB) {
	t.Helper()
	const patience, pause = 10 * time.Second, 5 * time.Millisecond
	for deadline := time.Now().Add(patience); ; <-time.After(pause) {
		err := p.answers(t.Context())
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func (p *MemcachedProcess) answers(ctx context.Context) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", p.Address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte("version\r\n")); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}

// Kill ends it at once. A second time does nothing.
func (p *MemcachedProcess) Kill(t testing.TB) {
	t.Helper()
	if p.cmd.ProcessState != nil {
		return
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = p.cmd.Wait() // it was killed
}
