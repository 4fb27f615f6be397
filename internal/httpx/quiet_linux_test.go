package httpx_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/httpx"
)

// Whoever could connect is answered, however close to the end of the server.
func TestAServerThatStopsAnswersWhoeverCouldConnect(t *testing.T) {
	t.Parallel()
	var broken, answered atomic.Int64
	for range 20 {
		s := httpx.NewServer("127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "well")
		}), slog.New(slog.DiscardHandler))
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		begun := make(chan struct{}, 8)
		for range cap(begun) {
			all.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					conn, err := net.DialTimeout("tcp", s.Addr(), 100*time.Millisecond)
					if err != nil {
						continue
					}
					_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
					said, read := io.ReadAll(conn)
					if err != nil || read != nil || !strings.Contains(string(said), "200 OK") {
						broken.Add(1)
					}
					answered.Add(1)
					_ = conn.Close()
					if n == 10 {
						begun <- struct{}{}
					}
				}
			})
		}
		for range cap(begun) {
			<-begun
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		cancel()
		all.Wait()
	}
	if broken.Load() > 0 || answered.Load() < 20*8*10 {
		t.Errorf("%d of %d requests were broken off", broken.Load(), answered.Load())
	}
}
