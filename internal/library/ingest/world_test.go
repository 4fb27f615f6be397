package ingest_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/blob/files"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// hashEmbedder gives each input a unit vector of its hash.
type hashEmbedder struct {
	dims  int
	calls atomic.Int64 // inputs embedded
	fail  func() error
	wait  func(ctx context.Context) error
	ping  func() error // not nil: the space is unknown until it gives nil
	known atomic.Bool
}

func (e *hashEmbedder) Space() embedding.Space {
	if e.ping != nil && !e.known.Load() {
		return embedding.Space{Model: "hash"}
	}
	return embedding.Space{Model: "hash", Dimensions: e.dims}
}
func (e *hashEmbedder) MaxTokens() int           { return 64 }
func (e *hashEmbedder) CountTokens(s string) int { return len(strings.Fields(s)) }
func (e *hashEmbedder) Ping(context.Context) error {
	if e.ping == nil {
		return nil
	}
	err := e.ping()
	e.known.Store(err == nil)
	return err
}

func (e *hashEmbedder) EmbedDocuments(ctx context.Context, in []embedding.Input) ([][]float32, error) {
	if e.wait != nil {
		if err := e.wait(ctx); err != nil {
			return nil, err
		}
	}
	if e.fail != nil {
		if err := e.fail(); err != nil {
			return nil, err
		}
	}
	e.calls.Add(int64(len(in)))
	out := make([][]float32, len(in))
	for i := range in {
		out[i] = e.vector(in[i].Context + "\n" + in[i].Text)
	}
	return out, nil
}

func (e *hashEmbedder) TakesInstructions() bool { return false }

func (e *hashEmbedder) EmbedQuery(_ context.Context, q embedding.Query) ([]float32, error) {
	return e.vector(q.Text), nil
}

func (e *hashEmbedder) vector(text string) []float32 {
	v := make([]float32, e.dims)
	sum := sha256.Sum256([]byte(text))
	var norm float64
	for i := range v {
		v[i] = float32(int8(sum[i%len(sum)])) + .5
		norm += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(norm))
	}
	return v
}

// plainExtractor reads a file as paragraphs, and fails those that say so.
type plainExtractor struct{ calls atomic.Int64 }

func (x *plainExtractor) Extract(ctx context.Context, in document.Input, dir string, progress document.Progress) (document.Result, error) {
	x.calls.Add(1)
	raw, err := os.ReadFile(in.Path)
	if err != nil {
		return document.Result{}, err
	}
	doc := &document.Document{Text: string(raw), ContentType: "text/plain"}
	if code, found := strings.CutPrefix(doc.Text, "fail:"); found {
		return document.Result{}, &document.Error{Code: strings.TrimSpace(code), Detail: "This file says so."}
	}
	if title, _, found := strings.Cut(doc.Text, "\n"); found && strings.HasPrefix(title, "# ") {
		doc.Title = title[2:]
	}
	start := 0
	for _, p := range strings.SplitAfter(doc.Text, "\n\n") {
		doc.Blocks = append(doc.Blocks, document.Block{Kind: document.Paragraph, Start: start, End: start + len(strings.TrimRight(p, "\n"))})
		start += len(p)
	}
	progress(1, 1, "pages")
	f, err := os.Create(filepath.Join(dir, document.StructureFile))
	if err != nil {
		return document.Result{}, err
	}
	err = doc.Encode(f)
	places := os.WriteFile(filepath.Join(dir, document.RegionsFile), []byte("places of "+doc.Title), 0o600)
	err = errors.Join(err, f.Close(), places, os.WriteFile(filepath.Join(dir, document.TextFile), raw, 0o600), ctx.Err())
	res := document.Result{Dir: dir, ContentType: doc.ContentType}
	if in.Attachments && err == nil {
		res.Attachments, err = carried(doc.Text, dir)
	}
	return res, err
}

// letter is a text that plainExtractor takes for a mail: it carries files,
// given as names and contents.
func letter(text string, files ...string) string {
	for i := 0; i < len(files); i += 2 {
		text += "\n\nattach " + files[i] + " " + base64.StdEncoding.EncodeToString([]byte(files[i+1]))
	}
	return text
}

