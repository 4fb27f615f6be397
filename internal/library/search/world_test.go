package search_test

import (
	"context"
	"log/slog"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// letters embeds a text as how often it says each letter: enough for texts
// alike to be near each other.
type letters struct {
	space string
	// taught lets the instruction count like the words of the query.
	taught bool
	asked  atomic.Int64 // queries embedded
	err    error
	wait   chan struct{} // nil: no waiting
}

func (l *letters) Space() embedding.Space   { return embedding.Space{Model: l.space, Dimensions: 26} }
func (l *letters) MaxTokens() int           { return 256 }
func (l *letters) CountTokens(s string) int { return len(strings.Fields(s)) }
func (l *letters) Ping(context.Context) error {
	return nil
}

func (l *letters) EmbedDocuments(_ context.Context, in []embedding.Input) ([][]float32, error) {
	out := make([][]float32, len(in))
	for i, x := range in {
		out[i] = count(x.Text)
	}
	return out, nil
}

func (l *letters) TakesInstructions() bool { return l.taught }

func (l *letters) EmbedQuery(ctx context.Context, query embedding.Query) ([]float32, error) {
	if l.wait != nil {
		select {
		case <-l.wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	l.asked.Add(1)
	if l.taught {
		query.Text += " " + query.Instruction
	}
	return count(query.Text), l.err
}

func count(text string) []float32 {
	v := make([]float32, 26)
	v[0] = 0.01
	for _, r := range strings.ToLower(text) {
		if r >= 'a' && r <= 'z' {
			v[r-'a']++
		}
	}
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// flaky is a graph whose legs can be made to fail.
type flaky struct {
	library.Graph
	fullText, nearest, hydrate func() error
	related                    func(context.Context) error
	partly                     func([]library.Chunk) ([]library.Chunk, error) // what Hydrate gives of what it reads
}

func (f *flaky) FullText(ctx context.Context, q library.FullTextQuery) ([]library.Scored, error) {
	if f.fullText != nil {
		if err := f.fullText(); err != nil {
			return nil, err
		}
	}
	return f.Graph.FullText(ctx, q)
}

func (f *flaky) Nearest(ctx context.Context, q library.VectorQuery) ([]library.Scored, error) {
	if f.nearest != nil {
		if err := f.nearest(); err != nil {
			return nil, err
		}
	}
	return f.Graph.Nearest(ctx, q)
}

func (f *flaky) Related(ctx context.Context, q library.RelatedQuery) ([]library.Scored, error) {
	if f.related != nil {
		if err := f.related(ctx); err != nil {
			return nil, err
		}
	}
	return f.Graph.Related(ctx, q)
}

func (f *flaky) Hydrate(ctx context.Context, found []library.Scored) ([]library.Chunk, error) {
	if f.hydrate != nil {
		if err := f.hydrate(); err != nil {
			return nil, err
		}
	}
	chunks, err := f.Graph.Hydrate(ctx, found)
	if f.partly != nil && err == nil {
		return f.partly(chunks)
	}
	return chunks, err
}

// world is two people's libraries in real stores.
type world struct {
	*testing.T
	db       *sqldb.DB
	graph    *flaky
	embedder *letters
	svc      *library.Service
	opt      search.Options

	alice, bob          accounts.Principal
	papers, notes, bobs string // libraries; bobs is bob's
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOn(t, sqldbtest.SQLite(t))
}

func newWorldOn(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	g, err := sqlitegraph.Open(t.TempDir()+"/graph", sqlitegraph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	w := &world{T: t, db: db, graph: &flaky{Graph: g}, embedder: &letters{space: "letters"}}
	access := library.NewAccess(db, library.AccessOptions{})
	w.svc = library.NewService(db, access, g, slog.New(slog.DiscardHandler))
	w.opt = search.Options{Access: access, Graph: w.graph, Embedder: w.embedder, Catalog: search.NewCatalog(db)}
	w.alice, w.bob = w.user("alice"), w.user("bob")
	w.papers, w.notes = w.library(w.alice, "Papers", "technical"), w.library(w.alice, "Notes", "journal")
	w.bobs = w.library(w.bob, "Papers", "technical")
	return w
}

func (w *world) exec(query string, args ...any) {
	w.Helper()
	if _, err := sqldb.Exec(w.Context(), w.db.Write(), query, args...); err != nil {
		w.Fatal(err)
	}
}

func (w *world) user(name string) accounts.Principal {
	w.Helper()
	id := uuid.NewString()
	w.exec(`INSERT INTO auth_user (id, username, username_key, created_at, updated_at) VALUES ($1, $2, $2, $3, $3)`, id, name, sqldb.At(time.Now()))
	return accounts.Principal{UserID: id, Username: name, Scope: accounts.Scope{Kind: accounts.ScopeUser}}
}

func (w *world) library(p accounts.Principal, name, kind string) string {
	w.Helper()
	g, err := w.svc.Create(w.Context(), p, library.NewLibrary{Name: name, Type: kind})
	if err != nil {
		w.Fatal(err)
	}
	return g.Library.UID
}

// put adds a document of these chunks and gives its uid.
func (w *world) put(libraryUID, collection, title string, texts ...string) string {
	w.Helper()
	uid, now := uuid.NewString(), sqldb.At(time.Now())
	var collectionUID *string
	if collection != "" {
		c, err := library.EnsureCollection(w.Context(), w.db.Write(), libraryUID, collection, now.Time)
		if err != nil {
			w.Fatal(err)
		}
		collectionUID = &c
	}
	w.exec(`INSERT INTO item (uid, library_uid, collection_uid, title, source, filename, status, generation, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $1, 'ready', 1, $6, $6)`, uid, libraryUID, collectionUID, title, "file:"+title, now)
	w.publish(libraryUID, library.IndexItem{UID: uid, Title: title, CollectionUID: deref(collectionUID)}, 1, texts...)
	return uid
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (w *world) publish(libraryUID string, item library.IndexItem, generation int64, texts ...string) {
	w.Helper()
	ref := library.GenerationRef{LibraryUID: libraryUID, ItemUID: item.UID, Generation: generation}
	var chunks []library.IndexChunk
	for i, text := range texts {
		page := i + 1
		chunks = append(chunks, library.IndexChunk{
			Ordinal: i, Text: text, HeadingPath: []string{"Part"}, Page: &page, Start: i * 100, End: i*100 + len(text),
			Hash: text, Space: w.embedder.Space().ID(), Vector: count(text),
		})
	}
	if err := w.graph.Stage(w.Context(), ref, chunks); err != nil {
		w.Fatal(err)
	}
	if err := w.graph.Publish(w.Context(), ref, item, 2); err != nil {
		w.Fatal(err)
	}
}

func (w *world) search(p accounts.Principal, r search.Request) search.Result {
	w.Helper()
	got, err := search.New(w.opt).Search(w.Context(), p, r)
	if err != nil {
		w.Fatalf("%+v: %v", r, err)
	}
	return got
}

func texts(r search.Result) []string {
	out := []string{}
	for _, h := range r.Hits {
		out = append(out, h.Text)
	}
	return out
}
