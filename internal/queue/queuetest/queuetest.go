// Package queuetest is the suite that every queue.Queue passes.
package queuetest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/queue"
)

// patience is how long an engine may take before a test gives up.
const patience = 30 * time.Second

// Run runs the suite. open gives an empty queue.
func Run(t *testing.T, open func(t *testing.T) queue.Queue) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, q queue.Queue)
	}{
		{"what waits is handled once, the most urgent queue first", urgentFirst},
		{"a wake-up that comes later is heard", heardLater},
		{"no more are handled at once than allowed, and those finish", keepsToItsConcurrency},
		{"a job that is at work is not handled beside itself", notBesideItself},
		{"a queue that nobody listens to keeps what it holds", keepsOthers},
		{"two consumers share what comes", shared},
		{"consuming again goes on with what is left", goesOn},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}

// Wake sends wake-ups.
func Wake(t *testing.T, q queue.Queue, name string, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := q.Wake(t.Context(), name, id); err != nil {
			t.Fatalf("wake %s on %s: %v", id, name, err)
		}
	}
}

// Consume listens until stop is called, which waits for its end.
func Consume(t *testing.T, q queue.Queue, queues []string, concurrency int, handle queue.Handle) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	ended.Go(func() {
		if err := q.Consume(ctx, queues, concurrency, handle); err != nil {
			t.Errorf("Consume = %v", err)
		}
	})
	stop = func() { cancel(); ended.Wait() }
	t.Cleanup(stop)
	return stop
}

// Next waits for a value.
func Next[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case v := <-c:
		return v
	case <-late.C:
		t.Fatalf("nothing came for %s", patience)
		panic("unreachable")
	}
}

// tell is a handler that passes ids on.
func tell(c chan<- string) queue.Handle {
	return func(_ context.Context, id string) { c <- id }
}

func collect(t *testing.T, c <-chan string, n int) []string {
	t.Helper()
	got := make([]string, n)
	for i := range got {
		got[i] = Next(t, c)
	}
	return got
}

func urgentFirst(t *testing.T, q queue.Queue) {
	Wake(t, q, queue.Batch, "b1", "b2")
	Wake(t, q, queue.Embedding, "e1")
	Wake(t, q, queue.General, "g1", "g2")
	heard := make(chan string, 10)
	Consume(t, q, queue.Names(), 1, tell(heard))
	if got, want := collect(t, heard, 5), []string{"g1", "g2", "e1", "b1", "b2"}; !slices.Equal(got, want) {
		t.Errorf("handled %v, want %v", got, want)
	}
}

func heardLater(t *testing.T, q queue.Queue) {
	if q.Listening() == nil {
		t.Error("Listening is nil though nobody listens")
	}
	heard := make(chan string, 10)
	Consume(t, q, queue.Names(), 2, tell(heard))
	for _, name := range queue.Names() {
		for i := range 3 {
			id := fmt.Sprintf("%s-%d", name, i)
			Wake(t, q, name, id)
			if got := Next(t, heard); got != id {
				t.Fatalf("heard %s, want %s", got, id)
			}
		}
	}
	if err := q.Listening(); err != nil {
		t.Errorf("Listening = %v while it listens", err)
	}
}

func keepsToItsConcurrency(t *testing.T, q queue.Queue) {
	const most, all = 3, 12
	for i := range all {
		Wake(t, q, queue.Names()[i%3], strconv.Itoa(i))
	}
	began, release, ended := make(chan string, all), make(chan struct{}), make(chan string, all)
	stop := Consume(t, q, queue.Names(), most, func(ctx context.Context, id string) {
		began <- id
		<-release
		if ctx.Err() != nil {
			t.Error("a handler's context ended with Consume's")
		}
		ended <- id
	})
	collect(t, began, most)
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	select {
	case <-stopped:
		t.Error("Consume ended before its handlers")
	case id := <-began:
		t.Errorf("%s began while %d were at work", id, most)
	case <-time.After(time.Second): // more than it takes to hand a message over
	}
	close(release)
	Next(t, stopped)
	if n := len(ended); n != most {
		t.Errorf("%d were handled, want the %d that were at work", n, most)
	}
}

func notBesideItself(t *testing.T, q queue.Queue) {
	began, release := make(chan string, 10), make(chan struct{})
	Consume(t, q, queue.Names(), 2, func(_ context.Context, id string) {
		began <- id
		if id == "a" {
			<-release
		}
	})
	Wake(t, q, queue.General, "a")
	Next(t, began)
	Wake(t, q, queue.General, "a", "marker")
	if got := Next(t, began); got != "marker" {
		t.Fatalf("%s was handled while a was at work", got)
	}
	release <- struct{}{}
	if got := Next(t, began); got != "a" {
		t.Errorf("after its end %s was handled, want a again", got)
	}
	release <- struct{}{}
}

func keepsOthers(t *testing.T, q queue.Queue) {
	Wake(t, q, queue.Batch, "b")
	Wake(t, q, queue.General, "g")
	heard := make(chan string, 10)
	Consume(t, q, []string{queue.General, queue.Embedding}, 1, tell(heard))
	Wake(t, q, queue.Embedding, "e")
	if got := collect(t, heard, 2); !slices.Equal(got, []string{"g", "e"}) {
		t.Errorf("handled %v, want g and e", got)
	}
	if n, err := q.Depth(t.Context(), queue.Batch); err != nil || n != 1 {
		t.Errorf("the other queue holds %d, %v; want 1", n, err)
	}
}

func shared(t *testing.T, q queue.Queue) {
	const all = 60
	heard := make(chan string, 2*all)
	for range 2 {
		Consume(t, q, queue.Names(), 2, tell(heard))
	}
	want := map[string]bool{}
	for i := range all {
		id := strconv.Itoa(i)
		want[id] = true
		Wake(t, q, queue.Names()[i%3], id)
	}
	for range all {
		id := Next(t, heard)
		if !want[id] {
			t.Errorf("%s was handled twice", id)
		}
		delete(want, id)
	}
}

func goesOn(t *testing.T, q queue.Queue) {
	Wake(t, q, queue.General, "a", "b", "c")
	began, release := make(chan string), make(chan struct{})
	stop := Consume(t, q, queue.Names(), 1, func(_ context.Context, id string) {
		began <- id
		<-release
	})
	first := Next(t, began)
	go func() { release <- struct{}{} }()
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	got := []string{first}
	for more := true; more; { // the end may come before or after the next one began
		select {
		case id := <-began:
			got = append(got, id)
			release <- struct{}{}
		case <-stopped:
			more = false
		case <-time.After(patience):
			t.Fatal("Consume does not end")
		}
	}
	rest := make(chan string, 3)
	Consume(t, q, queue.Names(), 1, tell(rest))
	got = append(got, collect(t, rest, 3-len(got))...)
	slices.Sort(got)
	if !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("handled %v, want each once", got)
	}
}
