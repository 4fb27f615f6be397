package mcptools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/mcpserver/mcptools"
)

const (
	poem = "The owl\nand the pussy-cat\nwent to sea ⛵\n"
	// a heading over the first two lines, a page for each half
	poemShape = `{"page":1,"s":0,"e":26}
{"k":"heading","l":1,"s":0,"e":7,"t":"The owl"}
{"k":"paragraph","s":8,"e":25}
{"page":2,"s":26,"e":42}
{"k":"heading","l":2,"s":26,"e":41,"t":"Sea"}
{"version":1,"text_bytes":42}
`
)

type listedTool struct {
	Name         string          `json:"name"`
	Title        string          `json:"title"`
	Description  string          `json:"description"`
	InputSchema  json.RawMessage `json:"inputSchema"`
	OutputSchema json.RawMessage `json:"outputSchema"`
	Annotations  map[string]any  `json:"annotations"`
}

func (w *world) tools(token string) []listedTool {
	w.t.Helper()
	answer := decodeReply(w.t, read(w.t, w.post("/mcp/", token, revision, listTools)))
	var list struct {
		Tools []listedTool `json:"tools"`
	}
	if err := json.Unmarshal(answer.Result, &list); err != nil {
		w.t.Fatal(err)
	}
	return list.Tools
}

func TestToolsAreListedByNameReadOnlyAndWithSchemas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var names []string
	for _, tool := range w.tools("alice") {
		names = append(names, tool.Name)
		want := map[string]any{"readOnlyHint": true, "idempotentHint": true, "destructiveHint": false, "openWorldHint": false}
		for hint, value := range want {
			if tool.Annotations[hint] != value {
				t.Errorf("%s: %s is %v, want %v", tool.Name, hint, tool.Annotations[hint], value)
			}
		}
		if tool.Title == "" || tool.Description == "" {
			t.Errorf("%s has no title or description", tool.Name)
		}
		for _, schema := range []json.RawMessage{tool.InputSchema, tool.OutputSchema} {
			if !bytes.Contains(schema, []byte(`"additionalProperties":false`)) || bytes.Contains(schema, []byte(`"null"`)) {
				t.Errorf("%s: the schema is open or has a union with null: %s", tool.Name, schema)
			}
		}
	}
	if want := []string{"get_chunk", "get_item", "list_items", "list_libraries", "related", "search", "whoami"}; !slices.Equal(names, want) {
		t.Errorf("tools are %v, want %v", names, want)
	}
}

func TestEveryAnswerFitsItsSchemaAndItsTextHoldsItsFacts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := w.item(w.papers, "A poem", poem, poemShape)
	schemas := map[string]*jsonschema.Resolved{}
	for _, tool := range w.tools("alice") {
		var s jsonschema.Schema
		if err := json.Unmarshal(tool.OutputSchema, &s); err != nil {
			t.Fatal(err)
		}
		resolved, err := s.Resolve(nil)
		if err != nil {
			t.Fatalf("%s: %v", tool.Name, err)
		}
		schemas[tool.Name] = resolved
	}
	for tool, arguments := range map[string]string{
		"search":         `{"query":"owl"}`,
		"get_chunk":      fmt.Sprintf(`{"chunk_uid":%q,"after":2}`, w.chunks[item.UID+"/1"][0].UID),
		"get_item":       fmt.Sprintf(`{"item_uid":%q}`, item.UID),
		"list_items":     `{"library":"Papers"}`,
		"list_libraries": `{}`,
		"related":        `{"concept":"owl"}`,
		"whoami":         `{}`,
	} {
		got := w.call("alice", tool, arguments)
		var v any
		if err := json.Unmarshal(got.Structured, &v); err != nil {
			t.Fatalf("%s: %v", tool, err)
		}
		if err := schemas[tool].Validate(v); err != nil {
			t.Errorf("%s answers against its schema: %v\n%s", tool, err, got.Structured)
		}
		for _, fact := range facts(v) {
			if !strings.Contains(got.Content[0].Text, fact) {
				t.Errorf("%s: the text lacks %q:\n%s", tool, fact, got.Content[0].Text)
			}
		}
	}
}

