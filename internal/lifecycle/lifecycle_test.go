package lifecycle_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"git.helu.ca/r/mnemosyne/internal/lifecycle"
)

var errBroken = errors.New("broken")

// diary is a service that writes down what is done to it.
type diary struct {
	lines *[]string
	name  string
	start error
	stop  error
}

func (d diary) Start(context.Context) error {
	*d.lines = append(*d.lines, "start "+d.name)
	return d.start
}

func (d diary) Stop(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		*d.lines = append(*d.lines, "late "+d.name)
		return err
	}
	*d.lines = append(*d.lines, "stop "+d.name)
	return d.stop
}

func newGroup() *lifecycle.Group { return lifecycle.NewGroup(slog.New(slog.DiscardHandler)) }

func TestGroupStartsInOrderAndStopsInReverse(t *testing.T) {
	t.Parallel()
	var lines []string
	g := newGroup()
	for _, name := range []string{"a", "b", "c"} {
		g.Add(name, diary{lines: &lines, name: name})
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := g.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := g.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"start a", "start b", "start c", "stop c", "stop b", "stop a"}
	if !slices.Equal(lines, want) {
		t.Errorf("got %v, want %v", lines, want)
	}
}

func TestFailedStartStopsWhatWasStartedEvenAfterCancellation(t *testing.T) {
	t.Parallel()
	var lines []string
	g := newGroup()
	g.Add("a", diary{lines: &lines, name: "a"})
	g.Add("b", diary{lines: &lines, name: "b", start: errBroken})
	g.Add("c", diary{lines: &lines, name: "c"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := g.Start(ctx)
	if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "start b") {
		t.Errorf("Start = %v, want the failure of b", err)
	}
	if want := []string{"start a", "start b", "stop a"}; !slices.Equal(lines, want) {
		t.Errorf("got %v, want %v", lines, want)
	}
}

func TestStopGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	var lines []string
	g := newGroup()
	g.Add("a", diary{lines: &lines, name: "a"})
	g.Add("b", diary{lines: &lines, name: "b", stop: errBroken})
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := g.Stop(t.Context()); !errors.Is(err, errBroken) {
		t.Errorf("Stop = %v, want the failure of b", err)
	}
	if !slices.Contains(lines, "stop a") {
		t.Errorf("a was not stopped: %v", lines)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGroup()
		g.Add("loop", lifecycle.NewLoop(func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(time.Second) // finishes what is under way
			return ctx.Err()
		}))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- g.Run(ctx, time.Minute) }()
		synctest.Wait()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
	}) // the bubble fails when a goroutine is left
}

func TestRunReportsTheServiceThatFails(t *testing.T) {
	t.Parallel()
	for _, reason := range []error{errBroken, nil} {
		synctest.Test(t, func(t *testing.T) {
			var lines []string
			g := newGroup()
			g.Add("store", diary{lines: &lines, name: "store"})
			g.Add("idle", lifecycle.NewLoop(func(ctx context.Context) error { <-ctx.Done(); return nil }))
			g.Add("frail", lifecycle.NewLoop(func(context.Context) error { return reason }))
			err := g.Run(t.Context(), time.Minute)
			if err == nil || !strings.HasPrefix(err.Error(), "frail: ") || (reason != nil && !errors.Is(err, reason)) {
				t.Errorf("Run = %v, want the failure of frail", err)
			}
			if !slices.Contains(lines, "stop store") {
				t.Errorf("the store was not stopped: %v", lines)
			}
		})
	}
}

func TestStopGivesUpOnALoopThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		g := newGroup()
		g.Add("stuck", lifecycle.NewLoop(func(context.Context) error { <-release; return nil }))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- g.Run(ctx, 25*time.Second) }()
		synctest.Wait()
		began := time.Now()
		cancel()
		err := <-ended
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 25*time.Second {
			t.Errorf("Run = %v after %v, want the deadline after 25 s", err, time.Since(began))
		}
		close(release)
	})
}

func TestLoopReportsAnErrorMetWhileStopping(t *testing.T) {
	t.Parallel()
	l := lifecycle.NewLoop(func(ctx context.Context) error { <-ctx.Done(); return errBroken })
	if err := l.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.Stop(t.Context()); !errors.Is(err, errBroken) {
		t.Errorf("Stop = %v, want what the loop returned", err)
	}
}

func TestFuncWithoutFunctionsDoesNothing(t *testing.T) {
	t.Parallel()
	var f lifecycle.Func
	if err := errors.Join(f.Start(t.Context()), f.Stop(t.Context())); err != nil {
		t.Error(err)
	}
}
