package ingest_test

import (
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func TestADocumentComesToBeReadable(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.start()
		text := "# The title\n\n" + prose("whale", 100)
		out := w.submit(ingest.Submission{
			FileID: "f1", Filename: "dir/whale.txt", Collection: "Sea", Metadata: map[string]any{"year": 1851}, Body: strings.NewReader(text),
		})
		if out.Unchanged || out.Job == nil || out.Job.Status != ingest.StatusQueued || out.Job.ItemUID != out.ItemUID {
			t.Fatalf("Submit = %+v", out)
		}
		j := w.ended(out.Job.ID)
		if j.Status != ingest.StatusDone || j.Stage != ingest.StageIndexing || j.Error != nil || j.Attempts != 1 ||
			j.Counts.Chunks == 0 || j.Counts.Embedded != j.Counts.Chunks || j.Counts.Reused != 0 ||
			j.Progress.Done != j.Progress.Total || j.StartedAt == nil || j.FinishedAt == nil || *j.FileID != "f1" {
			t.Errorf("the job ended as %+v", j)
		}
		w.whole(out.ItemUID, text)
		i := w.item(out.ItemUID)
		if i.Title != "The title" || i.Filename != "dir/whale.txt" || *i.Collection != "Sea" || i.ContentType != "text/plain" ||
			i.ContentHash != digest(text) || i.SizeBytes != int64(len(text)) || i.Generation != 1 {
			t.Errorf("the item is %+v", i)
		}
		lib, _, err := w.libs.Access().Read(t.Context(), w.alice, w.lib)
		check(t, err)
		if lib.ItemCount != 1 || lib.ChunkCount != i.ChunkCount {
			t.Errorf("the library counts %d items and %d chunks of %d", lib.ItemCount, lib.ChunkCount, i.ChunkCount)
		}
		events, err := w.Events(t.Context(), w.alice, j.ID)
		check(t, err)
		var stages []string
		for _, e := range events {
			stages = append(stages, string(e.Status)+" "+string(e.Stage))
		}
		want := "queued fetching,running fetching,running extracting,running chunking,running embedding,running indexing,done indexing"
		if got := strings.Join(stages, ","); got != want {
			t.Errorf("the steps are %s", got)
		}
	})
}