// facts are the texts and numbers of a value, as a text may state them.
func facts(v any) []string {
	switch v := v.(type) {
	case map[string]any:
		var out []string
		for _, member := range v {
			out = append(out, facts(member)...)
		}
		return out
	case []any:
		var out []string
		for _, member := range v {
			out = append(out, facts(member)...)
		}
		return out
	case string:
		return []string{v}
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}
	}
	return nil
}

func TestASearchCitesTheExactWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := w.item(w.papers, "A poem", poem, poemShape)
	got := w.call("alice", "search", `{"query":"sea","libraries":["Papers"],"limit":1}`)
	found := structured[struct {
		Hits []struct {
			ChunkUID    string `json:"chunk_uid"`
			ItemUID     string `json:"item_uid"`
			LibraryName string `json:"library_name"`
			Text        string
			Start, End  int
		}
		Status    map[string]string
		Truncated bool
		TookMS    int `json:"took_ms"`
	}](t, got)
	if len(found.Hits) != 1 || found.Status["graph"] != "skipped" || found.TookMS != 7 || found.Truncated {
		t.Fatalf("found %+v", found)
	}
	hit := found.Hits[0]
	if quote := string([]rune(poem)[hit.Start:hit.End]); quote != hit.Text || hit.ItemUID != item.UID || hit.LibraryName != "Papers" {
		t.Errorf("the hit %+v cites %q", hit, quote)
	}
	if last := got.Content[len(got.Content)-1]; last.Type != "resource_link" || last.URI != "mnemosyne://item/"+item.UID {
		t.Errorf("the last content is %+v, want a link to the item", last)
	}
}

func TestOlderRevisionsGetNoResourceLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.item(w.papers, "A poem", poem, poemShape)
	body := read(t, w.post("/mcp/", "alice", "2025-03-26", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","arguments":{"query":"sea"}}}`))
	if !strings.Contains(body, "went to sea") || strings.Contains(body, "resource_link") {
		t.Errorf("answered %s", body)
	}
}

func TestALongAnswerIsCutAtWholeHits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *mcptools.Options) { o.MaxResultBytes = 2000 })
	w.item(w.papers, "Lines", strings.Repeat("sea and "+strings.Repeat("x", 500)+"\n", 9), "")
	got := w.call("alice", "search", `{"query":"sea"}`)
	found := structured[struct {
		Hits      []struct{ Text string }
		Truncated bool
		Omitted   int
	}](t, got)
	if !found.Truncated || len(found.Hits) == 0 || len(found.Hits)+found.Omitted != 9 || len(got.Content[0].Text) > 2500 {
		t.Errorf("%d hits, truncated %v, omitted %d, %d bytes", len(found.Hits), found.Truncated, found.Omitted, len(got.Content[0].Text))
	}
	for _, hit := range found.Hits {
		if len(hit.Text) != 509 {
			t.Errorf("a hit was cut to %d bytes", len(hit.Text))
		}
	}
}

func TestWrongArgumentsAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := w.item(w.papers, "A poem", poem, poemShape)
	w.library(w.alice, library.NewLibrary{Name: "Twin"})
	w.library(w.alice, library.NewLibrary{Name: "Twin"})
	of := func(format string) string { return fmt.Sprintf(format, item.UID) }
	for _, tt := range []struct{ tool, arguments, says string }{
		{"search", `{}`, `^query: is required`},
		{"search", `null`, `^query: is required`},
		{"search", `[]`, `^arguments: must be an object`},
		{"search", `{"query":""}`, `^query: must not be blank`},
		{"search", `{"query":" \n"}`, `^query: must not be blank`},
		{"search", `{"query":7}`, `^query: must be a text`},
		{"search", `{"query":"a\u0000b"}`, `^query: must not contain the NUL`},
		{"search", `{"query":"` + strings.Repeat("é", 4001) + `"}`, `^query: must have at most 4000`},
		{"search", `{"QUERY":"x"}`, `"QUERY": is no argument`},
		{"search", `{"query":"x","limit":0}`, `^limit: must be from 1 to 50`},
		{"search", `{"query":"x","limit":51}`, `^limit: must be from 1 to 50`},
		{"search", `{"query":"x","limit":1e99}`, `^limit: must be from 1 to 50`},
		{"search", `{"query":"x","limit":1.5}`, `^limit: must be a whole number`},
		{"search", `{"query":"x","limit":"5"}`, `^limit: must be a whole number`},
		{"search", `{"query":"x","limit":null}`, `^limit: must not be null`},
		{"search", `{"query":"x","libraries":[]}`, `^libraries: must hold 1 to`},
		{"search", `{"query":"x","libraries":"Papers"}`, `^libraries: must be a list`},
		{"search", `{"query":"x","libraries":[1]}`, `^libraries: entry 1 must be a text`},
		{"search", `{"query":"x","libraries":["Bob's"]}`, `^No such library`},
		{"search", `{"query":"x","libraries":["Twin"]}`, `[0-9a-f]{8}-.*, [0-9a-f]{8}-`},
		{"search", `{"query":"x","author":"me"}`, `^"author": is no argument of this tool, which takes query, libraries`},
		{"search", `{"limit":0,"x":1}`, `(?s)"x": .*limit: .*query: `},
		{"get_chunk", `{"chunk_uid":"x"}`, `^No such chunk`},
		{"get_chunk", of(`{"chunk_uid":%q}`), `^No such chunk`},
		{"get_chunk", `{"chunk_uid":"x","before":6}`, `^before: must be from 0 to 5`},
		{"get_item", `{"item_uid":"x"}`, `^No such item`},
		{"get_item", of(`{"item_uid":%q,"page":1,"offset":0}`), `^Give one of`},
		{"get_item", of(`{"item_uid":%q,"page":3}`), `^page: The document has pages 1 to 2`},
		{"get_item", of(`{"item_uid":%q,"page":0}`), `^page: must be at least 1`},
		{"get_item", of(`{"item_uid":%q,"heading":"Land"}`), `^heading: .*Land`},
		{"get_item", of(`{"item_uid":%q,"offset":41}`), `^offset: must be at most 40`},
		{"get_item", of(`{"item_uid":%q,"max_chars":40001}`), `^max_chars: must be from 1 to 40000`},
		{"related", `{}`, `^Give one of chunk_uid and concept`},
		{"related", `{"chunk_uid":"x","concept":"owl"}`, `^Give one of chunk_uid and concept`},
		{"related", `{"chunk_uid":"x"}`, `^No such chunk`},
		{"related", `{"concept":"owl","depth":3}`, `^"depth": is no argument of this tool, which takes chunk_uid, concept, limit`},
		{"list_items", `{}`, `^library: is required`},
		{"list_items", `{"library":"Bob's"}`, `^No such library`},
		{"list_items", `{"library":"Papers","collection":"none"}`, `^collection: `},
		{"list_items", `{"library":"Papers","limit":101}`, `^limit: must be from 1 to 100`},
		{"list_items", `{"library":"Papers","cursor":"AAAA"}`, `^cursor: `},
		{"whoami", `{"verbose":true}`, `^"verbose": is no argument of this tool, which takes none`},
	} {
		got := w.call("alice", tt.tool, tt.arguments)
		if !got.IsError || got.Structured != nil || !regexp.MustCompile(tt.says).MatchString(got.Content[0].Text) {
			t.Errorf("%s %.80s: isError %v, says %q, want %s", tt.tool, tt.arguments, got.IsError, got.Content[0].Text, tt.says)
		}
	}
	if log := w.logged.String(); strings.Contains(log, "mcp_fault") {
		t.Errorf("a caller's mistake was logged as our fault: %s", log)
	}
}

