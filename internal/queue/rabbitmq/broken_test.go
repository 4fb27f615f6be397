package rabbitmq_test

import (
	"context"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/queue/queuetest"
)

// wire is a way to the broker that can be cut.
type wire struct {
	to, at string
	mu     sync.Mutex
	listen net.Listener
	open   []net.Conn
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	w := &wire{to: to, at: "127.0.0.1:0"}
	w.mend(t)
	t.Cleanup(w.cut)
	return w
}

func (w *wire) mend(t *testing.T) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", w.at)
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listen, w.at = l, l.Addr().String()
	go func() {
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
	}()
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.listen.Close()
	for _, c := range w.open {
		_ = c.Close()
	}
	w.open = nil
}

func TestAJobOutlivesTheConnectionAndAllIsHeardWhenItIsBack(t *testing.T) {
	t.Parallel()
	opt, _ := broker(t)
	w := newWire(t, net.JoinHostPort(opt.Host, strconv.Itoa(opt.Port)))
	_, port, err := net.SplitHostPort(w.at)
	if err != nil {
		t.Fatal(err)
	}
	if opt.Port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	q := open(t, opt)
	began, release := make(chan string, 100), make(chan struct{})
	queuetest.Consume(t, q, queue.Names(), 2, func(_ context.Context, id string) {
		began <- id
		if id == "long" {
			<-release
		}
	})
	queuetest.Wake(t, q, queue.General, "long")
	queuetest.Next(t, began)
	w.cut()
	for q.Wake(t.Context(), queue.General, "lost") == nil { //nolint:revive // until it is noticed
	}
	start := time.Now()
	if err := q.Wake(t.Context(), queue.General, "lost"); err == nil || time.Since(start) > 5*time.Second {
		t.Errorf("with the wire cut Wake gave %v after %s", err, time.Since(start))
	}
	for q.Listening() == nil {
		if t.Context().Err() != nil {
			t.Fatal("the consumer does not notice that the wire is cut")
		}
	}
	w.mend(t)
	for q.Wake(t.Context(), queue.General, "next") != nil { //nolint:revive // until it is back
	}
	for got := queuetest.Next(t, began); got != "next"; got = queuetest.Next(t, began) {
		if got == "long" {
			t.Fatal("a job that is at work was handled beside itself")
		}
	}
	close(release) // its wake-up comes again and is handled after it
	if got := queuetest.Next(t, began); got != "long" && got != "next" {
		t.Errorf("heard %s, want what was not acknowledged", got)
	}
}
