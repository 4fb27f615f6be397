package rebuild_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/blob/files"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/embeddingtest"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/rebuild"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
	"git.helu.ca/r/mnemosyne/internal/lifecycle"
	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// world is an ingest and what rebuilds its indexes, over real stores.
type world struct {
	*rebuild.Service
	t         *testing.T
	db        *sqldb.DB
	dir       string
	graph     *sqlitegraph.Graph
	gate      *gate // between what rebuilds and the graph
	access    *library.Access
	ingest    *ingest.Service
	old, next *embeddingtest.Hash
	alice     accounts.Principal
	lib       string
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{
		t: t, db: db, dir: t.TempDir(),
		old:  &embeddingtest.Hash{Model: "old", Dimensions: 16},
		next: &embeddingtest.Hash{Model: "next", Dimensions: 24},
	}
	log := slog.New(slog.DiscardHandler)
	w.graph = must(sqlitegraph.Open(filepath.Join(w.dir, "graph"), sqlitegraph.Options{}))(t)
	t.Cleanup(func() { check(t, w.graph.Close()) })
	objects := must(files.Open(filepath.Join(w.dir, "objects")))(t)
	w.gate = &gate{Graph: w.graph}
	w.access = library.NewAccess(db, library.AccessOptions{})
	w.ingest = ingest.New(ingest.Options{DB: db, Graph: w.graph, Objects: objects, Queue: queue.NewInProcess(), Access: w.access, Log: log})
	w.Service = rebuild.New(rebuild.Options{
		DB: db, Graph: w.gate, Objects: objects, Audit: accounts.NewAudit(db, log, nil), Recut: w.ingest.Recut, Log: log,
		Embedders: embedding.Set{Main: w.old, Next: w.next},
	})
	w.run(ingest.NewWorker(w.ingest, ingest.WorkerOptions{
		Embedder: w.old, NextEmbedder: w.next, Extractor: paragraphs{}, TempDir: t.TempDir(), Sole: true,
	}))
	id := uuid.NewString()
	must(sqldb.Exec(t.Context(), db.Write(),
		`INSERT INTO auth_user (id, username, username_key, created_at, updated_at) VALUES ($1, 'alice', 'alice', $2, $2)`, id, sqldb.At(time.Now())))(t)
	w.alice = accounts.Principal{UserID: id, Username: "alice", Scope: accounts.Scope{Kind: accounts.ScopeUser}}
	libs := library.NewService(db, w.access, w.graph, log)
	w.lib = must(libs.Create(t.Context(), w.alice, library.NewLibrary{Name: "Papers"}))(t).Library.UID
	return w
}

// gate is the index with a place to stop before chunks are staged.
type gate struct {
	library.Graph

	stage func(gen library.GenerationRef) // nil: goes through
}

func (g *gate) Stage(ctx context.Context, gen library.GenerationRef, chunks []library.IndexChunk) error {
	if g.stage != nil {
		g.stage(gen)
	}
	return g.Graph.Stage(ctx, gen, chunks)
}

// runs starts a runner until the test ends.
func (w *world) runs(opt rebuild.RunnerOptions) {
	w.t.Helper()
	opt.Every = 10 * time.Millisecond
	w.run(lifecycle.NewLoop(rebuild.NewRunner(w.Service, opt).Run))
}

type service interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

func (w *world) run(s service) {
	w.t.Helper()
	check(w.t, s.Start(w.t.Context()))
	w.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		check(w.t, s.Stop(ctx))
	})
}

// take takes a text in and gives its item.
func (w *world) take(filename, text string) string {
	w.t.Helper()
	out := w.submit(filename, text)
	w.ends(out)
	return out.ItemUID
}

func (w *world) submit(filename, text string) ingest.Outcome {
	w.t.Helper()
	return must(w.ingest.Submit(w.t.Context(), w.alice, ingest.Submission{LibraryUID: w.lib, Filename: filename, Body: strings.NewReader(text)}))(w.t)
}

// ends waits for the end of a submission's job.
func (w *world) ends(out ingest.Outcome) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	for j, err := range w.ingest.Watch(ctx, w.alice, out.Job.ID) {
		check(w.t, err)
		if j.Status == ingest.StatusFailed {
			w.t.Fatalf("the job failed: %+v", j.Error)
		}
	}
}

// done waits for the end of a task.
func (w *world) done(task rebuild.Task) rebuild.Task {
	w.t.Helper()
	return w.wait(task, func(t rebuild.Task) bool { return t.Ended() })
}

func (w *world) wait(task rebuild.Task, until func(rebuild.Task) bool) rebuild.Task {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		t := must(w.Task(ctx, task.ID))(w.t)
		if until(t) {
			return t
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			w.t.Fatalf("the task is still %+v", t)
		}
	}
}

// chunks gives a generation's chunks as "uid text".
func (w *world) chunks(item string, generation int64) []string {
	w.t.Helper()
	ref := library.GenerationRef{LibraryUID: w.lib, ItemUID: item, Generation: generation}
	out := []string{}
	for _, c := range must(w.graph.Chunks(w.t.Context(), ref, 0, math.MaxInt32))(w.t) {
		out = append(out, fmt.Sprintf("%s %s", c.UID, c.Text))
	}
	return out
}

// near gives the text found first for a passage's words, in a space.
func (w *world) near(e embedding.Embedder, text string) string {
	w.t.Helper()
	vector := must(e.EmbedQuery(w.t.Context(), embedding.Query{Text: text}))(w.t)
	found := must(w.graph.Nearest(w.t.Context(), library.VectorQuery{
		Libraries: []string{w.lib}, Space: e.Space().ID(), Vector: vector, Limit: 1,
	}))(w.t)
	chunks := must(w.graph.Hydrate(w.t.Context(), found))(w.t)
	if len(chunks) == 0 {
		return ""
	}
	return chunks[0].Text
}

func (w *world) library() library.Library {
	w.t.Helper()
	l, _, err := w.access.Read(w.t.Context(), w.alice, w.lib)
	check(w.t, err)
	return l
}

func (w *world) spaces() []string {
	w.t.Helper()
	return must(w.graph.Spaces(w.t.Context(), []string{w.lib}))(w.t)
}

// paragraphs reads a file as paragraphs.
type paragraphs struct{}

func (paragraphs) Extract(ctx context.Context, in document.Input, dir string, _ document.Progress) (document.Result, error) {
	raw, err := os.ReadFile(in.Path)
	if err != nil {
		return document.Result{}, err
	}
	doc := &document.Document{Text: string(raw), ContentType: "text/plain"}
	start := 0
	for _, p := range strings.SplitAfter(doc.Text, "\n\n") {
		doc.Blocks = append(doc.Blocks, document.Block{Kind: document.Paragraph, Start: start, End: start + len(strings.TrimRight(p, "\n"))})
		start += len(p)
	}
	f, err := os.Create(filepath.Join(dir, document.StructureFile))
	if err != nil {
		return document.Result{}, err
	}
	err = doc.Encode(f)
	err = errors.Join(err, f.Close(), os.WriteFile(filepath.Join(dir, document.TextFile), raw, 0o600), ctx.Err())
	return document.Result{Dir: dir, ContentType: doc.ContentType}, err
}

// long is a text of n paragraphs of twenty words each, all of them different.
func long(name string, n int) string {
	var b strings.Builder
	for i := range n {
		for word := range 20 {
			fmt.Fprintf(&b, "%s%dword%d ", name, i, word)
		}
		b.WriteString("\n\n")
	}
	return strings.TrimSpace(b.String())
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		check(t, err)
		return v
	}
}
