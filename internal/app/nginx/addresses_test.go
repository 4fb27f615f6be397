package nginx_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func metrics(t *testing.T, h *house) {
	t.Helper()
	forwarded := func(values string) map[string]string { return map[string]string{"X-Forwarded-For": values} }
	for _, row := range []struct {
		who     string
		from    string // 127.0.0.1 is a private network here, the others are not
		headers map[string]string
		want    int
	}{
		{"a neighbour", "127.0.0.1", nil, 200},
		{"a neighbour behind a neighbouring proxy", "127.0.0.1", forwarded("10.10.0.7"), 200},
		{"a neighbour behind two of them", "127.0.0.1", forwarded("192.168.3.4, 10.10.0.7"), 200},
		{"a stranger", "127.0.0.9", nil, 403},
		{"a stranger behind our proxy", "127.0.0.1", forwarded("203.0.113.9"), 403},
		{"a stranger of IPv6 behind our proxy", "127.0.0.1", forwarded("2001:db8::9"), 403},
		{"a stranger who says to be a neighbour", "127.0.0.9", forwarded("10.10.0.7"), 403},
		{"a stranger who says so to our proxy", "127.0.0.1", forwarded("10.10.0.7, 203.0.113.9"), 403},
		{"a stranger who says so at length", "127.0.0.1", forwarded("127.0.0.1, 10.0.0.1, 203.0.113.9, 10.10.0.2"), 403},
		{"a stranger with https behind a proxy that hides them", "127.0.0.1", map[string]string{"X-Forwarded-Proto": "https"}, 403},
		{"a stranger with a proto of their own there", "127.0.0.1", map[string]string{"X-Forwarded-Proto": "https some 1"}, 403},
		{"a stranger with other headers", "127.0.0.9", map[string]string{"X-Real-IP": "10.0.0.1", "Forwarded": "for=10.0.0.1", "X-Client-IP": "127.0.0.1"}, 403},
	} {
		for _, path := range []string{"/metrics", "//metrics", "/%6detrics", "/static/../metrics", "/mcp/../metrics", "/metrics?x=/mcp/"} {
			if path != "/metrics" && row.want == http.StatusOK {
				continue
			}
			a := ask(t, from(row.from), http.MethodGet, h.nginx.url+path, "", row.headers)
			if a.status == http.StatusOK != (row.want == http.StatusOK) || strings.Contains(a.body, "mnemosyne_http") != (row.want == http.StatusOK) {
				t.Errorf("%s gets %d for %s", row.who, a.status, path)
			}
			if row.want == http.StatusForbidden && path == "/metrics" {
				a.want(t, row.who, http.StatusForbidden)
			}
		}
	}
	// Two lines of a header are one list.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.nginx.url+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header["X-Forwarded-For"] = []string{"10.10.0.7", "203.0.113.9"}
	res, err := from("127.0.0.1").Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("a stranger whose address stands in a line of its own gets %d", res.StatusCode)
	}
	h.outside(t, "GET", "/metrics", "", forwarded("10.0.0.1")).want(t, "a stranger through haproxy", http.StatusForbidden)
	h.outside(t, "GET", "/metrics", "", map[string]string{playedClient: "10.10.0.7"}).want(t, "a neighbour through haproxy", http.StatusOK)
}

// lines are the lines of nginx's access log about a path.
func (s *server) lines(t *testing.T, path string) (found []map[string]any) {
	t.Helper()
	for line := range strings.Lines(s.said(t)) {
		var fields map[string]any
		if !strings.HasSuffix(line, "}\n") {
			continue // half written
		}
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Errorf("nginx logged %q: %v", line, err)
		} else if fields["path"] == path {
			found = append(found, fields)
		}
	}
	return found
}

func addresses(t *testing.T, h *house) {
	t.Helper()
	guess := func(n int, client, written string) int {
		headers := map[string]string{"Authorization": fmt.Sprintf("Bearer mns_guess%d", n), playedClient: client}
		if written != "" {
			headers["X-Forwarded-For"] = written
		}
		return h.outside(t, "GET", "/library/api/me/", "", headers).status
	}
	var got []int
	for n := range 7 {
		got = append(got, guess(n, "198.51.100.7", fmt.Sprintf("192.0.2.%d", n)))
	}
	if want := []int{401, 401, 401, 401, 401, 429, 429}; !slices.Equal(got, want) {
		t.Errorf("somebody who guesses and writes another address each time gets %v, want %v", got, want)
	}
	if status := guess(8, "198.51.100.8", "198.51.100.7"); status != http.StatusUnauthorized {
		t.Errorf("somebody else gets %d", status)
	}
	if log := logged(t, h.Serve); !strings.Contains(log, `"address":"198.51.100.7"`) || strings.Contains(log, `"address":"192.0.2.`) {
		t.Errorf("serve's log has not the client's address, or a written one")
	}
	for _, line := range h.nginx.lines(t, "/library/api/me/") {
		if address := line["address"]; address != "198.51.100.7" && address != "198.51.100.8" && address != "203.0.113.9" || line["scheme"] != "https" {
			t.Errorf("nginx's log says %v", line)
		}
	}
	h.outside(t, "POST", "/library/api/workspaces/", `{"workspace_id":"ws_trail"}`, map[string]string{
		"Authorization": "Bearer " + h.Token, "Content-Type": "application/json", playedClient: "2001:db8::7", "X-Forwarded-For": "192.0.2.1",
	}).want(t, "a new workspace", http.StatusCreated)
	trail := h.Must("audit", "--event", "workspace_create", "--json")
	if !strings.Contains(trail, `"address":"2001:db8::7"`) {
		t.Errorf("the trail says %s", trail)
	}
	// Straight to nginx, as a neighbour without haproxy.
	ask(t, from("127.0.0.9"), http.MethodGet, h.nginx.url+"/library/api/items/", "", map[string]string{"X-Forwarded-For": "192.0.2.77", "X-Forwarded-Proto": "https"})
	var lines []map[string]any
	eventually(t, "nginx logs it", func() bool {
		lines = h.nginx.lines(t, "/library/api/items/")
		return len(lines) == 1
	})
	if lines[0]["address"] != "127.0.0.9" || lines[0]["scheme"] != "http" || !strings.Contains(logged(t, h.Serve), `"address":"127.0.0.9"`) {
		t.Errorf("somebody who comes straight to nginx is logged as %v", lines)
	}
}

func requestIDs(t *testing.T, h *house) {
	t.Helper()
	const path = "/library/api/libraries/"
	given := map[string]string{"X-Request-ID": "haproxy-1.7_x"}
	if a := h.outside(t, "GET", path, "", given); a.once(t, "X-Request-Id") != "haproxy-1.7_x" || !strings.Contains(logged(t, h.Serve), `"request_id":"haproxy-1.7_x"`) {
		t.Errorf("an id that the proxy gave became %q", a.header["X-Request-Id"])
	}
	for who, a := range map[string]answer{
		"nobody's": h.outside(t, "GET", path, "", nil), "an ill-formed one": h.outside(t, "GET", path, "", map[string]string{"X-Request-ID": `a"b`}),
		"a stranger's": ask(t, from("127.0.0.9"), http.MethodGet, h.nginx.url+path, "", map[string]string{"X-Request-ID": "mine"}),
	} {
		id := a.once(t, "X-Request-Id")
		if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(id) || !strings.Contains(logged(t, h.Serve), `"request_id":"`+id+`"`) {
			t.Errorf("%s id became %q", who, id)
		}
		eventually(t, "nginx logs "+id, func() bool { return strings.Contains(h.nginx.said(t), `"request_id":"`+id+`"`) })
	}
}
