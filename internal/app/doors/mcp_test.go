package doors_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// mcpClasses tells which classes a caller sees over MCP: what their person may
// read, narrowed by their credential.
func (who identity) mcpClasses() func(class) bool {
	return func(c class) bool {
		switch {
		case who.mcp == nil, who.mcp.classes == nil && !who.mcp.refused:
			return reads(who.person, c)
		case who.mcp.refused:
			return false
		}
		return slices.Contains(who.mcp.classes, c)
	}
}

// refusedOverMCP tells that the credential opens nothing there.
func (who identity) refusedOverMCP() bool {
	return (who.person == "" && who.mcp == nil) || (who.mcp != nil && who.mcp.refused)
}

func (who identity) mayCall(tool string) bool {
	return who.mcp == nil || len(who.mcp.tools) == 0 || slices.Contains(who.mcp.tools, tool)
}

// needed are the arguments that a tool cannot do without, for a place; its
// references are set beside them.
func needed(tool string) (map[string]any, bool) {
	all := map[string]map[string]any{
		"search":         {"query": common},
		"get_chunk":      {},
		"get_item":       {},
		"list_items":     {},
		"list_libraries": {},
		"related":        {},
		"whoami":         {},
	}
	arguments, known := all[tool]
	return arguments, known
}

// tool is what tools/list tells of one.
type tool struct {
	Name        string
	InputSchema schema
}

// speak sends a JSON-RPC request.
func (w *world) speak(who identity, method string, params any) answer {
	w.t.Helper()
	headers := who.headers()
	headers["Accept"] = "application/json, text/event-stream"
	return w.ask(request{method: "POST", path: "/mcp/", headers: headers, body: map[string]any{
		"jsonrpc": "2.0", "id": 1, "method": method, "params": params,
	}})
}

func (w *world) call(who identity, name string, arguments map[string]any) answer {
	w.t.Helper()
	return w.speak(who, "tools/call", map[string]any{"name": name, "arguments": arguments})
}

// succeeded tells that a call was carried out.
func succeeded(a answer) bool {
	var reply struct {
		Result *struct {
			IsError bool `json:"isError"`
		}
	}
	return a.status == http.StatusOK && json.Unmarshal([]byte(a.body), &reply) == nil && reply.Result != nil && !reply.Result.IsError
}

func (w *world) tools(who identity) []tool {
	w.t.Helper()
	a := w.speak(who, "tools/list", map[string]any{})
	var reply struct{ Result struct{ Tools []tool } }
	if err := json.Unmarshal([]byte(a.body), &reply); err != nil || a.status != http.StatusOK {
		w.t.Fatalf("tools/list as %s: %s, %v", who.name, a, err)
	}
	return reply.Result.Tools
}

// arguments checks that every argument of a tool is known and gives those that
// name something: all of them, and those that must be there.
func arguments(t *testing.T, of tool) (refs []string, required string) {
	t.Helper()
	if _, known := needed(of.Name); !known {
		t.Errorf("the isolation matrix does not know the tool %q: add what it needs to needed in mcp_test.go", of.Name)
	}
	for _, name := range names(of.InputSchema) {
		k, known := nameKinds()[name]
		if !known {
			t.Errorf("the isolation matrix does not know what the argument %q of the tool %q names: add it to nameKinds in rules_test.go", name, of.Name)
		}
		if k == plain {
			continue
		}
		refs = append(refs, name)
		if slices.Contains(of.InputSchema.Required, name) {
			required = name
		}
	}
	return refs, required
}

// reference is a way to name an object in a call.
type reference struct {
	argument string
	list     bool
	byName   bool // a library by its name and not its uid
}

func (r reference) of(p place) any {
	value := p.value(nameKinds()[r.argument])
	if r.byName {
		value = p.name
	}
	if r.list {
		return []string{value}
	}
	return value
}

func (r reference) text(p place) string {
	if r.byName {
		return p.name
	}
	return p.value(nameKinds()[r.argument])
}

func referencesOf(t *testing.T, of tool) []reference {
	t.Helper()
	refs, _ := arguments(t, of)
	var out []reference
	for _, name := range refs {
		list := slices.Contains(of.InputSchema.Properties[name].types(), "array")
		out = append(out, reference{argument: name, list: list})
		if nameKinds()[name] == aLibrary {
			out = append(out, reference{argument: name, list: list, byName: true})
		}
	}
	return out
}

