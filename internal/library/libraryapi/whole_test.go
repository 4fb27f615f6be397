package libraryapi_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/blob/files"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/ingest/filesource"
	"git.helu.ca/r/mnemosyne/internal/library/ingest/websource"
	"git.helu.ca/r/mnemosyne/internal/library/libraryapi"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// whole is a world in which documents are really taken in: a worker, an
// index, objects, and a bucket that is a folder.
type whole struct {
	*world

	ingest *ingest.Service
	graph  *sqlitegraph.Graph
	bucket string // the folder
}

func newWhole(t *testing.T, db *sqldb.DB) *whole {
	t.Helper()
	dir := t.TempDir()
	graph, err := sqlitegraph.Open(filepath.Join(dir, "graph"), sqlitegraph.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, graph.Close()) })
	objects, err := files.Open(filepath.Join(dir, "objects"))
	must(t, err)
	w := &whole{graph: graph, bucket: filepath.Join(dir, "handover")}
	w.world = newWorld(t, db, func(o *libraryapi.Options) {
		access := library.NewAccess(db, library.AccessOptions{})
		w.ingest = ingest.New(ingest.Options{
			DB: db, Graph: graph, Objects: objects, Queue: queue.NewInProcess(), Access: access, Log: o.Log,
			Source: filesource.New(w.bucket, ingest.Handover{Name: "daedalus", Prefix: "users/{username}/"}),
			Web:    websource.New(websource.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}),
		})
		o.Libraries = library.NewService(db, access, graph, o.Log)
		o.Libraries.PurgeBy(w.ingest)
		o.Ingest, o.Chunks, o.Objects = w.ingest, graph, objects
	})
	w.objects = objects
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// work runs a worker and a reconciler until the test ends.
func (w *whole) work() {
	w.t.Helper()
	worker := ingest.NewWorker(w.ingest, ingest.WorkerOptions{Embedder: letters{}, Extractor: plain{}, TempDir: w.t.TempDir(), Sole: true})
	must(w.t, worker.Start(w.t.Context()))
	w.t.Cleanup(func() { must(w.t, worker.Stop(context.WithoutCancel(w.t.Context()))) })
}

// hand puts a file into the bucket.
func (w *whole) hand(key, text string) {
	w.t.Helper()
	path := filepath.Join(w.bucket, key)
	must(w.t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(w.t, os.WriteFile(path, []byte(text), 0o600))
}

// ended waits for a job's end by its events.
func (w *whole) ended(who, id string) (j jobBody) {
	w.t.Helper()
	a := w.must(200, who, "GET", "/library/api/jobs/"+id+"/events/", nil)
	events := strings.Split(strings.TrimSpace(a.Body), "\n\n")
	_, raw, _ := strings.Cut(events[len(events)-1], "data: ")
	must(w.t, json.Unmarshal([]byte(raw), &j))
	return j
}

type jobBody struct {
	ID          string
	Status      string
	ItemUID     string `json:"item_uid"`
	WorkspaceID string `json:"workspace_id"`
	FileID      string `json:"file_id"`
	Attempts    int
	Error       *struct{ Code, Detail string }
	Counts      struct{ Chunks int }
}

func (w *whole) send(status int, who string, body map[string]any) (j jobBody, a answer) {
	w.t.Helper()
	a = w.must(status, who, "POST", "/library/api/ingest/", body)
	must(w.t, json.Unmarshal([]byte(a.Body), &j))
	return j, a
}

func digest(text string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(text))) }

// letters embeds by the first letter.
type letters struct{}

func (letters) Space() embedding.Space     { return embedding.Space{Model: "letters", Dimensions: 4} }
func (letters) MaxTokens() int             { return 64 }
func (letters) CountTokens(s string) int   { return len(strings.Fields(s)) }
func (letters) Ping(context.Context) error { return nil }
func (letters) TakesInstructions() bool    { return false }

func (letters) EmbedQuery(context.Context, embedding.Query) ([]float32, error) {
	return []float32{1, 0, 0, 0}, nil
}

func (letters) EmbedDocuments(_ context.Context, in []embedding.Input) ([][]float32, error) {
	out := make([][]float32, len(in))
	for i := range in {
		out[i] = make([]float32, 4)
		out[i][len(in[i].Text)%4] = 1
	}
	return out, nil
}

// plain reads a file as one paragraph.
type plain struct{}

func (plain) Extract(_ context.Context, in document.Input, dir string, progress document.Progress) (document.Result, error) {
	raw, err := os.ReadFile(in.Path)
	if err != nil {
		return document.Result{}, err
	}
	if string(raw) == "corrupt" {
		return document.Result{}, &document.Error{Code: document.CodeCorrupt, Detail: "This file says so."}
	}
	doc := &document.Document{Text: string(raw), ContentType: "text/plain", Blocks: []document.Block{{Kind: document.Paragraph, End: len([]rune(string(raw)))}}}
	progress(1, 1, "pages")
	f, err := os.Create(filepath.Join(dir, document.StructureFile))
	if err != nil {
		return document.Result{}, err
	}
	err = errors.Join(doc.Encode(f), f.Close(), os.WriteFile(filepath.Join(dir, document.TextFile), raw, 0o600))
	return document.Result{Dir: dir, ContentType: doc.ContentType}, err
}

// space makes a workspace and gives its library's uid.
func (w *whole) space(who, id string) string {
	w.t.Helper()
	uid, _ := w.must(201, who, "POST", spaces, map[string]any{"workspace_id": id}).field(w.t, "uid").(string)
	return uid
}

func listLen(t testing.TB, a answer) int {
	t.Helper()
	var all []json.RawMessage
	must(t, json.Unmarshal([]byte(a.Body), &all))
	return len(all)
}

type itemBody struct {
	UID, Status string
	FileID      string `json:"file_id"`
}

func (w *whole) itemsOf(workspace string) (all []itemBody) {
	w.t.Helper()
	must(w.t, json.Unmarshal([]byte(w.must(200, "alice", "GET", spaces+workspace+"/items/", nil).Body), &all))
	return all
}
