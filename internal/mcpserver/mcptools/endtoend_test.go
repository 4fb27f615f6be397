package mcptools_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm"
	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/queue"
)

const extractWorker = "extract-worker"

// TestMain makes the test binary its own extraction process.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == extractWorker {
		os.Exit(extract.ChildMain(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

// engines is a whole program on embedded engines: nothing in it is a fake.
type engines struct {
	*world

	ingest *ingest.Service
	tokens *mcpserver.Tokens
}

func newEngines(t testing.TB) *engines {
	t.Helper()
	w := newWorld(t)
	log := slog.New(slog.DiscardHandler)
	graph, err := sqlitegraph.Open(t.TempDir(), sqlitegraph.Options{})
	check(t, err)
	t.Cleanup(func() { check(t, graph.Close()) })
	resolver := mcpserver.NewResolver(w.db, log, mcpserver.ResolverOptions{})
	t.Cleanup(resolver.Wait)
	model := minilm.New(minilm.Options{Threads: 1})
	w.opt.Bearers, w.opt.Chunks = resolver, graph
	w.opt.Search = search.New(search.Options{Access: w.access, Graph: graph, Embedder: model, Catalog: search.NewCatalog(w.db)})
	w.registry = prometheus.NewRegistry()
	w.serve()

	exe, err := os.Executable()
	check(t, err)
	pool := extract.NewPool(extract.Options{Executable: exe, Args: []string{extractWorker}})
	check(t, pool.Start(t.Context()))
	stopAtEnd(t, pool.Stop)
	service := ingest.New(ingest.Options{DB: w.db, Graph: graph, Objects: w.objects, Queue: queue.NewInProcess(), Access: w.access})
	worker := ingest.NewWorker(service, ingest.WorkerOptions{Embedder: model, Extractor: pool, TempDir: t.TempDir(), Sole: true})
	check(t, worker.Start(t.Context()))
	stopAtEnd(t, worker.Stop)
	return &engines{world: w, ingest: service, tokens: mcpserver.NewTokens(w.db, accounts.NewAudit(w.db, log, time.Now), time.Now)}
}

func stopAtEnd(t testing.TB, stop func(context.Context) error) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := stop(ctx); err != nil {
			t.Error(err)
		}
	})
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// token mints a UserToken of alice's.
func (e *engines) token(spec mcpserver.TokenSpec) string {
	e.t.Helper()
	spec.Name = "agent"
	plaintext, _, err := e.tokens.Create(e.t.Context(), accounts.Operator(), e.alice.UserID, spec)
	check(e.t, err)
	return plaintext
}

// put takes a document in, waits until it is done and gives its uid.
func (e *engines) put(filename, text string) string {
	e.t.Helper()
	out, err := e.ingest.Submit(e.t.Context(), e.alice, ingest.Submission{LibraryUID: e.papers.UID, Filename: filename, Body: strings.NewReader(text)})
	check(e.t, err)
	for job, err := range e.ingest.Watch(e.t.Context(), e.alice, out.Job.ID) {
		check(e.t, err)
		if job.Error != nil {
			e.t.Fatalf("ingest of %s: %+v", filename, job.Error)
		}
	}
	return out.ItemUID
}

const handbook = `# Lighthouse handbook

Général notes on the tower — 48 m high 🗼.

## Lamp

The lamp is lit one hour before sunset and burns whale oil.

## Fog

In fog the horn sounds every ninety seconds.
`

func TestADocumentGoesInAndAnAgentFindsItWithItsCitation(t *testing.T) {
	t.Parallel()
	e := newEngines(t)
	uid := e.put("handbook.md", handbook)
	session := e.connect(e.token(mcpserver.TokenSpec{AllowedLibraries: []string{e.papers.UID}}))
	hit := e.first(session, "how often does the fog horn sound?")
	if hit.ItemUID != uid || strings.Join(hit.HeadingPath, ">") != "Lighthouse handbook>Fog" || !strings.Contains(hit.Text, "ninety seconds") {
		t.Fatalf("found %+v", hit)
	}
	var doc document
	e.ask(session, "get_item", map[string]any{"item_uid": uid, "offset": hit.Start, "max_chars": hit.End - hit.Start}, &doc)
	if doc.Text != hit.Text || len(doc.Outline) != 3 {
		t.Errorf("the cited span reads %q of %+v, want %q", doc.Text, doc, hit.Text)
	}
	e.ask(session, "get_item", map[string]any{"item_uid": uid, "heading": "lamp"}, &doc)
	if !strings.Contains(doc.Text, "whale oil") || strings.Contains(doc.Text, "horn") {
		t.Errorf("the section reads %q", doc.Text)
	}
}

func TestACitationOfAnEarlierVersionStillResolves(t *testing.T) {
	t.Parallel()
	e := newEngines(t)
	e.put("handbook.md", handbook)
	session := e.connect(e.token(mcpserver.TokenSpec{AllowedLibraries: []string{accounts.AllLibraries}}))
	old := e.first(session, "fog horn")
	e.put("handbook.md", strings.Replace(handbook, "ninety", "thirty", 1))
	if now := e.first(session, "fog horn"); !strings.Contains(now.Text, "thirty") || now.ChunkUID == old.ChunkUID {
		t.Errorf("found %+v after the change", now)
	}
	var kept struct {
		Chunks []struct{ UID, Text string }
	}
	e.ask(session, "get_chunk", map[string]any{"chunk_uid": old.ChunkUID}, &kept)
	if len(kept.Chunks) != 1 || kept.Chunks[0].Text != old.Text {
		t.Errorf("the old citation reads %+v, want %q", kept, old.Text)
	}
}

func TestATokenForNothingFindsNothing(t *testing.T) {
	t.Parallel()
	e := newEngines(t)
	uid := e.put("handbook.md", handbook)
	session := e.connect(e.token(mcpserver.TokenSpec{}))
	var found struct{ Hits []any }
	e.ask(session, "search", map[string]any{"query": "fog horn"}, &found)
	if len(found.Hits) != 0 {
		t.Errorf("found %v", found.Hits)
	}
	res, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "get_item", Arguments: map[string]any{"item_uid": uid}})
	if err != nil || !res.IsError {
		t.Errorf("the document reads %+v, %v", res, err)
	}
}

type citation struct {
	ChunkUID    string   `json:"chunk_uid"`
	ItemUID     string   `json:"item_uid"`
	HeadingPath []string `json:"heading_path"`
	Text        string
	Start, End  int
}

// first is the best hit of a search.
func (e *engines) first(session *mcp.ClientSession, query string) citation {
	e.t.Helper()
	var found struct{ Hits []citation }
	e.ask(session, "search", map[string]any{"query": query}, &found)
	if len(found.Hits) == 0 {
		e.t.Fatalf("%q finds nothing", query)
	}
	return found.Hits[0]
}

// ask calls a tool and reads its answer into a value.
func (e *engines) ask(session *mcp.ClientSession, tool string, arguments map[string]any, into any) {
	e.t.Helper()
	res, err := session.CallTool(e.t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	check(e.t, err)
	raw, err := json.Marshal(res.StructuredContent)
	check(e.t, err)
	if res.IsError {
		e.t.Fatalf("%s %v: %+v", tool, arguments, res.Content[0])
	}
	check(e.t, json.Unmarshal(raw, into))
}
