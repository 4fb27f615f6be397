package libraryapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/blob/files"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/libraryapi"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// world is a real server over a real store, with people who have tokens. What
// takes documents in is played by hand.
type world struct {
	t       testing.TB
	db      *sqldb.DB
	objects *files.Store
	ingest  *ledger
	search  *finder
	url     string
	tokens  map[string]string // by user name
	ids     map[string]string
}

const maxUpload = 1 << 20

func newWorld(t testing.TB, db *sqldb.DB, change ...func(*libraryapi.Options)) *world {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	objects, err := files.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: db, objects: objects, ingest: &ledger{}, search: &finder{}, tokens: map[string]string{}, ids: map[string]string{}}
	audit := accounts.NewAudit(db, log, nil)
	people := accounts.New(db, audit, log, accounts.Options{SecretKey: []byte("secret")})
	tokens := mcpserver.NewTokens(db, audit, nil)
	for _, name := range []string{"alice", "bob", "root"} {
		u, err := people.CreateUser(t.Context(), accounts.Operator(), accounts.NewUser{Username: name, Superuser: name == "root"})
		if err != nil {
			t.Fatal(err)
		}
		plain, _, err := tokens.Create(t.Context(), accounts.Operator(), u.ID, mcpserver.TokenSpec{Name: "test"})
		if err != nil {
			t.Fatal(err)
		}
		w.tokens[name], w.ids[name] = plain, u.ID
	}
	resolver := mcpserver.NewResolver(db, log, mcpserver.ResolverOptions{})
	t.Cleanup(resolver.Wait)
	w.serve(log, resolver, change)
	return w
}

func (w *world) serve(log *slog.Logger, resolver *mcpserver.Resolver, change []func(*libraryapi.Options)) {
	w.t.Helper()
	access := library.NewAccess(w.db, library.AccessOptions{})
	cursors, err := httpx.NewCursors([]byte("secret"))
	if err != nil {
		w.t.Fatal(err)
	}
	auth, err := httpx.NewAuth(httpx.BearerFunc(func(ctx context.Context, header string) (accounts.Principal, error) {
		return resolver.Resolve(ctx, header, mcpserver.REST)
	}), nil, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	opt := libraryapi.Options{
		Libraries: library.NewService(w.db, access, still{}, log), Ingest: w.ingest, Search: w.search, Chunks: still{}, Objects: w.objects,
		Cursors: cursors, MaxUpload: maxUpload, TempDir: w.t.TempDir(), Log: log,
	}
	for _, c := range change {
		c(&opt)
	}
	api := libraryapi.New(opt)
	health := &httpx.Health{Database: w.db, Log: log}
	document, err := httpx.OpenAPI("Mnemosyne", "test", health.Routes(), api.Routes())
	if err != nil {
		w.t.Fatal(err)
	}
	surface := &httpx.Surface{Name: "rest", Auth: auth, Errors: httpx.RESTErrors(log)}
	router := chi.NewRouter()
	surface.Mount(router, health.Routes())
	surface.Mount(router, api.Routes())
	httpx.MountDocument(router, surface, document)
	router.NotFound(httpx.Unmatched(router, surface.Errors))
	front := httpx.NewFront(router, httpx.FrontOptions{Log: log, AllowedHosts: []string{"127.0.0.1"}, AnyHost: httpx.AnyHost})
	server := httpx.NewServer("127.0.0.1:0", front, log)
	if err := server.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := server.Stop(context.WithoutCancel(w.t.Context())); err != nil {
			w.t.Error(err)
		}
	})
	w.url = "http://" + server.Addr()
}

// answer is what came back.
type answer struct {
	Status int
	Body   string
	Header http.Header
}

// field reads a top field of a JSON object.
func (a answer) field(t testing.TB, name string) any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(a.Body), &v); err != nil {
		t.Fatalf("%d %s: %v", a.Status, a.Body, err)
	}
	return v[name]
}

func (w *world) request(who, method, path, contentType string, body io.Reader) answer {
	w.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = w.url + path
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+w.tokens[who])
	}
	return w.do(r)
}

func (w *world) do(r *http.Request) answer {
	w.t.Helper()
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{res.StatusCode, string(raw), res.Header}
}