// carried writes what a letter carries.
func carried(text, dir string) (list []document.Attachment, err error) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[0] != "attach" {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(fields[2])
		if err != nil {
			return nil, err
		}
		a := document.Attachment{Number: len(list) + 1, Name: fields[1], Size: int64(len(raw)), Subject: "A letter", From: "ann@example.org"}
		if err := os.WriteFile(filepath.Join(dir, document.AttachmentFile(a.Number)), raw, 0o600); err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

// world is a whole ingest over real stores.
type world struct {
	*ingest.Service
	t        testing.TB
	db       *sqldb.DB
	graph    *sqlitegraph.Graph
	objects  *files.Store
	libs     *library.Service
	embedder *hashEmbedder
	extract  *plainExtractor
	registry *prometheus.Registry

	alice, bob accounts.Principal
	lib        string
}

func newWorld(t testing.TB, db *sqldb.DB, change ...func(*ingest.Options)) *world {
	t.Helper()
	return worldIn(t, db, t.TempDir(), change...)
}

func worldIn(t testing.TB, db *sqldb.DB, dir string, change ...func(*ingest.Options)) *world {
	t.Helper()
	w := openWorld(t, db, dir, change...)
	w.alice, w.bob = w.user("alice"), w.user("bob")
	w.lib = w.newLibrary(w.alice, library.NewLibrary{Name: "Papers"})
	return w
}

// openWorld opens the stores without putting anything in.
func openWorld(t testing.TB, db *sqldb.DB, dir string, change ...func(*ingest.Options)) *world {
	t.Helper()
	graph, err := sqlitegraph.Open(filepath.Join(dir, "graph"), sqlitegraph.Options{})
	check(t, err)
	t.Cleanup(func() { check(t, graph.Close()) })
	objects, err := files.Open(filepath.Join(dir, "objects"))
	check(t, err)
	w := &world{
		t: t, db: db, graph: graph, objects: objects,
		embedder: &hashEmbedder{dims: 16}, extract: &plainExtractor{}, registry: prometheus.NewRegistry(),
	}
	access := library.NewAccess(db, library.AccessOptions{})
	w.libs = library.NewService(db, access, graph, slog.New(slog.DiscardHandler))
	opt := ingest.Options{
		DB: db, Graph: graph, Objects: objects, Queue: queue.NewInProcess(), Access: access,
		Log: testLog(), Registry: w.registry,
	}
	for _, c := range change {
		c(&opt)
	}
	w.Service = ingest.New(opt)
	return w
}

// with is the same world for a subtest, with a library of its own.
func (w *world) with(t *testing.T) *world {
	t.Helper()
	sub := *w
	sub.t = t
	sub.lib = sub.newLibrary(w.alice, library.NewLibrary{Name: t.Name()[:min(len(t.Name()), 100)]})
	return &sub
}

func testLog() *slog.Logger {
	if testing.Verbose() && os.Getenv("MNEMOSYNE_TEST_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.DiscardHandler)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) user(name string) accounts.Principal {
	w.t.Helper()
	id := uuid.NewString()
	w.exec(`INSERT INTO auth_user (id, username, username_key, created_at, updated_at) VALUES ($1, $2, $2, $3, $3)`, id, name, sqldb.At(time.Now()))
	return principal(id, name)
}

func principal(id, name string) accounts.Principal {
	return accounts.Principal{UserID: id, Username: name, Scope: accounts.Scope{Kind: accounts.ScopeUser}}
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	_, err := sqldb.Exec(w.t.Context(), w.db.Write(), query, args...)
	check(w.t, err)
}

func (w *world) newLibrary(p accounts.Principal, n library.NewLibrary) string {
	w.t.Helper()
	g, err := w.libs.Create(w.t.Context(), p, n)
	check(w.t, err)
	return g.Library.UID
}

func (w *world) worker(change ...func(*ingest.WorkerOptions)) *ingest.Worker {
	w.t.Helper()
	opt := ingest.WorkerOptions{Embedder: w.embedder, Extractor: w.extract, TempDir: w.t.TempDir(), Sole: true}
	for _, c := range change {
		c(&opt)
	}
	worker := ingest.NewWorker(w.Service, opt)
	worker.Backoff(func(int64) time.Duration { return 0 })
	return worker
}

// start runs a worker until the test ends.
func (w *world) start(change ...func(*ingest.WorkerOptions)) *ingest.Worker {
	w.t.Helper()
	worker := w.worker(change...)
	w.run(worker)
	return worker
}

type service interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

func (w *world) run(s service) (stop func()) {
	w.t.Helper()
	check(w.t, s.Start(w.t.Context()))
	stop = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			w.t.Error(err)
		}
	})
	w.t.Cleanup(stop)
	return stop
}

