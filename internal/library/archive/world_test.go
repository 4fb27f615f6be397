package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/blob/files"
	"git.helu.ca/r/mnemosyne/internal/blob/s3"
	"git.helu.ca/r/mnemosyne/internal/blob/s3/s3test"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/embeddingtest"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/archive"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/neo4jgraph"
	"git.helu.ca/r/mnemosyne/internal/library/rebuild"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
	"git.helu.ca/r/mnemosyne/internal/lifecycle"
	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// installation is a whole program without its surfaces, over real stores.
type installation struct {
	*archive.Service
	t        *testing.T
	db       *sqldb.DB
	graph    library.Graph
	objects  blob.Store
	embedder *embeddingtest.Hash
	libs     *library.Service
	ingest   *ingest.Service
	rebuild  *rebuild.Service
	search   *search.Engine
	opt      archive.Options
}

// embedded is an installation on files.
func embedded(t *testing.T) *installation {
	t.Helper()
	dir := t.TempDir()
	graph := must(sqlitegraph.Open(filepath.Join(dir, "graph"), sqlitegraph.Options{}))(t)
	t.Cleanup(func() { check(t, graph.Close()) })
	return install(t, sqldbtest.SQLite(t), graph, must(files.Open(filepath.Join(dir, "objects")))(t))
}

// production is one on servers. What it puts into Neo4j goes with the test.
func production(t *testing.T) *installation {
	t.Helper()
	db := sqldbtest.Postgres(t)
	address := must(url.Parse(testkit.Need(t, "MNEMOSYNE_TEST_NEO4J_URL", "Neo4j")))(t)
	password, _ := address.User.Password()
	graph := must(neo4jgraph.Open(neo4jgraph.Options{
		URL: address.Scheme + "://" + address.Host, User: address.User.Username(), Password: password, Store: uuid.NewString(),
	}))(t)
	must(graph.Setup(t.Context()))(t)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for _, uid := range must(graph.Libraries(ctx))(t) {
			check(t, graph.DeleteLibrary(ctx, uid))
		}
		check(t, graph.Close())
	})
	return install(t, db, graph, must(s3.Open(s3test.Bucket(t)))(t))
}

func install(t *testing.T, db *sqldb.DB, graph library.Graph, objects blob.Store) *installation {
	t.Helper()
	in := &installation{t: t, db: db, graph: graph, objects: objects, embedder: &embeddingtest.Hash{Model: "hash", Dimensions: 16}}
	log := slog.New(slog.DiscardHandler)
	access := library.NewAccess(db, library.AccessOptions{})
	audit := accounts.NewAudit(db, log, nil)
	in.libs = library.NewService(db, access, graph, log)
	in.ingest = ingest.New(ingest.Options{DB: db, Graph: graph, Objects: objects, Queue: queue.NewInProcess(), Access: access, Log: log})
	in.rebuild = rebuild.New(rebuild.Options{
		DB: db, Graph: graph, Objects: objects, Audit: audit, Recut: in.ingest.Recut, Log: log, Embedders: embedding.Set{Main: in.embedder},
	})
	in.search = search.New(search.Options{Access: access, Graph: graph, Embedder: in.embedder, Catalog: search.NewCatalog(db)})
	in.opt = archive.Options{
		DB: db, Graph: graph, Objects: objects, Audit: audit, Embedder: in.embedder, Purge: in.ingest.PurgeImports,
		MaxUploadBytes: 1 << 20, Program: "mnemosyne test", TempDir: t.TempDir(), Log: log,
	}
	in.Service = archive.New(in.opt)
	return in
}

type service interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

func (in *installation) run(s service) {
	in.t.Helper()
	check(in.t, s.Start(in.t.Context()))
	in.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		check(in.t, s.Stop(ctx))
	})
}

// works starts what takes documents in and mends indexes.
func (in *installation) works() {
	in.t.Helper()
	in.run(ingest.NewWorker(in.ingest, ingest.WorkerOptions{Embedder: in.embedder, Extractor: paragraphs{}, TempDir: in.t.TempDir(), Sole: true}))
	in.run(lifecycle.NewLoop(rebuild.NewRunner(in.rebuild, rebuild.RunnerOptions{Every: 10 * time.Millisecond}).Run))
}

func (in *installation) user(name string) accounts.Principal {
	in.t.Helper()
	id := uuid.NewString()
	must(sqldb.Exec(in.t.Context(), in.db.Write(),
		`INSERT INTO auth_user (id, username, username_key, created_at, updated_at) VALUES ($1, $2, $2, $3, $3)`, id, name, sqldb.At(time.Now())))(in.t)
	return accounts.Principal{UserID: id, Username: name, Scope: accounts.Scope{Kind: accounts.ScopeUser}}
}

func (in *installation) take(p accounts.Principal, sub ingest.Submission) string {
	in.t.Helper()
	out := must(in.ingest.Submit(in.t.Context(), p, sub))(in.t)
	ctx, cancel := context.WithTimeout(in.t.Context(), time.Minute)
	defer cancel()
	for j, err := range in.ingest.Watch(ctx, p, out.Job.ID) {
		check(in.t, err)
		if j.Status == ingest.StatusFailed {
			in.t.Fatalf("the job failed: %+v", j.Error)
		}
	}
	return out.ItemUID
}