func TestWhatIsAnothersIsAnsweredAsWhatIsNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theirs := w.item(w.bobs, "Bob's", poem, "")
	nowhere := "7a9c2b54-0c1f-4e7e-9d52-0f3b6f4c1a11"
	missing, err := library.ChunkUID(nowhere, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ tool, format, theirs, none string }{
		{"get_item", `{"item_uid":%q}`, theirs.UID, nowhere},
		{"get_chunk", `{"chunk_uid":%q}`, w.chunks[theirs.UID+"/1"][0].UID, missing},
		{"related", `{"chunk_uid":%q}`, w.chunks[theirs.UID+"/1"][0].UID, missing},
		{"list_items", `{"library":%q}`, w.bobs.UID, nowhere},
		{"search", `{"query":"x","libraries":[%q]}`, w.bobs.UID, nowhere},
	} {
		a, b := w.call("alice", tt.tool, fmt.Sprintf(tt.format, tt.theirs)), w.call("alice", tt.tool, fmt.Sprintf(tt.format, tt.none))
		if !a.IsError || a.Content[0].Text != b.Content[0].Text {
			t.Errorf("%s: another's says %q, none says %q", tt.tool, a.Content[0].Text, b.Content[0].Text)
		}
	}
}

func TestOurFaultIsToldByAnIdAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.find = func(context.Context, accounts.Principal, search.Request) (search.Result, error) {
		return search.Result{}, fmt.Errorf("open /secret/path: %w", context.DeadlineExceeded)
	}
	if got := w.call("alice", "search", `{"query":"x"}`); !got.IsError || !strings.Contains(got.Content[0].Text, "too long") {
		t.Errorf("a timeout says %+v", got)
	}
	w.find = func(context.Context, accounts.Principal, search.Request) (search.Result, error) {
		return search.Result{}, fmt.Errorf("open /secret/path")
	}
	got := w.call("alice", "search", `{"query":"x"}`)
	id := regexp.MustCompile(`[0-9a-f]{16}`).FindString(got.Content[0].Text)
	if !got.IsError || strings.Contains(got.Content[0].Text, "secret") || id == "" {
		t.Fatalf("a fault says %+v", got)
	}
	if log := w.logged.String(); !strings.Contains(log, id) || !strings.Contains(log, "/secret/path") {
		t.Errorf("the log lacks the id or the cause: %s", log)
	}
	w.find = func(context.Context, accounts.Principal, search.Request) (search.Result, error) {
		return search.Result{}, errs.New(errs.Unavailable, "The index does not answer. Try again.")
	}
	if got := w.call("alice", "search", `{"query":"x"}`); !got.IsError || got.Content[0].Text != "The index does not answer. Try again." {
		t.Errorf("a part that is down says %+v", got)
	}
}

