package mcptools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/blob/files"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/mcpserver/mcptools"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// world is a server on a loopback port over a real relational store, with
// bearers, documents and a search that are set by hand.
type world struct {
	t        testing.TB
	db       *sqldb.DB
	access   *library.Access
	service  *library.Service
	objects  *files.Store
	registry *prometheus.Registry
	logged   *logBuffer
	opt      mcptools.Options
	url      string

	mu      sync.Mutex
	bearers map[string]accounts.Principal
	refusal error                      // in the place of a plain one
	chunks  map[string][]library.Chunk // by item uid/generation
	find    func(ctx context.Context, p accounts.Principal, r search.Request) (search.Result, error)

	alice, bob     accounts.Principal
	papers, shared library.Library // alice's own, and a global one
	bobs           library.Library
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newWorld makes a world in which the token alice reads all that alice may,
// and bob all that bob may. change may alter the options.
func newWorld(t testing.TB, change ...func(*mcptools.Options)) *world {
	t.Helper()
	db := sqldbtest.SQLite(t)
	w := &world{
		t: t, db: db, access: library.NewAccess(db, library.AccessOptions{}),
		registry: prometheus.NewRegistry(), logged: &logBuffer{},
		bearers: map[string]accounts.Principal{}, chunks: map[string][]library.Chunk{},
	}
	log := telemetry.NewLogger(w.logged, slog.LevelInfo)
	w.service = library.NewService(db, w.access, nil, log)
	w.find = w.searchByWord
	w.alice, w.bob = w.user("alice"), w.user("bob")
	w.papers = w.library(w.alice, library.NewLibrary{Name: "Papers", Description: "What alice reads"})
	w.bobs = w.library(w.bob, library.NewLibrary{Name: "Bob's"})
	root := w.alice
	root.Superuser = true
	w.shared = w.library(root, library.NewLibrary{Name: "Shared", Global: true})
	w.allow("alice", w.alice, accounts.Scope{Kind: accounts.ScopeLibraries, Libraries: []string{accounts.AllLibraries}})
	w.allow("bob", w.bob, accounts.Scope{Kind: accounts.ScopeLibraries, Libraries: []string{accounts.AllLibraries}})
	cursors, err := httpx.NewCursors([]byte("a key of the tests' own"))
	if err != nil {
		t.Fatal(err)
	}
	if w.objects, err = files.Open(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	w.opt = mcptools.Options{
		Bearers: w, Libraries: w.service, Objects: w.objects, Chunks: w, Search: w, Cursors: cursors,
		AllowedHosts: []string{"127.0.0.1", ".example.com"},
		Version:      "1.2.3", Log: log,
	}
	for _, f := range change {
		f(&w.opt)
	}
	w.serve()
	return w
}

// serve starts a server with the world's options, behind the front that stands
// before every surface.
func (w *world) serve() {
	w.t.Helper()
	w.opt.Registry = w.registry
	server, err := mcptools.New(w.opt)
	if err != nil {
		w.t.Fatalf("New: %v", err)
	}
	front := httpx.NewFront(server.Handler(), httpx.FrontOptions{
		Log: w.opt.Log, Registry: w.registry, AllowedHosts: w.opt.AllowedHosts, AnyHost: httpx.AnyHost,
	})
	web := httptest.NewServer(front)
	w.t.Cleanup(web.Close)
	w.url = web.URL
}

func (w *world) user(name string) accounts.Principal {
	w.t.Helper()
	p := accounts.Principal{UserID: uuid.NewString(), Username: name, Scope: accounts.Scope{Kind: accounts.ScopeUser}}
	w.exec(`INSERT INTO auth_user (id, username, username_key, created_at, updated_at) VALUES ($1, $2, $2, $3, $3)`,
		p.UserID, name, sqldb.At(time.Now()))
	return p
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	if _, err := sqldb.Exec(w.t.Context(), w.db.Write(), query, args...); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
}

func (w *world) library(p accounts.Principal, n library.NewLibrary) library.Library {
	w.t.Helper()
	g, err := w.service.Create(w.t.Context(), p, n)
	if err != nil {
		w.t.Fatalf("create %+v: %v", n, err)
	}
	return g.Library
}

// allow makes a token of that very text.
func (w *world) allow(token string, p accounts.Principal, scope accounts.Scope) {
	p.Scope = scope
	p.Credential = accounts.Credential{Kind: accounts.CredentialUserToken, ID: "id of " + token, Name: token + "'s token"}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bearers[token] = p
}

func (w *world) Resolve(_ context.Context, header string, surface mcpserver.Surface) (accounts.Principal, error) {
	token, _ := strings.CutPrefix(header, "Bearer ")
	w.mu.Lock()
	defer w.mu.Unlock()
	p, ok := w.bearers[token]
	switch {
	case surface != mcpserver.MCP:
		return p, errors.New("asked for another surface")
	case token == "broken":
		return p, errors.New("the store is on fire")
	case !ok && w.refusal != nil:
		return p, w.refusal
	case !ok:
		return p, errs.New(errs.Unauthenticated, "This token is not known or has been revoked.")
	}
	return p, nil
}

// item adds a document whose every line is a chunk.
func (w *world) item(in library.Library, title, text, structure string) library.Item {
	w.t.Helper()
	uid, now := uuid.NewString(), sqldb.At(time.Now())
	w.exec(`INSERT INTO item (uid, library_uid, title, source, filename, status, generation, chunk_count, metadata, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, 'ready', 1, $6, '{"year":2024}', $7, $7)`,
		uid, in.UID, title, "upload of "+title, title+".txt", strings.Count(text, "\n"), now)
	w.exec(`INSERT INTO item_generation (item_uid, generation, status, original_key, text_key, structure_key, content_hash, size_bytes, created_at)
		VALUES ($1, 1, 'published', $5, $2, $3, '', 0, $4)`, uid, w.put(uid+"/text", text), w.put(uid+"/structure", structure), now, uid+"/original")
	w.chunks[uid+"/1"] = lineChunks(w.t, in.UID, uid, 1, text)
	return library.Item{UID: uid, LibraryUID: in.UID, Title: title, Generation: 1}
}

func lineChunks(t testing.TB, libraryUID, itemUID string, generation int64, text string) []library.Chunk {
	t.Helper()
	var out []library.Chunk
	at := 0
	for i, line := range strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n") {
		uid, err := library.ChunkUID(itemUID, generation, i)
		if err != nil {
			t.Fatal(err)
		}
		n := len([]rune(line))
		out = append(out, library.Chunk{
			UID: uid, ItemUID: itemUID, LibraryUID: libraryUID, Generation: generation, Ordinal: i,
			Text: line, HeadingPath: []string{"Top"}, Start: at, End: at + n,
		})
		at += n
	}
	return out
}

// searchByWord finds the chunks that hold the query, letter by letter.
func (w *world) searchByWord(ctx context.Context, p accounts.Principal, r search.Request) (search.Result, error) {
	libraries, err := w.access.Resolve(ctx, p, r.Libraries)
	if err != nil {
		return search.Result{}, err
	}
	out := search.Result{TookMS: 7, Status: search.Status{Vector: "ok", FullText: "ok", Graph: "skipped", Rerank: "skipped"}}
	for _, l := range libraries {
		items, err := w.service.Items(ctx, p, library.ItemFilter{LibraryUID: l.UID}, library.Position{}, 100)
		if err != nil {
			return out, err
		}
		for _, item := range items {
			for _, c := range w.chunks[item.UID+"/1"] {
				if strings.Contains(c.Text, r.Query) && (r.Limit == 0 || len(out.Hits) < r.Limit) {
					out.Hits = append(out.Hits, hit(l, item, c))
				}
			}
		}
	}
	return out, nil
}

// hit is a search's hit on a chunk.
func hit(l library.Library, item library.Item, c library.Chunk) search.Hit {
	return search.Hit{
		ScoreKind: search.ScoreFused,
		ChunkUID:  c.UID, ItemUID: item.UID, LibraryUID: l.UID, LibraryName: l.Name, Title: item.Title, Source: item.Source,
		HeadingPath: c.HeadingPath, Page: c.Page, Start: c.Start, End: c.End, Text: c.Text, Score: 0.5,
	}
}

func (w *world) Search(ctx context.Context, p accounts.Principal, r search.Request) (search.Result, error) {
	return w.find(ctx, p, r)
}

// Related gives the other chunks of a chunk's document, or those that hold the
// concept.
func (w *world) Related(ctx context.Context, p accounts.Principal, r search.RelatedRequest) (search.RelatedResult, error) {
	if r.ChunkUID == "" {
		found, err := w.searchByWord(ctx, p, search.Request{Query: r.Concept, Limit: r.Limit})
		return search.RelatedResult{Hits: found.Hits, Concepts: []search.RelatedConcept{{Name: r.Concept, Chunks: len(found.Hits)}}}, err
	}
	item, l, ref, err := w.access.ItemOfChunk(ctx, p, r.ChunkUID)
	if err != nil {
		return search.RelatedResult{}, err
	}
	var out search.RelatedResult
	for _, c := range w.chunks[fmt.Sprintf("%s/%d", item.UID, ref.Generation)] {
		if c.Ordinal != ref.Ordinal {
			out.Hits = append(out.Hits, hit(l, item, c))
		}
	}
	return out, nil
}

func (w *world) Chunks(_ context.Context, gen library.GenerationRef, from, to int) ([]library.Chunk, error) {
	all := w.chunks[fmt.Sprintf("%s/%d", gen.ItemUID, gen.Generation)]
	return all[min(from, len(all)):min(to, len(all))], nil
}

// put stores an object and gives its key, empty for an empty one.
func (w *world) put(key, content string) string {
	w.t.Helper()
	if content == "" {
		return ""
	}
	if _, err := w.objects.Put(w.t.Context(), key, strings.NewReader(content)); err != nil {
		w.t.Fatal(err)
	}
	return key
}

// post sends a body as a client of the revision would. Headers that are given
// replace the usual ones; an empty value takes one away.
func (w *world) post(path, token, revision, body string, headers ...string) *http.Response {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if revision != "" {
		req.Header.Set("MCP-Protocol-Version", revision)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	return w.do(req)
}

func (w *world) do(req *http.Request) *http.Response {
	w.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func read(t testing.TB, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// reply is a JSON-RPC answer.
type reply struct {
	ID     json.RawMessage `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func decodeReply(t testing.TB, body string) reply {
	t.Helper()
	var r reply
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatalf("not JSON-RPC: %v in %q", err, body)
	}
	return r
}

// result is what a tool answered.
type result struct {
	Content []struct {
		Type string `json:"type"`
		Text string `json:"text"`
		URI  string `json:"uri"`
	} `json:"content"`
	Structured json.RawMessage `json:"structuredContent"`
	IsError    bool            `json:"isError"`
}

const revision = "2025-11-25"

// call calls a tool over HTTP. arguments is JSON.
func (w *world) call(token, tool, arguments string) result {
	w.t.Helper()
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, tool, arguments)
	res := w.post("/mcp/", token, revision, body)
	answer := decodeReply(w.t, read(w.t, res))
	if answer.Error != nil {
		w.t.Fatalf("%s %s: %+v", tool, arguments, answer.Error)
	}
	var out result
	if err := json.Unmarshal(answer.Result, &out); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// structured reads what a tool answered into a value.
func structured[T any](t testing.TB, r result) T {
	t.Helper()
	var v T
	if r.IsError {
		t.Fatalf("the tool failed: %s", r.Content[0].Text)
	}
	if err := json.Unmarshal(r.Structured, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