// json asks with a body that is encoded, or with none.
func (w *world) json(who, method, path string, body any) answer {
	w.t.Helper()
	if body == nil {
		return w.request(who, method, path, "", nil)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.request(who, method, path, "application/json", bytes.NewReader(raw))
}

// must asks and insists on a status.
func (w *world) must(status int, who, method, path string, body any) answer {
	w.t.Helper()
	a := w.json(who, method, path, body)
	if a.Status != status {
		w.t.Fatalf("%s %s by %s: %d %s, want %d", method, path, who, a.Status, a.Body, status)
	}
	return a
}

func (w *world) library(who, name string) string {
	w.t.Helper()
	uid, _ := w.must(201, who, "POST", "/library/api/libraries/", map[string]any{"name": name}).field(w.t, "uid").(string)
	return uid
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	if _, err := sqldb.Exec(w.t.Context(), w.db.Write(), query, args...); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
}

func (w *world) workspace(who, id string) string {
	w.t.Helper()
	uid := uuid.NewString()
	w.exec(`INSERT INTO library (uid, workspace_id, owner_id, owner_username, name, library_type, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $2, 'business', $5, $5)`, uid, id, w.ids[who], who, sqldb.At(time.Now()))
	return uid
}

// item stores a document with its original and its text.
func (w *world) item(libraryUID, who, filename, original, text string) string {
	w.t.Helper()
	uid, now := uuid.NewString(), sqldb.At(time.Now())
	for key, content := range map[string]string{"o/" + uid: original, "t/" + uid: text} {
		if _, err := w.objects.Put(w.t.Context(), key, strings.NewReader(content)); err != nil {
			w.t.Fatal(err)
		}
	}
	w.exec(`INSERT INTO item (uid, library_uid, created_by, title, filename, content_type, status, generation, chunk_count, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $4, 'text/html', 'ready', 1, 3, $5, $5)`, uid, libraryUID, w.ids[who], filename, now)
	w.exec(`INSERT INTO item_generation (item_uid, generation, status, original_key, text_key, content_hash, content_type, size_bytes, created_at)
		VALUES ($1, 1, 'published', $2, $3, 'sha256:ab', 'text/html', 1, $4)`, uid, "o/"+uid, "t/"+uid, now)
	return uid
}

// still is a graph that takes every change and has three chunks of each item.
type still struct{}

func (still) SetItem(context.Context, string, library.IndexItem) error { return nil }

func (still) Chunks(_ context.Context, gen library.GenerationRef, from, to int) (out []library.Chunk, err error) {
	for i := max(from, 0); i < min(to, 3); i++ {
		uid, err := library.ChunkUID(gen.ItemUID, gen.Generation, i)
		if err != nil {
			return nil, err
		}
		out = append(out, library.Chunk{UID: uid, ItemUID: gen.ItemUID, LibraryUID: gen.LibraryUID, Ordinal: i, Text: "c", Start: i, End: i + 1})
	}
	return out, nil
}

// finder plays search: it keeps what was asked and answers with one hit.
type finder struct {
	asked   []search.Request
	related []search.RelatedRequest
	found   search.Result // in place of the usual answer, if it has hits
}

func (f *finder) Search(_ context.Context, _ accounts.Principal, r search.Request) (search.Result, error) {
	f.asked = append(f.asked, r)
	if len(f.found.Hits) > 0 {
		return f.found, nil
	}
	return search.Result{
		Hits:   []search.Hit{{ChunkUID: "c", Text: "words", Score: 0.5, ScoreKind: search.ScoreFused, ChunkUIDs: []string{"c"}}},
		Status: search.Status{Vector: search.Skipped, FullText: search.OK, Graph: search.Skipped, Rerank: search.Skipped},
	}, nil
}

func (f *finder) Related(_ context.Context, _ accounts.Principal, r search.RelatedRequest) (search.RelatedResult, error) {
	f.related = append(f.related, r)
	return search.RelatedResult{
		Hits: []search.Hit{{ChunkUID: "c", Text: "words", Score: 0.5, ScoreKind: search.ScoreFused, ChunkUIDs: []string{"c"}}}, Concepts: []search.RelatedConcept{{Name: "Tide", Chunks: 3}},
	}, nil
}

// ledger plays ingest: it keeps what was submitted, and knows one job.
type ledger struct {
	submitted []ingest.Submission
	bodies    []string
	unchanged string // answer with this item
	filters   []ingest.Filter
	steps     []ingest.Job
}

const jobID = "00000000-0000-4000-8000-000000000001"

func (l *ledger) job() ingest.Job {
	return ingest.Job{ID: jobID, Status: ingest.StatusQueued, Stage: ingest.StageFetching}
}

func (l *ledger) Submit(_ context.Context, _ accounts.Principal, sub ingest.Submission) (ingest.Outcome, error) {
	if sub.Body != nil {
		raw, err := io.ReadAll(sub.Body)
		if err != nil {
			return ingest.Outcome{}, err
		}
		l.bodies = append(l.bodies, string(raw))
	}
	l.submitted = append(l.submitted, sub)
	if l.unchanged != "" {
		return ingest.Outcome{Unchanged: true, ItemUID: l.unchanged}, nil
	}
	job := l.job()
	return ingest.Outcome{Job: &job}, nil
}

func (l *ledger) Jobs(_ context.Context, _ accounts.Principal, f ingest.Filter) ([]ingest.Job, string, error) {
	l.filters = append(l.filters, f)
	if f.Cursor == "" {
		return []ingest.Job{l.job()}, "more", nil
	}
	return nil, "", nil
}

func (l *ledger) Job(_ context.Context, _ accounts.Principal, id string) (ingest.Job, error) {
	if id != jobID {
		return ingest.Job{}, errs.New(errs.NotFound, "No such job.")
	}
	return l.job(), nil
}

func (l *ledger) Retry(context.Context, accounts.Principal, string) (ingest.Job, error) {
	return ingest.Job{}, errs.New(errs.Conflict, "Only a failed or cancelled job can be queued again.")
}

func (l *ledger) Cancel(ctx context.Context, p accounts.Principal, id string) (ingest.Job, error) {
	return l.Job(ctx, p, id)
}

func (l *ledger) Watch(ctx context.Context, p accounts.Principal, id string) iter.Seq2[ingest.Job, error] {
	return func(yield func(ingest.Job, error) bool) {
		if _, err := l.Job(ctx, p, id); err != nil {
			yield(ingest.Job{}, err)
			return
		}
		for _, job := range l.steps {
			if !yield(job, nil) {
				return
			}
		}
	}
}
