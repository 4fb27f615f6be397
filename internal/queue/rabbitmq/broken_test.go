package rabbitmq_test

import (
	"context"
	"net"
	"strconv"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/queue/queuetest"
	"git.helu.ca/r/mnemosyne/internal/testkit"
)

func TestAJobOutlivesTheConnectionAndAllIsHeardWhenItIsBack(t *testing.T) {
	t.Parallel()
	opt, _ := broker(t)
	w := testkit.NewWire(t, net.JoinHostPort(opt.Host, strconv.Itoa(opt.Port)))
	_, port, err := net.SplitHostPort(w.At)
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
	w.Cut()
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
	w.Mend(t)
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
