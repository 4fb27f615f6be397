package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"git.helu.ca/r/mnemosyne/internal/lifecycle"
	"git.helu.ca/r/mnemosyne/internal/settings"
	"git.helu.ca/r/mnemosyne/internal/testkit"
)

func TestAPartThatGoesAndComesBackIsToldOnceEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log testkit.Buffer
		var down atomic.Bool
		w := newWatch(slog.New(slog.NewTextHandler(&log, nil)), prometheus.NewRegistry(), []engine{
			{part: "graph", kind: "Neo4j", ping: func(context.Context) error {
				if down.Load() {
					return errors.New("gone")
				}
				return nil
			}},
			{part: "cache", kind: "memcached", ping: func(ctx context.Context) error { // it holds up no other
				<-ctx.Done()
				return ctx.Err()
			}},
		})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.run(ctx) }()
		up := w.up.WithLabelValues("graph", "Neo4j")
		for _, gone := range []bool{false, true, false} {
			down.Store(gone)
			time.Sleep(3 * askEvery)
			synctest.Wait()
			if got := testutil.ToFloat64(up); (got == 0) != gone {
				t.Errorf("gone %v, and the metric says %v", gone, got)
			}
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		for words, want := range map[string]int{
			`msg="part answers" part=graph`: 2, `msg="part does not answer" part=graph`: 1, `msg="part does not answer" part=cache`: 1,
		} {
			if got := strings.Count(log.String(), words); got != want {
				t.Errorf("%s stands there %d times, want %d:\n%s", words, got, want, log.String())
			}
		}
	})
}

func TestProfilesAreShownWhereTheSettingSaysAndNowhereElse(t *testing.T) {
	t.Parallel()
	address := testkit.FreeAddress(t)
	quiet := slog.New(slog.DiscardHandler)
	for _, set := range []string{"", address} {
		s := &Services{Core: &Core{Program: Program{Settings: &settings.Settings{HTTP: settings.HTTP{ProfileAddr: set}}, Log: quiet}}}
		group := lifecycle.NewGroup(quiet)
		s.addProfiles(group)
		if err := group.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/debug/pprof/goroutine?debug=1", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Timeout: askPatience}
		res, err := client.Do(req)
		if (err == nil) != (set != "") {
			t.Errorf("with %q asking gives %v", set, err)
		}
		if err == nil {
			page, _ := io.ReadAll(res.Body)
			if _ = res.Body.Close(); !strings.Contains(string(page), "goroutine profile:") {
				t.Errorf("the profile is %.80q", page)
			}
		}
		client.CloseIdleConnections()
		if err := group.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