func TestEachToolShowsEachBearerTheirOwnAndNothingElse(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := newWorld(h)
		everybody := w.identities()
		tools := w.tools(w.who[owner])
		if len(tools) < 6 {
			h.t.Errorf("only %d tools", len(tools))
		}
		before, calls := w.content(), 0
		for _, who := range everybody {
			if who.refusedOverMCP() {
				w.refusedBearer(who, tools)
				continue
			}
			for _, of := range tools {
				calls += w.toolCells(of, who)
			}
			w.beside(who)
		}
		if after := w.content(); after != before {
			h.t.Errorf("tools changed the store:\n%s", difference(before, after))
		}
		h.t.Logf("%d tools, %d identities, %d calls", len(tools), len(everybody), calls)
	})
}

// refusedBearer asks for everything with a credential that opens nothing.
func (w *world) refusedBearer(who identity, tools []tool) {
	w.t.Helper()
	ask := func(method string, params any) {
		w.t.Helper()
		a := w.speak(who, method, params)
		if who.crossSite && a.status == http.StatusForbidden {
			return // the page is turned away before anybody asks who sent it
		}
		if a.status != http.StatusUnauthorized || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
			w.t.Errorf("%s as %s: %s, want 401 and WWW-Authenticate: Bearer", method, who.name, a)
		}
		if leaked := w.leaks(a, func(class) bool { return false }, encode(w.t, params)); len(leaked) > 0 {
			w.t.Errorf("%s as %s tells %s", method, who.name, leaked)
		}
	}
	for _, of := range tools {
		ask("tools/call", map[string]any{"name": of.Name, "arguments": map[string]any{"library": w.places[private].library}})
	}
	for _, method := range []string{"initialize", "ping", "tools/list", "prompts/list", "resources/list", "resources/templates/list"} {
		ask(method, map[string]any{})
	}
	ask("resources/read", map[string]any{"uri": "mnemosyne://item/" + w.places[private].item})
}

// toolCells calls a tool with each reference to each place.
func (w *world) toolCells(of tool, who identity) (calls int) {
	w.t.Helper()
	if !who.mayCall(of.Name) {
		w.deniedTool(of, who)
		return 2
	}
	sees := who.mcpClasses()
	try := func(extra map[string]any) (answer, string) {
		given, _ := needed(of.Name)
		all := map[string]any{}
		maps.Copy(all, given)
		maps.Copy(all, extra)
		a, said := w.call(who, of.Name, all), encode(w.t, all)
		calls++
		if leaked := w.leaks(a, sees, said); len(leaked) > 0 {
			w.t.Errorf("%s(%s) as %s tells %s", of.Name, said, who.name, leaked)
		}
		return a, said
	}
	if _, required := arguments(w.t, of); required == "" {
		if a, said := try(nil); !succeeded(a) && of.Name != "related" {
			w.t.Errorf("%s(%s) as %s: %s", of.Name, said, who.name, a)
		}
	}
	for _, ref := range referencesOf(w.t, of) {
		none := nothing(w.t)
		absent, said := try(map[string]any{ref.argument: ref.of(none)})
		if succeeded(absent) {
			w.t.Errorf("%s(%s) as %s finds what there is not: %s", of.Name, said, who.name, absent)
		}
		for _, c := range classes() {
			p := w.places[c]
			a, said := try(map[string]any{ref.argument: ref.of(p)})
			a.body = strings.ReplaceAll(a.body, ref.text(p), "…")
			expected := absent
			expected.body = strings.ReplaceAll(absent.body, ref.text(none), "…")
			switch {
			case sees(c) && !succeeded(a):
				w.t.Errorf("%s(%s) of the %s as %s: %s", of.Name, said, c, who.name, a)
			case !sees(c) && !same(withoutLength(a), withoutLength(expected)):
				w.t.Errorf("%s(%s) of the %s as %s: %s, for a missing one %s", of.Name, said, c, who.name, a, expected)
			}
		}
	}
	return calls
}

// withoutLength leaves out how long a body is, where a name of another length
// is repeated in it.
func withoutLength(a answer) answer {
	a.header = a.header.Clone()
	a.header.Del("Content-Length")
	return a
}

// deniedTool calls what the token may not: it answers as what does not exist.
func (w *world) deniedTool(of tool, who identity) {
	w.t.Helper()
	denied := w.call(who, of.Name, map[string]any{})
	unknown := w.call(who, strings.Repeat("x", len(of.Name)), map[string]any{})
	unknown.body = strings.ReplaceAll(unknown.body, strings.Repeat("x", len(of.Name)), of.Name)
	if succeeded(denied) || !same(denied, unknown) {
		w.t.Errorf("%s as %s: %s, an unknown tool %s", of.Name, who.name, denied, unknown)
	}
	for _, listed := range w.tools(who) {
		if !who.mayCall(listed.Name) {
			w.t.Errorf("%s is listed for %s", listed.Name, who.name)
		}
	}
}

