package nginx_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// upstream is a process that answers as a test wants, at an address of this
// machine.
func upstream(t *testing.T, addr string, answer http.HandlerFunc) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(answer)
	_ = s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return l.Addr().String()
}

// names is a name server that gives every name the addresses that a test says.
type names struct {
	addr  string
	asked atomic.Int64

	mu        sync.Mutex
	addresses []string
}

func newNames(t *testing.T, addresses ...string) *names {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	n := &names{addr: conn.LocalAddr().String()}
	n.point(addresses...)
	go func() {
		buf := make([]byte, 512)
		for {
			size, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply, err := n.reply(buf[:size]); err == nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	}()
	return n
}

// point changes the answer; none is that there is no such name.
func (n *names) point(addresses ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.addresses = addresses
}

func (n *names) reply(query []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	n.asked.Add(1)
	n.mu.Lock()
	defer n.mu.Unlock()
	m.Response, m.RecursionAvailable = true, true
	if len(n.addresses) == 0 {
		m.RCode = dnsmessage.RCodeNameError
	}
	for _, a := range n.addresses {
		const tenMinutes = 600 // as Docker says
		m.Answers = append(m.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: tenMinutes},
			Body:   &dnsmessage.AResource{A: [4]byte(net.ParseIP(a).To4())},
		})
	}
	return m.Pack()
}

func TestNamesAreLookedUpAnewWhenContainersAreReplaced(t *testing.T) {
	t.Parallel()
	say := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
	}
	first := upstream(t, "127.0.0.2:0", say("the first"))
	_, port, err := net.SplitHostPort(first)
	if err != nil {
		t.Fatal(err)
	}
	upstream(t, "127.0.0.3:"+port, say("the second"))
	n := newNames(t, "127.0.0.2")
	s := start(t, behind{app: "app.test:" + port, mcp: "mcp.test:" + port, resolver: n.addr})
	paths := []string{"/x/", "/mcp/", "/healthz", "/static/x.css"}
	all := func(status int, text string) bool {
		for _, path := range paths {
			if a := get(t, s.url+path); a.status != status || !strings.Contains(a.body, text) {
				return false
			}
		}
		return true
	}
	eventually(t, "the first is asked", func() bool { return all(http.StatusOK, "the first") })
	n.point("127.0.0.3")
	eventually(t, "the second is asked", func() bool { return all(http.StatusOK, "the second") })
	n.point()
	eventually(t, "that there is none is noticed", func() bool { return all(http.StatusBadGateway, "cannot be reached") })
	n.point("127.0.0.2")
	eventually(t, "the first is asked again", func() bool { return all(http.StatusOK, "the first") })
	asked := n.asked.Load()
	for range 50 {
		get(t, s.url+"/x/")
	}
	if more := n.asked.Load() - asked; more > 10 {
		t.Errorf("50 requests asked the name server %d times", more)
	}
}

func TestAnswersAndBodiesPassNginxAsTheyCome(t *testing.T) {
	t.Parallel()
	heard, told := make(chan string), make(chan struct{})
	addr := upstream(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
		line, err := bufio.NewReader(r.Body).ReadString('\n')
		if err != nil {
			line = err.Error()
		}
		heard <- line
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: first\n\n")
		_ = control.Flush()
		<-told
		_, _ = io.WriteString(w, "data: second\n\n")
	})
	s := start(t, behind{app: addr, mcp: addr})
	for _, path := range []string{"/library/api/jobs/1/events/", "/mcp/", "/mcp", "/libraries/1/upload/"} {
		read, write := io.Pipe()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+path, read)
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.WriteString(write, "begin\n") }()
		answered := make(chan *http.Response)
		go func() {
			res, err := from("127.0.0.1").Do(req)
			if err != nil {
				t.Error(err)
			}
			answered <- res
		}()
		if got := <-heard; got != "begin\n" { // while the caller has not ended its body
			t.Errorf("%s: the process hears %q", path, got)
		}
		_ = write.Close()
		res := <-answered
		if res == nil {
			return
		}
		events := bufio.NewReader(res.Body)
		if line, err := events.ReadString('\n'); err != nil || line != "data: first\n" { // before the answer goes on
			t.Errorf("%s: the caller hears %q, %v", path, line, err)
		}
		told <- struct{}{}
		rest, err := io.ReadAll(events)
		_ = res.Body.Close()
		if err != nil || string(rest) != "\ndata: second\n\n" {
			t.Errorf("%s: the rest is %q, %v", path, rest, err)
		}
	}
}

// Two replicas, of which one breaks every request off: what may be asked twice
// is asked of the other.
func TestWhatMayBeAskedTwiceIsAskedOfAnotherReplica(t *testing.T) {
	t.Parallel()
	var broken atomic.Int64
	cut := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		broken.Add(1)
		panic(http.ErrAbortHandler)
	}
	bad := upstream(t, "127.0.0.2:0", cut)
	_, port, err := net.SplitHostPort(bad)
	if err != nil {
		t.Fatal(err)
	}
	upstream(t, "127.0.0.3:"+port, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "well") })
	n := newNames(t, "127.0.0.2", "127.0.0.3")
	s := start(t, behind{app: "app.test:" + port, mcp: "mcp.test:" + port, resolver: n.addr})
	count := func(method, path string) (failed int) {
		for range 20 {
			if ask(t, from("127.0.0.1"), method, s.url+path, "x", nil).status != http.StatusOK {
				failed++
			}
		}
		return failed
	}
	if failed := count(http.MethodGet, "/x/"); failed != 0 || broken.Load() == 0 {
		t.Errorf("%d of 20 GETs failed, %d were broken off", failed, broken.Load())
	}
	for _, row := range [][2]string{{http.MethodPost, "/x/"}, {http.MethodPost, "/mcp/"}, {http.MethodGet, "/mcp/"}} {
		before := broken.Load()
		failed := count(row[0], row[1])
		if asked := broken.Load() - before; failed == 0 || int64(failed) != asked {
			t.Errorf("%s %s: %d of 20 failed, %d were broken off", row[0], row[1], failed, asked)
		}
	}
}

func TestTheListsOfPrivateNetworksAreOne(t *testing.T) {
	t.Parallel()
	text := configured(t, behind{app: "a", mcp: "m", resolver: "r"}, "127.0.0.1:1", "/d")
	lists := map[string][]string{}
	for _, block := range []struct{ name, from, to string }{
		{"set_real_ip_from", "set_real_ip_from", "real_ip_header"}, {"by_proxy", "$by_proxy {", "}"}, {"private", "$private {", "}"},
	} {
		_, rest, _ := strings.Cut(text, block.from)
		inside, _, _ := strings.Cut(rest, block.to)
		for _, word := range strings.FieldsFunc(inside, func(r rune) bool { return strings.ContainsRune(" ;\n", r) }) {
			if strings.Contains(word, "/") {
				lists[block.name] = append(lists[block.name], word)
			}
		}
	}
	want := strings.Join(lists["set_real_ip_from"], " ")
	for name, list := range lists {
		if got := strings.Join(list, " "); got != want || len(list) < 6 {
			t.Errorf("%s are %s, not %s", name, got, want)
		}
	}
}