func TestAChunkIsReadWithItsNeighbours(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := w.item(w.papers, "A poem", poem, "")
	w.chunks[item.UID+"/2"] = lineChunks(t, w.papers.UID, item.UID, 2, "another\ntext")
	type chunks struct {
		Chunks []struct {
			UID     string
			Ordinal int
			Text    string
		}
		Item struct{ UID, Title, Source string }
	}
	all := w.chunks[item.UID+"/1"]
	got := structured[chunks](t, w.call("alice", "get_chunk", fmt.Sprintf(`{"chunk_uid":%q,"before":5,"after":1}`, all[1].UID)))
	if len(got.Chunks) != 3 || got.Chunks[0].Ordinal != 0 || got.Chunks[1].UID != all[1].UID || got.Item.Title != "A poem" {
		t.Errorf("read %+v", got)
	}
	got = structured[chunks](t, w.call("alice", "get_chunk", fmt.Sprintf(`{"chunk_uid":%q}`, w.chunks[item.UID+"/2"][1].UID)))
	if len(got.Chunks) != 1 || got.Chunks[0].Text != "text" {
		t.Errorf("of another generation: read %+v", got)
	}
	beyond, err := library.ChunkUID(item.UID, 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	if r := w.call("alice", "get_chunk", fmt.Sprintf(`{"chunk_uid":%q,"before":5}`, beyond)); !r.IsError {
		t.Errorf("a chunk behind the last was read: %s", r.Structured)
	}
}

func TestPagesOfItemsMeetAndBelongToTheirCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 5 {
		w.item(w.shared, fmt.Sprintf("Number %d", i), poem, "")
	}
	type list struct {
		Items      []struct{ UID, Title string }
		NextCursor *string `json:"next_cursor"`
	}
	seen := map[string]bool{}
	first := structured[list](t, w.call("alice", "list_items", `{"library":"Shared","limit":2}`))
	page := first
	for {
		for _, item := range page.Items {
			seen[item.UID] = true
		}
		if page.NextCursor == nil {
			break
		}
		page = structured[list](t, w.call("alice", "list_items", fmt.Sprintf(`{"library":"Shared","limit":2,"cursor":%q}`, *page.NextCursor)))
	}
	if len(seen) != 5 {
		t.Errorf("the pages hold %d items, want 5", len(seen))
	}
	stolen := fmt.Sprintf(`{"library":"Shared","cursor":%q}`, *first.NextCursor)
	if got := w.call("bob", "list_items", stolen); !got.IsError {
		t.Errorf("bob reads on with alice's cursor: %s", got.Structured)
	}
	w.item(w.papers, "Elsewhere", poem, "")
	elsewhere := fmt.Sprintf(`{"library":"Papers","cursor":%q}`, *first.NextCursor)
	if got := w.call("alice", "list_items", elsewhere); !got.IsError {
		t.Errorf("the cursor of one library serves another: %s", got.Structured)
	}
}

func TestLargeMetadataMakesPagesShorter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *mcptools.Options) { o.MaxResultBytes = 4000 })
	for i := range 3 {
		item := w.item(w.papers, fmt.Sprintf("Number %d", i), poem, "")
		w.exec(`UPDATE item SET metadata = $2 WHERE uid = $1`, item.UID, `{"note":"`+strings.Repeat("n", 3000)+`"}`)
	}
	got := structured[struct {
		Items      []struct{ UID string }
		NextCursor *string `json:"next_cursor"`
	}](t, w.call("alice", "list_items", `{"library":"Papers"}`))
	if len(got.Items) != 1 || got.NextCursor == nil {
		t.Errorf("%d items, cursor %v, want one and a cursor", len(got.Items), got.NextCursor)
	}
}

func TestWhoamiTellsWhatTheTokenOpens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	until := time.Date(2031, 2, 3, 4, 5, 6, 0, time.FixedZone("", 3600))
	w.allow("narrow", w.alice, accounts.Scope{Kind: accounts.ScopeLibraries, Libraries: []string{w.papers.UID, w.bobs.UID}, Tools: []string{"whoami", "search", "merge", "rm"}})
	p := w.bearers["narrow"]
	p.Credential.ExpiresAt = &until
	w.bearers["narrow"] = p
	got := string(w.call("narrow", "whoami", "{}").Structured)
	want := fmt.Sprintf(`{"kind":"user_token","username":"alice","name":"narrow's token","libraries":[{"uid":%q,"name":"Papers"}],"tools":["search","whoami"],"expires_at":"2031-02-03T03:05:06Z"}`, w.papers.UID)
	if got != want {
		t.Errorf("whoami is\n%s, want\n%s", got, want)
	}
}

func TestMetricsCountCallsResultsAndNothingFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call("alice", "search", `{"query":"nowhere to be found"}`)
	w.call("alice", "search", `{"query":"x","limit":99}`)
	const empty = "mnemosyne_mcp_tool_empty_total"
	want := "# HELP " + empty + " Tool calls that found nothing, by tool.\n# TYPE " + empty + " counter\n" + empty + "{tool=\"search\"} 1\n"
	if err := testutil.GatherAndCompare(w.registry, strings.NewReader(want), empty); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(w.registry, "mnemosyne_mcp_tool_seconds"); err != nil || n != 2 {
		t.Errorf("%d series of tool seconds (%v), want ok and invalid", n, err)
	}
}