func (w *world) submit(sub ingest.Submission) ingest.Outcome {
	w.t.Helper()
	if sub.LibraryUID == "" && sub.WorkspaceID == "" {
		sub.LibraryUID = w.lib
	}
	out, err := w.Submit(w.t.Context(), w.alice, sub)
	check(w.t, err)
	return out
}

func (w *world) submitText(filename, text string) ingest.Outcome {
	w.t.Helper()
	return w.submit(ingest.Submission{Filename: filename, Body: strings.NewReader(text)})
}

// ended waits for the end of a job.
func (w *world) ended(id string) ingest.Job {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	var last ingest.Job
	for j, err := range w.Watch(ctx, w.alice, id) {
		check(w.t, err)
		last = j
	}
	if !last.Status.Ended() {
		w.t.Fatalf("the job did not end: %+v", last)
	}
	return last
}

func (w *world) item(uid string) library.Item {
	w.t.Helper()
	i, _, _, err := w.libs.Access().Item(w.t.Context(), w.alice, uid)
	check(w.t, err)
	return i
}

// chunks gives the published chunks of an item.
func (w *world) chunks(uid string) []library.Chunk {
	w.t.Helper()
	i := w.item(uid)
	gen := library.GenerationRef{LibraryUID: i.LibraryUID, ItemUID: uid, Generation: i.Generation}
	chunks, err := w.graph.Chunks(w.t.Context(), gen, 0, math.MaxInt32)
	check(w.t, err)
	return chunks
}

func (w *world) object(key string) string {
	w.t.Helper()
	f, _, err := w.objects.Open(w.t.Context(), key)
	check(w.t, err)
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(f)
	check(w.t, err)
	return string(b)
}

// whole proves that an item is what its text says: every chunk a slice of the
// stored text, each word in a chunk once, the counts right.
func (w *world) whole(uid, want string) {
	w.t.Helper()
	i := w.item(uid)
	if i.Status != library.ItemReady || i.Generation == 0 {
		w.t.Fatalf("the item is not ready: %+v", i)
	}
	g, err := w.libs.Generation(w.t.Context(), i, i.Generation)
	check(w.t, err)
	text := w.object(g.TextKey)
	if text != want {
		w.t.Errorf("the stored text is %q, want %q", short(text), short(want))
	}
	chunks, runes := w.chunks(uid), []rune(text)
	var joined []string
	for n, c := range chunks {
		if c.Ordinal != n || c.Text != string(runes[c.Start:c.End]) {
			w.t.Errorf("chunk %d of ordinal %d is no slice of the text", n, c.Ordinal)
		}
		joined = append(joined, strings.Fields(c.Text)...)
	}
	if strings.Join(joined, " ") != strings.Join(strings.Fields(want), " ") {
		w.t.Errorf("%d chunks do not hold the text's words once each", len(chunks))
	}
	if i.ChunkCount != int64(len(chunks)) {
		w.t.Errorf("chunk_count is %d, stored are %d", i.ChunkCount, len(chunks))
	}
}

func short(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

// prose makes n paragraphs that chunk apart, of a name that each repeats.
func prose(name string, n int) string {
	var b strings.Builder
	for i := range n {
		for s := range 6 {
			fmt.Fprintf(&b, "%s paragraph %d says sentence %d of some eight more words. ", name, i, s)
		}
		b.WriteString("\n\n")
	}
	return b.String()
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("sha256:%x", sum)
}

// objectsEach is how many objects are kept of a version: its original, text,
// structure and regions.
const objectsEach = 4

// objectsLeft lists what is stored.
func (w *world) objectsLeft() []string {
	w.t.Helper()
	var keys []string
	for o, err := range w.objects.List(w.t.Context(), "") {
		check(w.t, err)
		keys = append(keys, o.Key)
	}
	return keys
}

func (w *world) count(query string, args ...any) int64 {
	w.t.Helper()
	n, err := sqldb.One(w.t.Context(), w.db.Read(), func(row sqldb.Row) (n int64, err error) { return n, row.Scan(&n) }, query, args...)
	check(w.t, err)
	return n
}

// until waits for what other goroutines bring about.
func (w *world) until(is func() bool) {
	w.t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatal("it never came about")
		}
	}
}
