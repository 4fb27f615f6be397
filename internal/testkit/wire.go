package testkit

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
)

// Wire is a way to a server that can be cut: open connections break off then,
// and new ones are refused until it is mended.
type Wire struct {
	// At is where the wire begins, host:port.
	At string

	to     string
	mu     sync.Mutex
	listen net.Listener
	open   []net.Conn
}

// NewWire lays a wire to host:port, which goes with the test.
func NewWire(t testing.TB, to string) *Wire {
	t.Helper()
	w := &Wire{to: to, At: "127.0.0.1:0"}
	w.Mend(t)
	t.Cleanup(w.Cut)
	return w
}

// Mend lets connections through, where they were let through before.
func (w *Wire) Mend(t testing.TB) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", w.At)
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listen, w.At = l, l.Addr().String()
	go w.carry(l)
}

func (w *Wire) carry(l net.Listener) {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		out, err := new(net.Dialer).DialContext(context.Background(), "tcp", w.to)
		if err != nil {
			_ = in.Close()
			continue
		}
		w.mu.Lock()
		w.open = append(w.open, in, out)
		w.mu.Unlock()
		go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
	}
}

// Cut breaks off what is open.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.listen.Close()
	for _, c := range w.open {
		_ = c.Close()
	}
	w.open = nil
}