// beside asks for what the server has besides tools: resources, prompts and
// completions.
func (w *world) beside(who identity) {
	w.t.Helper()
	sees, none := who.mcpClasses(), nothing(w.t)
	ask := func(method string, params any) answer {
		w.t.Helper()
		a := w.speak(who, method, params)
		if leaked := w.leaks(a, sees, encode(w.t, params)); len(leaked) > 0 {
			w.t.Errorf("%s as %s tells %s", method, who.name, leaked)
		}
		return a
	}
	for _, method := range []string{"initialize", "resources/list", "resources/templates/list", "prompts/list"} {
		ask(method, map[string]any{})
	}
	complete := ask("completion/complete", map[string]any{
		"ref": map[string]any{"type": "ref/prompt", "name": "answer_with_citations"}, "argument": map[string]any{"name": "library", "value": ""},
	})
	ways := map[string]func(p place) (answer, string){
		"a resource": func(p place) (answer, string) {
			return ask("resources/read", map[string]any{"uri": "mnemosyne://item/" + p.item}), p.item
		},
		"a prompt": func(p place) (answer, string) {
			arguments := map[string]any{"question": "What hovers?", "library": p.library}
			return ask("prompts/get", map[string]any{"name": "answer_with_citations", "arguments": arguments}), p.library
		},
		"a prompt by name": func(p place) (answer, string) {
			arguments := map[string]any{"question": "What hovers?", "library": p.name}
			return ask("prompts/get", map[string]any{"name": "answer_with_citations", "arguments": arguments}), p.name
		},
	}
	for what, ask := range ways {
		absent, said := ask(none)
		absent.body = strings.ReplaceAll(absent.body, said, "…")
		for _, c := range classes() {
			a, said := ask(w.places[c])
			a.body = strings.ReplaceAll(a.body, said, "…")
			found := sees(c) && who.mayCall("search") && who.mayCall("get_item")
			if succeeded(a) != found || (!found && !same(withoutLength(a), withoutLength(absent))) {
				w.t.Errorf("%s of the %s as %s: %s, for a missing one %s", what, c, who.name, a, absent)
			}
			named := strings.Contains(complete.body, w.places[c].canary)
			if named != (sees(c) && who.mayCall("list_libraries")) {
				w.t.Errorf("completion as %s names the %s: %v", who.name, c, named)
			}
		}
	}
}

func TestAToolsCursorIsRefusedToAnyOtherBearer(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := newWorld(h)
		at := w.places[private]
		// A second document, so that one is left for the next page.
		job := w.insist(202, w.who[owner], "POST", "/library/api/ingest/", map[string]any{"library_uid": at.library, "text": "# More\n\nMore."})
		w.settle(w.who[owner], job.text(h.t, "id"))
		first := w.call(w.who[owner], "list_items", map[string]any{"library": at.library, "limit": 1})
		var reply struct {
			Result struct {
				StructuredContent struct {
					Next string `json:"next_cursor"`
				}
			}
		}
		must(h.t, json.Unmarshal([]byte(first.body), &reply))
		next := map[string]any{"library": at.library, "limit": 1, "cursor": reply.Result.StructuredContent.Next}
		if a := w.call(w.who[owner], "list_items", next); !succeeded(a) {
			h.t.Fatalf("the owner's own cursor: %s", a)
		}
		other := identity{name: "another token of the owner", person: owner, bearer: w.token(owner, "*")}
		for _, who := range []identity{w.who[reader], w.who[manager], w.who[coOwner], w.who[stranger], other} {
			if a := w.call(who, "list_items", next); succeeded(a) {
				h.t.Errorf("the owner's cursor serves %s: %s", who.name, a)
			}
		}
	})
}

func TestGETAndDELETEOfTheMCPAddressTellNothing(t *testing.T) {
	t.Parallel()
	h := open(t, "sqlite")
	w := newWorld(h)
	for _, who := range w.identities() {
		for _, method := range []string{"GET", "DELETE", "PUT", "OPTIONS", "PATCH"} {
			for _, path := range []string{"/mcp", "/mcp/"} {
				a := w.ask(request{method: method, path: path, headers: who.headers()})
				want := http.StatusMethodNotAllowed
				if who.refusedOverMCP() {
					want = http.StatusUnauthorized
				}
				if who.crossSite {
					want = http.StatusForbidden
				}
				if a.status != want {
					t.Errorf("%s %s as %s: %s, want %d", method, path, who.name, a, want)
				}
				if leaked := w.leaks(a, func(class) bool { return false }, path); len(leaked) > 0 {
					t.Errorf("%s %s as %s tells %s", method, path, who.name, leaked)
				}
			}
		}
	}
}