// text is a document of n passages.
func text(library, filename, collection string, n int) ingest.Submission {
	var b strings.Builder
	for i := range n {
		for word := range 40 {
			fmt.Fprintf(&b, "%s%dword%dü ", strings.TrimSuffix(filename, ".txt"), i, word)
		}
		b.WriteString("\n\n")
	}
	return ingest.Submission{LibraryUID: library, Filename: filename, Collection: collection, Body: strings.NewReader(strings.TrimSpace(b.String()))}
}

// papers is a library of alice's with a bit of everything.
func (in *installation) papers() (alice accounts.Principal, uid string, items []string) {
	in.t.Helper()
	alice = in.user("alice")
	in.user("bob")
	in.user("carol")
	ctx := in.t.Context()
	uid = must(in.libs.Create(ctx, alice, library.NewLibrary{Name: "Papers", Description: "All of them."}))(in.t).Library.UID
	must(in.libs.PutMember(ctx, alice, uid, "bob", library.RoleManager))(in.t)
	must(in.libs.PutMember(ctx, alice, uid, "carol", library.RoleReader))(in.t)
	items = append(items, in.take(alice, text(uid, "sea.txt", "nature/water", 300)))
	items = append(items, in.take(alice, text(uid, "moon.txt", "", 3)))
	sub := text(uid, "moon.txt", "", 4) // its second version
	sub.Metadata, sub.Title = map[string]any{"year": 1969}, "The Moon"
	in.take(alice, sub)
	sub = text(uid, "wind.txt", "nature", 2)
	sub.FileID = "f-7"
	items = append(items, in.take(alice, sub))
	return alice, uid, items
}

func (in *installation) exported(uid string) []byte {
	in.t.Helper()
	var out bytes.Buffer
	must(in.Export(in.t.Context(), accounts.Operator(), uid, &out, nil))(in.t)
	return out.Bytes()
}

func (in *installation) imports(raw []byte, opt archive.ImportOptions) (archive.Imported, error) {
	return in.Import(in.t.Context(), accounts.Operator(), bytes.NewReader(raw), opt, nil)
}

// hits are what searches of a person find, as one text a hit.
func (in *installation) hits(p accounts.Principal, queries ...string) []string {
	in.t.Helper()
	var out []string
	for _, q := range queries {
		r := must(in.search.Search(in.t.Context(), p, search.Request{Query: q}))(in.t)
		if r.Degraded {
			in.t.Errorf("the search for %q is degraded: %+v", q, r.Status)
		}
		for _, h := range r.Hits {
			out = append(out, fmt.Sprintf("%s: %s %s %s %s %v %d-%d %s", q, h.ChunkUID, h.ItemUID, h.LibraryUID, h.Title, h.HeadingPath, h.Start, h.End, h.Text))
		}
	}
	return out
}

// nothing proves that nobody sees, and no store holds, anything but users.
func (in *installation) nothing(what string) {
	in.t.Helper()
	for _, table := range []string{"library", "item", "item_generation", "collection", "library_membership", "library_import"} {
		n := must(sqldb.One(in.t.Context(), in.db.Read(), func(r sqldb.Row) (n int, err error) { return n, r.Scan(&n) }, "SELECT COUNT(*) FROM "+table))(in.t)
		if n != 0 {
			in.t.Errorf("%s: %d rows are left in %s", what, n, table)
		}
	}
	for o, err := range in.objects.List(in.t.Context(), "") {
		check(in.t, err)
		in.t.Errorf("%s: the object %s is left", what, o.Key)
	}
	if uids := must(in.graph.Libraries(in.t.Context()))(in.t); len(uids) != 0 {
		in.t.Errorf("%s: the index has %v", what, uids)
	}
}

// paragraphs reads a file as paragraphs, and its first words as headings.
type paragraphs struct{}

func (paragraphs) Extract(ctx context.Context, in document.Input, dir string, _ document.Progress) (document.Result, error) {
	raw, err := os.ReadFile(in.Path)
	if err != nil {
		return document.Result{}, err
	}
	doc := &document.Document{Text: string(raw), ContentType: "text/plain"}
	start := 0
	for n, p := range strings.SplitAfter(doc.Text, "\n\n") {
		block := document.Block{Kind: document.Paragraph, Start: start, End: start + len(strings.TrimRight(p, "\n"))}
		doc.Pages = append(doc.Pages, document.Page{Number: n + 1, Start: start, End: start + len(p)})
		doc.Blocks = append(doc.Blocks, block)
		start += len(p)
	}
	f, err := os.Create(filepath.Join(dir, document.StructureFile))
	if err != nil {
		return document.Result{}, err
	}
	err = doc.Encode(f)
	err = errors.Join(err, f.Close(), os.WriteFile(filepath.Join(dir, document.TextFile), raw, 0o600), ctx.Err())
	if strings.HasPrefix(in.Filename, "sea") { // one of those whose pages can be shown
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, document.RegionsFile), []byte("where the words of "+in.Filename+" stand"), 0o600))
	}
	return document.Result{Dir: dir, ContentType: doc.ContentType}, err
}

// brokenAt ends with an error after some bytes.
type brokenAt struct {
	in   io.Reader
	left int
}

var errCable = errors.New("the cable was pulled")

func (b *brokenAt) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errCable
	}
	n, err := b.in.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
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
