package httpx_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/httpx"
)

func TestAStoppingServerFinishesRequestsAndTellsStreams(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	s := httpx.NewServer("127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-httpx.Draining(r.Context())
		_, _ = io.WriteString(w, "whole")
	}), quiet)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	answer := make(chan string)
	go func() {
		defer close(answer)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr(), nil)
		if err != nil {
			return
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return
		}
		defer res.Body.Close()
		raw, _ := io.ReadAll(res.Body)
		answer <- string(raw)
	}()
	<-entered
	if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("stop: %v", err)
	}
	if got := <-answer; got != "whole" {
		t.Errorf("the request under way got %q", got)
	}
	if err, open := <-s.Failed(); open {
		t.Errorf("failed: %v", err)
	}
}

func TestAServerThatCannotListenSaysWhere(t *testing.T) {
	t.Parallel()
	first := httpx.NewServer("127.0.0.1:0", http.NotFoundHandler(), quiet)
	if err := first.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := first.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if err := httpx.NewServer(first.Addr(), http.NotFoundHandler(), quiet).Start(t.Context()); err == nil {
		t.Error("two servers listen on one address")
	}
}
