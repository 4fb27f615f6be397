package mcptools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// bearer adds a token to each request.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// connect is the official client with a token.
func (w *world) connect(token string) *mcp.ClientSession {
	w.t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(w.t.Context(), &mcp.StreamableClientTransport{
		Endpoint: w.url + "/mcp/", HTTPClient: &http.Client{Transport: bearer(token)}, MaxRetries: -1,
	}, nil)
	if err != nil {
		w.t.Fatalf("connect as %s: %v", token, err)
	}
	w.t.Cleanup(func() { _ = session.Close() })
	return session
}

func TestTheOfficialClientFindsAndReads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := w.item(w.papers, "A poem", poem, poemShape)
	session := w.connect("alice")
	found, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "search", Arguments: map[string]any{"query": "pussy"}})
	if err != nil || found.IsError {
		t.Fatalf("search: %v %+v", err, found)
	}
	link, ok := found.Content[1].(*mcp.ResourceLink)
	if !ok {
		t.Fatalf("the second content is %T, want a resource link", found.Content[1])
	}
	doc, err := session.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: link.URI})
	if err != nil || doc.Contents[0].Text != poem || link.URI != "mnemosyne://item/"+item.UID {
		t.Errorf("read %+v, %v", doc, err)
	}
}

func TestServerDescribesItselfInBothEras(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, version := range []string{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"} {
		body := read(t, w.post("/mcp/", "alice", "", fmt.Sprintf(
			`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":%q,"capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`, version)))
		var got struct {
			ProtocolVersion string
			Instructions    string
			Capabilities    map[string]any
			ServerInfo      struct{ Name, Version string }
		}
		if err := json.Unmarshal(decodeReply(t, body).Result, &got); err != nil {
			t.Fatalf("%s: %v in %s", version, err, body)
		}
		if got.ProtocolVersion != version || got.ServerInfo.Name != "mnemosyne" || got.ServerInfo.Version != "1.2.3" || !strings.Contains(got.Instructions, "search") {
			t.Errorf("%s: initialize answers %s", version, body)
		}
		for _, name := range []string{"tools", "prompts", "resources", "completions"} {
			if got.Capabilities[name] == nil {
				t.Errorf("%s: no capability %s", version, name)
			}
		}
		if got.Capabilities["logging"] != nil {
			t.Errorf("%s: logging is announced and never sent", version)
		}
	}
	body := read(t, w.newest("alice", "server/discover", "", ""))
	if answer := decodeReply(t, body); answer.Error != nil || !strings.Contains(body, `"2026-07-28"`) || !strings.Contains(body, `"resultType":"complete"`) {
		t.Errorf("server/discover answers %s", body)
	}
}

// newest sends a request of the newest revision. params is empty or members
// of a JSON object; name is the tool, prompt or resource asked for.
func (w *world) newest(token, method, name, params string) *http.Response {
	w.t.Helper()
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s}}`, method, strings.TrimPrefix(params+newMeta("2026-07-28"), ","))
	return w.post("/mcp/", token, "2026-07-28", body, "Mcp-Method", method, "Mcp-Name", name)
}

func TestListsArePrivateToTheirBearer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := w.item(w.papers, "A poem", poem, poemShape)
	for method, name := range map[string]string{
		"server/discover": "", "tools/list": "", "prompts/list": "", "resources/list": "", "resources/templates/list": "",
		"resources/read": "mnemosyne://item/" + item.UID,
	} {
		params := ""
		if name != "" {
			params = fmt.Sprintf(`"uri":%q`, name)
		}
		if body := read(t, w.newest("alice", method, name, params)); !strings.Contains(body, `"cacheScope":"private"`) {
			t.Errorf("%s answers %s", method, body)
		}
	}
}

func TestTheNewestRevisionNeedsItsHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	call := `"name":"whoami","arguments":{}`
	if res := w.newest("alice", "tools/call", "whoami", call); res.StatusCode != http.StatusOK {
		t.Errorf("a whole request is %d: %s", res.StatusCode, read(t, res))
	}
	for name, headers := range map[string][]string{
		"no method":      {"Mcp-Name", "whoami"},
		"another method": {"Mcp-Method", "tools/list", "Mcp-Name", "whoami"},
		"another name":   {"Mcp-Method", "tools/call", "Mcp-Name", "search"},
	} {
		body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{` + call + newMeta("2026-07-28") + `}}`
		res := w.post("/mcp/", "alice", "2026-07-28", body, headers...)
		if answer := decodeReply(t, read(t, res)); res.StatusCode != http.StatusBadRequest || answer.Error == nil {
			t.Errorf("%s: %d %+v, want 400 and an error", name, res.StatusCode, answer)
		}
	}
	res := w.newest("alice", "tools/destroy", "", "")
	if answer := decodeReply(t, read(t, res)); res.StatusCode != http.StatusNotFound || answer.Error == nil || answer.Error.Code != -32601 {
		t.Errorf("an unknown method is %d %+v, want 404 and -32601", res.StatusCode, answer)
	}
}

