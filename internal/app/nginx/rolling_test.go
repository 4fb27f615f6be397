package nginx_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/testkit/stack"
)

// requestsVariable raises how many requests the rolling restart is put under,
// for a run by hand.
const requestsVariable = "MNEMOSYNE_TEST_ROLLING_REQUESTS"

// load asks through nginx from several sides until it is told to end.
type load struct {
	url, token, library string
	sent, failed        atomic.Int64
	faults              chan string
	all                 sync.WaitGroup
}

func (l *load) run(ctx context.Context, sides int) {
	for side := range sides {
		l.all.Go(func() {
			client := from("127.0.0.1")
			for n := 0; ctx.Err() == nil; n++ {
				l.one(client, side, n) //nolint:contextcheck // what is asked is asked to its end
			}
		})
	}
}

// one is a request of the kinds that a day has: reads, a search, a write.
func (l *load) one(client *http.Client, side, n int) {
	method, path, body, want := http.MethodGet, "/library/api/libraries/", "", http.StatusOK
	switch n % 10 {
	case 1, 2, 3:
		method, path, body = http.MethodPost, "/library/api/search/", `{"query":"harbour","limit":3}`
	case 4:
		method, path, body = http.MethodPost, "/library/api/workspaces/", fmt.Sprintf(`{"workspace_id":"ws_%d"}`, side)
	case 5:
		method, path, want = http.MethodDelete, fmt.Sprintf("/library/api/workspaces/ws_none_%d/", side), http.StatusNoContent
	case 6:
		path = "/ready/"
	case 7:
		path = "/accounts/login/"
	}
	req, err := http.NewRequestWithContext(context.Background(), method, l.url+path, strings.NewReader(body)) // what is sent is waited for
	if err != nil {
		l.fault(err.Error())
		return
	}
	req.Header.Set("Authorization", "Bearer "+l.token)
	req.Header.Set("Content-Type", "application/json")
	l.sent.Add(1)
	res, err := client.Do(req)
	if err != nil {
		l.fault(method + " " + path + ": " + err.Error())
		return
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want && (n%10 != 4 || res.StatusCode != http.StatusCreated) {
		l.fault(fmt.Sprintf("%s %s: %d %.200s %v", method, path, res.StatusCode, text, err))
	}
}

func (l *load) fault(text string) {
	l.failed.Add(1)
	select {
	case l.faults <- text:
	default:
	}
}

// Two replicas of serve are replaced one after the other, as docs/upgrade.md
// says to, while requests come in.
func TestReplicasAreReplacedUnderLoadWithoutAFailedRequest(t *testing.T) {
	t.Parallel()
	enough := 1000
	if by := os.Getenv(requestsVariable); by != "" {
		var err error
		if enough, err = strconv.Atoi(by); err != nil {
			t.Fatal(err)
		}
	}
	s := stack.Start(t, stack.Options{Workers: -1, Settings: []string{"ALLOWED_HOSTS=127.0.0.1", "TRUSTED_PROXIES=127.0.0.1", "DJANGO_LOGGING_LEVEL=WARNING"}})
	_, port, err := net.SplitHostPort(freeAddress(t, "127.0.0.2"))
	if err != nil {
		t.Fatal(err)
	}
	replica := func(ip string) *stack.Process {
		p := s.Start("serve", "MNEMOSYNE_HTTP_ADDR="+net.JoinHostPort(ip, port))
		eventually(t, "a replica is ready", func() bool { return tryReady("http://" + net.JoinHostPort(ip, port)) })
		return p
	}
	ips := []string{"127.0.0.2", "127.0.0.3"}
	running := map[string]*stack.Process{}
	for _, ip := range ips {
		running[ip] = replica(ip)
	}
	n := newNames(t, ips...)
	front := start(t, behind{app: "app.test:" + port, mcp: strings.TrimPrefix(s.MCP, "http://"), resolver: n.addr})
	l := &load{url: front.url, token: s.Token, library: s.Library, faults: make(chan string, 20)}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	const sides = 8
	l.run(ctx, sides)
	restarts := 0
	for restarts < 2*len(ips) || l.sent.Load() < int64(enough) {
		ip := ips[restarts%len(ips)]
		before := l.sent.Load()
		eventually(t, "requests come", func() bool { return l.sent.Load() > before+100 })
		if err := running[ip].Stop(); err != nil {
			t.Errorf("the replica ended with %v", err)
		}
		running[ip] = replica(ip)
		restarts++
	}
	stop()
	l.all.Wait()
	close(l.faults)
	for f := range l.faults {
		t.Error(f)
	}
	t.Logf("%d requests, %d restarts, %d failed", l.sent.Load(), restarts, l.failed.Load())
}

// tryReady asks a process that may not listen yet.
func tryReady(address string) bool {
	res, err := http.Get(address + "/ready/")
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}
