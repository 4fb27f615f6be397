package mcptools_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/mcpserver/mcptools"
)

const listTools = `{"jsonrpc":"2.0","id":7,"method":"tools/list"}`

func TestBothPathsAnswerAndNoneRedirects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, want := range map[string]int{
		"/mcp": 200, "/mcp/": 200,
		"/mcp//": 404, "//mcp/": 404, "/mcp/x": 404, "/": 404,
	} {
		res := w.post(path, "alice", revision, listTools)
		if res.StatusCode != want {
			t.Errorf("POST %s is %d, want %d", path, res.StatusCode, want)
		}
		if got := res.Header.Get("X-Accel-Buffering"); want == 200 && got != "no" {
			t.Errorf("POST %s: X-Accel-Buffering is %q, want no", path, got)
		}
	}
}

func TestHealthAsksForNoToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/mcp/health", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.TrimSpace(read(t, w.do(req))), `{"status":"ok","version":"1.2.3"}`; got != want {
		t.Errorf("health is %s, want %s", got, want)
	}
}

func TestWrongRequestsAreRefusedInJSONRPC(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	batch := "[" + strings.Repeat(listTools+",", 16) + listTools + "]"
	for name, tt := range map[string]struct {
		body    string
		version string
		headers []string
		status  int
		code    int
		says    string
	}{
		"empty body":           {body: "", status: 400, code: -32700},
		"no JSON":              {body: `{"jsonrpc":`, status: 400, code: -32700},
		"two values":           {body: listTools + listTools, status: 400, code: -32700},
		"no UTF-8":             {body: "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"x\":\"\xff\"}}", status: 400, code: -32700},
		"nested too deep":      {body: strings.Repeat("[", 200_000), status: 400, code: -32700},
		"deep arguments":       {body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":` + strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_001), status: 400, code: -32700},
		"a number":             {body: "7", status: 400, code: -32600},
		"null":                 {body: "null", status: 400, code: -32600},
		"a list as method":     {body: `{"jsonrpc":"2.0","id":1,"method":["ping"]}`, status: 400, code: -32600},
		"no method":            {body: `{"jsonrpc":"2.0","id":1}`, status: 400, code: -32600},
		"another JSON-RPC":     {body: `{"jsonrpc":"1.0","id":1,"method":"ping"}`, status: 400, code: -32600},
		"too large":            {body: `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"` + strings.Repeat("x", 1<<20) + `"}}`, status: 413, code: -32600, says: "1 MiB"},
		"another type":         {body: listTools, headers: []string{"Content-Type", "text/plain"}, status: 415, code: -32600},
		"no type":              {body: listTools, headers: []string{"Content-Type", ""}, status: 415, code: -32600},
		"not accepting":        {body: listTools, headers: []string{"Accept", "text/html"}, status: 400, code: -32600, says: "Accept"},
		"unknown revision":     {body: listTools, version: "2024-01-01", status: 400, code: -32600, says: "2025-11-25"},
		"revision of nonsense": {body: listTools, version: "1", status: 400, code: -32600},
		"future revision":      {body: listTools, version: "2099-01-01", status: 400},
		"a batch today":        {body: "[" + listTools + "]", version: revision, status: 400, code: -32600, says: "batch"},
		"an empty batch":       {body: "[]", version: "2025-03-26", status: 400, code: -32600},
		"a batch too large":    {body: batch, version: "2025-03-26", status: 400, code: -32600, says: "16"},
		"call without params":  {body: `{"jsonrpc":"2.0","id":1,"method":"tools/call"}`, status: 400, code: -32600},
		"id of a list":         {body: `{"jsonrpc":"2.0","id":[1],"method":"ping"}`, status: 400, code: -32600},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			version := tt.version
			if version == "" {
				version = revision
			}
			res := w.post("/mcp/", "alice", version, tt.body, tt.headers...)
			body := read(t, res)
			if res.StatusCode != tt.status || res.Header.Get("Content-Type") != "application/json" {
				t.Fatalf("answered %d %s %q, want %d and JSON", res.StatusCode, res.Header.Get("Content-Type"), body, tt.status)
			}
			answer := decodeReply(t, body)
			if answer.Error == nil || answer.Error.Message == "" || (tt.code != 0 && answer.Error.Code != tt.code) || !strings.Contains(answer.Error.Message, tt.says) {
				t.Errorf("answered %s, want an error %d that says %q", body, tt.code, tt.says)
			}
		})
	}
	if log := w.logged.String(); strings.Contains(log, "mcp_fault") {
		t.Errorf("a caller's mistake was logged as our fault: %s", log)
	}
}

func TestOtherMethodsOfHTTPAreNotAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, method := range []string{http.MethodGet, http.MethodDelete, http.MethodPut, http.MethodOptions, http.MethodHead} {
		req, err := http.NewRequestWithContext(t.Context(), method, w.url+"/mcp/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/event-stream")
		req.Header.Set("Authorization", "Bearer alice")
		res := w.do(req)
		if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "POST" {
			t.Errorf("%s is %d with Allow %q, want 405 with POST", method, res.StatusCode, res.Header.Get("Allow"))
		}
	}
}

func TestUnknownMethodsAreAnsweredSoThatTheConnectionLives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	res := w.post("/mcp/", "alice", revision, `{"jsonrpc":"2.0","id":"a","method":"tools/destroy"}`)
	answer := decodeReply(t, read(t, res))
	if res.StatusCode != http.StatusOK || answer.Error == nil || answer.Error.Code != -32601 || string(answer.ID) != `"a"` {
		t.Errorf("answered %d %+v, want 200, -32601 and the id", res.StatusCode, answer)
	}
	res = w.post("/mcp/", "alice", revision, `{"jsonrpc":"2.0","method":"notifications/of_mine"}`)
	if body := read(t, res); res.StatusCode != http.StatusAccepted || body != "" {
		t.Errorf("an unknown notification is %d %q, want 202 and nothing", res.StatusCode, body)
	}
}

func TestABatchIsAnsweredInTheRevisionsThatHaveThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	res := w.post("/mcp/", "alice", "2025-03-26", `[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"tools/list"}]`)
	if body := read(t, res); res.StatusCode != http.StatusOK || !strings.Contains(body, `"id":1`) || !strings.Contains(body, `"whoami"`) {
		t.Errorf("answered %d %s", res.StatusCode, body)
	}
}

func TestWithoutATokenTheChallengeIsPlain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for token, want := range map[string]string{
		"":        `Bearer realm="mnemosyne"`,
		"revoked": `Bearer realm="mnemosyne", error="invalid_token"`,
	} {
		res := w.post("/mcp/", token, revision, listTools)
		answer := decodeReply(t, read(t, res))
		if res.StatusCode != http.StatusUnauthorized || res.Header.Get("WWW-Authenticate") != want || res.Header.Get("Content-Type") != "application/json" {
			t.Errorf("token %q: %d, WWW-Authenticate %q, want 401 and %q", token, res.StatusCode, res.Header.Get("WWW-Authenticate"), want)
		}
		if answer.Error == nil || answer.Error.Message == "" || string(answer.ID) != "null" {
			t.Errorf("token %q: answered %+v, want a JSON-RPC error without id", token, answer)
		}
	}
}

func TestTwoAuthorizationHeadersAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/mcp/", strings.NewReader(listTools))
	if err != nil {
		t.Fatal(err)
	}
	req.Header["Authorization"] = []string{"Bearer alice", "Bearer bob"}
	if res := w.do(req); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("answered %d, want 401", res.StatusCode)
	}
	// Whoever limits refusals is asked about them as about any other.
	w.mu.Lock()
	w.refusal = &errs.Error{Kind: errs.RateLimited, Message: "Request was throttled."}
	w.mu.Unlock()
	again := req.Clone(t.Context())
	again.Body = io.NopCloser(strings.NewReader(listTools))
	if res := w.do(again); res.StatusCode != http.StatusTooManyRequests {
		t.Errorf("answered %d past the limit, want 429", res.StatusCode)
	}
}

func TestACallerWhoFailsTooOftenIsToldWhenToComeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mu.Lock()
	w.refusal = &errs.Error{Kind: errs.RateLimited, Message: "Request was throttled.", RetryAfter: 1500 * time.Millisecond}
	w.mu.Unlock()
	res := w.post("/mcp/", "unknown", revision, listTools)
	const body = `{"jsonrpc":"2.0","id":null,"error":{"code":-32003,"message":"Request was throttled."}}`
	if got := read(t, res); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") != "2" || got != body {
		t.Errorf("%d, Retry-After %q: %s", res.StatusCode, res.Header.Get("Retry-After"), got)
	}
}

func TestAFaultOfAuthenticationIsHiddenAndLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	res := w.post("/mcp/", "broken", revision, listTools)
	if body := read(t, res); res.StatusCode != http.StatusInternalServerError || strings.Contains(body, "fire") {
		t.Errorf("answered %d %s, want 500 without the cause", res.StatusCode, body)
	}
	if log := w.logged.String(); !strings.Contains(log, "the store is on fire") {
		t.Errorf("the log lacks the cause: %s", log)
	}
}

func TestForeignPagesAreForbidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for origin, want := range map[string]int{
		"https://evil.test":           403,
		"null":                        403,
		"https://example.com.evil.io": 403,
		"https://notexample.com":      403,
		"http://127.0.0.1:6274":       200,
		"https://example.com":         200,
		"https://www.Example.com":     200,
	} {
		if res := w.post("/mcp/", "alice", revision, listTools, "Origin", origin); res.StatusCode != want {
			t.Errorf("Origin %s is %d, want %d", origin, res.StatusCode, want)
		}
	}
}

func TestWhereAnyHostIsAllowedAPageMustBeOfTheHostItCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *mcptools.Options) { o.AllowedHosts = []string{"*"} })
	host := strings.TrimPrefix(w.url, "http://")
	for origin, want := range map[string]int{"http://" + host: 200, "https://evil.test": 403} {
		if res := w.post("/mcp/", "alice", revision, listTools, "Origin", origin); res.StatusCode != want {
			t.Errorf("Origin %s is %d, want %d", origin, res.StatusCode, want)
		}
	}
}

func TestAPublicHostBehindALoopbackProxyIsServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/mcp", strings.NewReader(listTools))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "mnemosyne.example.com"
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("Authorization", "Bearer alice")
	if res := w.do(req); res.StatusCode != http.StatusOK {
		t.Errorf("answered %d, want 200", res.StatusCode)
	}
}

func TestAHostThatIsNotOursIsRefusedButForHealth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, want := range map[string]int{"/mcp/": 400, "/mcp/health": 200} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "evil.test"
		if res := w.do(req); res.StatusCode != want {
			t.Errorf("%s is %d, want %d", path, res.StatusCode, want)
		}
	}
}

func TestAnonymousCallersReadGlobalLibrariesOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bearers[""] = accounts.Principal{
		Credential: accounts.Credential{Kind: accounts.CredentialAnonymous}, Scope: accounts.Scope{Kind: accounts.ScopeGlobal},
	}
	me := structured[struct {
		Kind, Username string
		Libraries      []struct{ Name string }
	}](t, w.call("", "whoami", "{}"))
	if me.Kind != "anonymous" || me.Username != "" || len(me.Libraries) != 1 || me.Libraries[0].Name != "Shared" {
		t.Errorf("whoami is %+v, want anonymous with Shared alone", me)
	}
	if res := w.post("/mcp/", "revoked", revision, listTools); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a bad token is %d, want 401", res.StatusCode)
	}
}

func TestACallEndsWhenItsClientLeaves(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"2025-11-25", "2025-03-26", "2026-07-28"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			begun, ended := make(chan struct{}), make(chan struct{})
			w.find = func(ctx context.Context, _ accounts.Principal, _ search.Request) (search.Result, error) {
				close(begun)
				<-ctx.Done()
				close(ended)
				return search.Result{}, ctx.Err()
			}
			ctx, leave := context.WithCancel(t.Context())
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/mcp/", strings.NewReader(
				`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","arguments":{"query":"x"}`+newMeta(version)+`}}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Accept", "application/json, text/event-stream")
			req.Header.Set("Authorization", "Bearer alice")
			req.Header.Set("MCP-Protocol-Version", version)
			req.Header.Set("Mcp-Method", "tools/call")
			req.Header.Set("Mcp-Name", "search")
			go func() {
				res, err := http.DefaultClient.Do(req)
				if err == nil {
					_ = res.Body.Close()
				}
			}()
			<-begun
			leave()
			<-ended
		})
	}
}

// newMeta is what requests of the newest revision carry.
func newMeta(version string) string {
	if version < "2026-07-28" {
		return ""
	}
	return fmt.Sprintf(`,"_meta":{"io.modelcontextprotocol/protocolVersion":%q,"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`, version)
}

func TestAPanicIsAnAnswerAndNotTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.find = func(context.Context, accounts.Principal, search.Request) (search.Result, error) {
		panic("at the disco")
	}
	res := w.post("/mcp/", "alice", revision, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","arguments":{"query":"x"}}}`)
	answer := decodeReply(t, read(t, res))
	if answer.Error == nil || answer.Error.Code != -32603 || strings.Contains(answer.Error.Message, "disco") {
		t.Errorf("answered %+v, want -32603 without the cause", answer)
	}
	if !strings.Contains(w.logged.String(), "at the disco") {
		t.Error("the log lacks the panic")
	}
	if res := w.post("/mcp/", "alice", revision, listTools); res.StatusCode != http.StatusOK {
		t.Errorf("afterwards tools/list is %d, want 200", res.StatusCode)
	}
}