func TestADeniedToolIsAnUnknownTool(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := w.item(w.papers, "A poem", poem, poemShape)
	w.allow("lister", w.alice, accounts.Scope{Kind: accounts.ScopeLibraries, Libraries: []string{"*"}, Tools: []string{"list_items"}})
	var names []string
	for _, tool := range w.tools("lister") {
		names = append(names, tool.Name)
	}
	if fmt.Sprint(names) != "[list_items]" {
		t.Errorf("lists %v, want list_items alone", names)
	}
	same := func(what string, denied, unknown *http.Response, from, to string) {
		a, b := read(t, denied), strings.ReplaceAll(read(t, unknown), from, to)
		if a != b || denied.StatusCode != unknown.StatusCode {
			t.Errorf("%s: denied is %d %s, unknown is %d %s", what, denied.StatusCode, a, unknown.StatusCode, b)
		}
	}
	for _, version := range []string{"2025-03-26", revision} {
		body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"%s","arguments":{"query":"owl"}}}`
		same("tools/call", w.post("/mcp/", "lister", version, fmt.Sprintf(body, "search")),
			w.post("/mcp/", "lister", version, fmt.Sprintf(body, "nosuch")), "nosuch", "search")
	}
	same("tools/call", w.newest("lister", "tools/call", "search", `"name":"search","arguments":{"query":"owl"}`),
		w.newest("lister", "tools/call", "nosuch", `"name":"nosuch","arguments":{"query":"owl"}`), "nosuch", "search")
	get := func(name string) *http.Response {
		return w.newest("lister", "prompts/get", name, fmt.Sprintf(`"name":%q,"arguments":{"question":"q"}`, name))
	}
	same("prompts/get", get("answer_with_citations"), get("nosuch"), "nosuch", "answer_with_citations")
	open := func(uid string) *http.Response {
		return w.newest("lister", "resources/read", "mnemosyne://item/"+uid, fmt.Sprintf(`"uri":"mnemosyne://item/%s"`, uid))
	}
	same("resources/read", open(item.UID), open("nosuch"), "nosuch", item.UID)
	for _, method := range []string{"prompts/list", "resources/templates/list"} {
		if body := read(t, w.newest("lister", method, "", "")); strings.Contains(body, `"name":"item"`) || strings.Contains(body, "answer_with") {
			t.Errorf("%s shows what may not be used: %s", method, body)
		}
	}
}

func TestMixedBearersAtOnceSeeTheirOwnTools(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.allow("lister", w.alice, accounts.Scope{Kind: accounts.ScopeLibraries, Libraries: []string{"*"}, Tools: []string{"list_items"}})
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			token, want := "alice", 7
			if i%2 == 1 {
				token, want = "lister", 1
			}
			if got := len(w.tools(token)); got != want {
				t.Errorf("%s sees %d tools, want %d", token, got, want)
			}
		})
	}
	wg.Wait()
}

func TestRelatedFollowsAPassageAndAConcept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := w.item(w.papers, "Owls", "an owl\nits nest\n", "")
	for arguments, want := range map[string]string{
		fmt.Sprintf(`{"chunk_uid":%q}`, w.chunks[item.UID+"/1"][0].UID): "its nest",
		`{"concept":"owl","limit":1}`:                                   "an owl",
	} {
		got := w.call("alice", "related", arguments)
		found := structured[struct {
			Hits     []struct{ Text string }
			Concepts []struct {
				Name   string
				Chunks int
			}
		}](t, got)
		if len(found.Hits) != 1 || !strings.Contains(found.Hits[0].Text, want) || found.Concepts == nil || !strings.Contains(got.Content[0].Text, want) {
			t.Errorf("%s answers %+v, %q", arguments, found, got.Content[0].Text)
		}
	}
}

func TestThePromptAsksForCitations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := w.connect("alice")
	ask := func(arguments map[string]string) (string, error) {
		got, err := session.GetPrompt(t.Context(), &mcp.GetPromptParams{Name: "answer_with_citations", Arguments: arguments})
		if err != nil {
			return "", err
		}
		return got.Messages[0].Content.(*mcp.TextContent).Text, nil
	}
	got, err := ask(map[string]string{"question": "Who went to sea?", "library": "Papers"})
	if err != nil || !strings.Contains(got, "Cite every claim") || !strings.HasSuffix(got, "Who went to sea?") || !strings.Contains(got, w.papers.UID) {
		t.Errorf("the prompt is %q, %v", got, err)
	}
	for name, arguments := range map[string]map[string]string{
		"no question":     {},
		"unknown":         {"question": "q", "tone": "dry"},
		"another's shelf": {"question": "q", "library": "Bob's"},
	} {
		if got, err := ask(arguments); err == nil {
			t.Errorf("%s: the prompt is %q", name, got)
		}
	}
}

func TestLibraryNamesAreCompleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.library(w.alice, library.NewLibrary{Name: "Paperbacks"})
	complete := func(token, typed string) []string {
		got, err := w.connect(token).Complete(t.Context(), &mcp.CompleteParams{
			Ref:      &mcp.CompleteReference{Type: "ref/prompt", Name: "answer_with_citations"},
			Argument: mcp.CompleteParamsArgument{Name: "library", Value: typed},
		})
		if err != nil {
			t.Fatal(err)
		}
		return got.Completion.Values
	}
	if got := complete("alice", "paper"); fmt.Sprint(got) != "[Paperbacks Papers]" {
		t.Errorf("paper is completed to %v", got)
	}
	if got := complete("bob", "paper"); len(got) != 0 {
		t.Errorf("bob is told %v", got)
	}
	w.allow("searcher", w.alice, accounts.Scope{Kind: accounts.ScopeLibraries, Libraries: []string{"*"}, Tools: []string{"search"}})
	if got := complete("searcher", ""); len(got) != 0 {
		t.Errorf("a token that may not list libraries is told %v", got)
	}
}

func TestRevokedBearersStopAtTheNextRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := w.connect("alice")
	if _, err := session.ListTools(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	delete(w.bearers, "alice")
	w.mu.Unlock()
	if _, err := session.CallTool(context.WithoutCancel(t.Context()), &mcp.CallToolParams{Name: "whoami"}); err == nil {
		t.Error("a revoked token still answers")
	}
}
