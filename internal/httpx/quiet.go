package httpx

import (
	"context"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

const (
	handshake = 50 * time.Millisecond // until those that have begun to connect are connected
	quietStep = 5 * time.Millisecond
	quietMost = time.Second // somebody may connect and ask for nothing
)

// quiet returns when nobody connects any more and whoever has connected is
// being answered. To close a listener breaks off those that wait to be
// accepted, and Shutdown those whose request has not been read: a proxy has
// sent theirs by then, and may not send it to another process. So the kernel
// is told to drop the packets that open connections; who sends one sends it
// again after a second, and is refused. Where that cannot be done, who is
// there is still waited for.
func (s *Server) quiet(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, quietMost)
	defer cancel()
	sc, ok := s.listener.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	s.server.SetKeepAlivesEnabled(false)
	dropOpenings(raw)
	// Between the kernel's list and ours a connection is in neither for a moment.
	const certain = 3
	for wait, calm := handshake, 0; calm < certain; wait = quietStep {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		calm++
		if unaccepted(raw) > 0 || s.fresh.any() {
			calm = 0
		}
	}
}

// freshConns are the connections of which no request has been read.
type freshConns struct {
	mu  sync.Mutex
	all map[net.Conn]struct{}
}

func (f *freshConns) note(c net.Conn, state http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if state != http.StateNew {
		delete(f.all, c)
		return
	}
	if f.all == nil {
		f.all = map[net.Conn]struct{}{}
	}
	f.all[c] = struct{}{}
}

func (f *freshConns) any() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.all) > 0
}
