package ingest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func each(t *testing.T, test func(t *testing.T, w *world), change ...func(*ingest.Options)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { test(t, newWorld(t, db, change...)) })
}

func TestTheSameContentAgainMakesNoJob(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"small": prose("small", 3), "large": prose("large", 900)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				w.start()
				first := w.submitText("a.txt", text)
				w.ended(first.Job.ID)
				before := w.item(first.ItemUID)
				again := w.submitText("a.txt", text)
				if !again.Unchanged || again.Job != nil || again.ItemUID != first.ItemUID {
					t.Errorf("the second Submit = %+v", again)
				}
				if after := w.item(first.ItemUID); !after.UpdatedAt.Equal(before.UpdatedAt) || after.Generation != 1 {
					t.Errorf("the item changed: %+v", after)
				}
				if jobs, n := w.count(`SELECT COUNT(*) FROM ingest_job`), len(w.objectsLeft()); jobs != 1 || n != objectsEach {
					t.Errorf("%d jobs and %d objects, want 1 and 4", jobs, n)
				}
			})
		})
	}
}

func TestContentThatTheIndexHasLostIsTakenInAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.start()
		text := prose("lost", 3)
		first := w.submitText("a.txt", text)
		w.ended(first.Job.ID)
		if err := w.graph.DeleteLibrary(t.Context(), w.lib); err != nil {
			t.Fatal(err)
		}
		again := w.submitText("a.txt", text)
		if again.Unchanged || again.ItemUID != first.ItemUID {
			t.Fatalf("Submit = %+v, want work on the same document", again)
		}
		w.ended(again.Job.ID)
		w.whole(first.ItemUID, text)
		if once := w.submitText("a.txt", text); !once.Unchanged {
			t.Errorf("with the index whole Submit = %+v", once)
		}
	})
}

func TestTitleAndMetadataAloneMayChange(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.start()
		text := "# Own title\n\n" + prose("x", 2)
		first := w.submit(ingest.Submission{FileID: "f", Filename: "a.txt", Body: strings.NewReader(text), Metadata: map[string]any{"a": 1}})
		w.ended(first.Job.ID)
		out := w.submit(ingest.Submission{FileID: "f", Filename: "b.txt", Title: "Given", Collection: "C", Text: &text, Metadata: map[string]any{"b": true}})
		i := w.item(first.ItemUID)
		if !out.Unchanged || i.Title != "Given" || i.Filename != "b.txt" || *i.Collection != "C" || i.Metadata["b"] != true || i.Metadata["a"] != nil {
			t.Errorf("Submit = %+v, the item %+v", out, i)
		}
		// A title that was given stays when the content changes.
		next := w.submit(ingest.Submission{FileID: "f", Body: strings.NewReader("# Other own title\n\n" + prose("y", 2))})
		w.ended(next.Job.ID)
		if i := w.item(first.ItemUID); i.Title != "Given" || i.Generation != 2 || i.Metadata["b"] != true {
			t.Errorf("after new content the item is %+v", i)
		}
	})
}

// deaf is a graph that cannot be told of titles for a while, and objects that
// cannot be deleted.
type deaf struct {
	library.Graph
	blob.Store
	on   atomic.Bool
	told atomic.Value // the last library.IndexItem
}

var errDeaf = errors.New("out of order")

func (d *deaf) Ping(context.Context) error { return nil }

func (d *deaf) SetItem(ctx context.Context, libraryUID string, item library.IndexItem) error {
	if d.on.Load() {
		return errDeaf
	}
	d.told.Store(item)
	return d.Graph.SetItem(ctx, libraryUID, item)
}

func (d *deaf) Delete(ctx context.Context, key string) error {
	if d.on.Load() {
		return errDeaf
	}
	return d.Store.Delete(ctx, key)
}

func TestSubmittingAgainTellsTheIndexWhatItMissed(t *testing.T) {
	t.Parallel()
	d := &deaf{}
	w := newWorld(t, sqldbtest.SQLite(t), func(o *ingest.Options) {
		d.Graph, d.Store = o.Graph, o.Objects
		o.Graph, o.Objects = d, d
	})
	w.start()
	large := prose("large", 900)
	submit := func(title string) (ingest.Outcome, error) {
		return w.Submit(t.Context(), w.alice, ingest.Submission{FileID: "f", LibraryUID: w.lib, Title: title, Body: strings.NewReader(large)})
	}
	first, err := submit("")
	check(t, err)
	w.ended(first.Job.ID)
	d.on.Store(true)
	if _, err := submit("Given"); !errs.Is(err, errs.Unavailable) {
		t.Errorf("with the index out of order = %v, want Unavailable", err)
	}
	if out, err := submit(""); err != nil || !out.Unchanged {
		t.Errorf("with an upload that cannot be deleted = %+v, %v", out, err)
	}
	d.on.Store(false)
	if out, err := submit("Given"); err != nil || !out.Unchanged {
		t.Errorf("again = %+v, %v", out, err)
	}
	if item, ok := d.told.Load().(library.IndexItem); !ok || item.UID != first.ItemUID || item.Title != "Given" {
		t.Errorf("the index was told %+v", item)
	}
}

func TestChangedContentIsTheNextGenerationAndKeepsVectors(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.start()
		old := prose("one", 40) + prose("two", 40)
		first := w.submitText("a.txt", old)
		w.ended(first.Job.ID)
		chunks, made := w.item(first.ItemUID).ChunkCount, w.embedder.calls.Load()
		changed := old + prose("three", 1)
		next := w.submitText("a.txt", changed)
		if next.Unchanged || next.ItemUID != first.ItemUID {
			t.Fatalf("Submit of changed content = %+v", next)
		}
		j := w.ended(next.Job.ID)
		if j.Counts.Reused < chunks-1 || j.Counts.Reused+j.Counts.Embedded != j.Counts.Chunks || w.embedder.calls.Load()-made != j.Counts.Embedded {
			t.Errorf("of %d old chunks the job reused: %+v; the embedder saw %d", chunks, j.Counts, w.embedder.calls.Load()-made)
		}
		w.whole(first.ItemUID, changed)
		lib, _, err := w.libs.Access().Read(t.Context(), w.alice, w.lib)
		check(t, err)
		if lib.ChunkCount != w.item(first.ItemUID).ChunkCount || lib.ItemCount != 1 {
			t.Errorf("the library counts %d items, %d chunks", lib.ItemCount, lib.ChunkCount)
		}
	})
}

func TestTheLastThreeGenerationsAreKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.start()
		var uid string
		for n := range 5 {
			out := w.submitText("a.txt", prose(fmt.Sprint("version ", n), 3))
			w.ended(out.Job.ID)
			uid = out.ItemUID
		}
		check(t, ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{}).Run(t.Context()))
		if rows := w.count(`SELECT COUNT(*) FROM item_generation WHERE generation IN (3, 4, 5)`); rows != 3 || w.count(`SELECT COUNT(*) FROM item_generation`) != 3 {
			t.Errorf("kept rows: %d of the last three", rows)
		}
		if n := len(w.objectsLeft()); n != 3*objectsEach {
			t.Errorf("%d objects are kept, want 9", n)
		}
		for gen, want := range map[int64]bool{2: false, 3: true, 5: true} {
			chunks, err := w.graph.Chunks(t.Context(), library.GenerationRef{LibraryUID: w.lib, ItemUID: uid, Generation: gen}, 0, 1)
			check(t, err)
			if (len(chunks) == 1) != want {
				t.Errorf("generation %d has chunks: %v", gen, chunks)
			}
		}
	})
}

func TestWhatMakesTwoSubmissionsOneDocument(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		seen := map[string]string{}
		for _, c := range []struct {
			sub  ingest.Submission
			want string
		}{
			{ingest.Submission{Filename: "a.txt"}, "plain"},
			{ingest.Submission{Filename: "a.txt"}, "plain"},
			{ingest.Submission{Filename: "a.txt", Collection: "C"}, "in C"},
			{ingest.Submission{Filename: "a.txt", Collection: "C"}, "in C"},
			{ingest.Submission{Filename: "a.txt", FileID: "1"}, "by id"},
			{ingest.Submission{Filename: "b.txt", FileID: "1", Collection: "D"}, "by id"},
			{ingest.Submission{Filename: "a.txt", FileID: "2"}, "by id 2"},
			{ingest.Submission{Filename: "A.txt"}, "other case"},
		} {
			c.sub.Body = strings.NewReader(c.want)
			uid := w.submit(c.sub).ItemUID
			if was, ok := seen[c.want]; ok && was != uid {
				t.Errorf("%+v is another document", c.sub)
			}
			for name, other := range seen {
				if name != c.want && other == uid {
					t.Errorf("%+v is the document %q", c.sub, name)
				}
			}
			seen[c.want] = uid
		}
		one, two := "one text", "another"
		if a, b, c := w.submit(ingest.Submission{Text: &one}), w.submit(ingest.Submission{Text: &two}), w.submit(ingest.Submission{Text: &one}); a.ItemUID == b.ItemUID || a.ItemUID != c.ItemUID {
			t.Error("texts without a name are told apart by something else than what they say")
		}
	})
}

func TestSubmissionsThatCannotBeTakenAreRefusedAndLeaveNothing(t *testing.T) {
	t.Parallel()
	body := func() io.Reader { return strings.NewReader("content") }
	text, blank := "text", " \n"
	each(t, func(t *testing.T, w *world) {
		for name, c := range map[string]struct {
			sub   ingest.Submission
			field string
			kind  errs.Kind
		}{
			"empty":       {ingest.Submission{Filename: "a", Body: strings.NewReader("")}, "file", errs.Invalid},
			"blank text":  {ingest.Submission{Text: &blank}, "text", errs.Invalid},
			"nothing":     {ingest.Submission{Filename: "a"}, "file", errs.Invalid},
			"two sources": {ingest.Submission{Body: body(), Text: &text}, "file", errs.Invalid},
			"s3":          {ingest.Submission{S3Key: "k"}, "s3_key", errs.Invalid},
			"hash":        {ingest.Submission{Body: body(), ContentHash: "sha256:12"}, "content_hash", errs.Invalid},
			"md5":         {ingest.Submission{Body: body(), ContentHash: "md5:" + strings.Repeat("0", 64)}, "content_hash", errs.Invalid},
			"control":     {ingest.Submission{Body: body(), Filename: "a\x00b"}, "filename", errs.Invalid},
			"long title":  {ingest.Submission{Body: body(), Title: strings.Repeat("x", 501)}, "title", errs.Invalid},
			"metadata":    {ingest.Submission{Body: body(), Metadata: map[string]any{"x": strings.Repeat("x", 70_000)}}, "metadata", errs.Invalid},
			"two targets": {ingest.Submission{Body: body(), WorkspaceID: "w", LibraryUID: w.lib}, "library_uid", errs.Invalid},
			"large":       {ingest.Submission{Filename: "a", Body: strings.NewReader(strings.Repeat("x", 1<<20+1))}, "", errs.TooLarge},
			"broken":      {ingest.Submission{Filename: "a", Body: io.MultiReader(body(), failing{})}, "", errs.Internal},
			"broken late": {ingest.Submission{Filename: "a", Body: io.MultiReader(strings.NewReader(strings.Repeat("x", 500_000)), failing{})}, "", errs.Internal},
		} {
			if c.sub.LibraryUID == "" {
				c.sub.LibraryUID = w.lib
			}
			_, err := w.Submit(t.Context(), w.alice, c.sub)
			e := errs.As(err)
			if err == nil || errs.KindOf(err) != c.kind || (c.field != "" && (e == nil || len(e.Fields[c.field]) == 0)) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if jobs, items, objects := w.count(`SELECT COUNT(*) FROM ingest_job`), w.count(`SELECT COUNT(*) FROM item`), w.objectsLeft(); jobs+items != 0 || len(objects) != 0 {
			t.Errorf("left: %d jobs, %d items, objects %v", jobs, items, objects)
		}
	}, func(o *ingest.Options) { o.MaxUploadBytes = 1 << 20 })
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the sender went away") }

func TestALibraryThatMayNotBeWrittenIsAsOneThatIsNotThere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		reader := w.newLibrary(w.bob, library.NewLibrary{Name: "Read only"})
		_, err := w.libs.PutMember(t.Context(), w.bob, reader, "alice", library.RoleReader)
		check(t, err)
		w.exec(`INSERT INTO library (uid, workspace_id, owner_id, owner_username, name, library_type, created_at, updated_at)
SELECT 'aaaaaaaa-0000-4000-8000-000000000001', 'ws', id, username, 'ws', 'technical', created_at, created_at FROM auth_user WHERE username = 'bob'`)
		answers := map[string][]ingest.Submission{
			`{"Library is not registered."}`: {
				{LibraryUID: w.newLibrary(w.bob, library.NewLibrary{Name: "Bob's"})},
				{LibraryUID: reader},
				{LibraryUID: "9d0e7d8e-0000-4000-8000-000000000000"},
				{LibraryUID: "no uid"},
			},
			`{"Workspace is not registered."}`: {{WorkspaceID: "ws"}, {WorkspaceID: "none"}},
		}
		for want, subs := range answers {
			for _, sub := range subs {
				sub.Body = strings.NewReader("x")
				_, err := w.Submit(t.Context(), w.alice, sub)
				if e := errs.As(err); e == nil || e.Kind != errs.NotFound || "{\""+e.Message+"\"}" != want || e.Err != nil {
					t.Errorf("%+v: %v, want %s", sub, err, want)
				}
			}
		}
		if n := len(w.objectsLeft()); n != 0 {
			t.Errorf("%d objects were stored", n)
		}
		out, err := w.Submit(t.Context(), w.bob, ingest.Submission{WorkspaceID: "ws", Filename: "a", Body: strings.NewReader("x")})
		if err != nil || out.Job.WorkspaceID == nil || *out.Job.WorkspaceID != "ws" {
			t.Errorf("the owner's Submit = %+v, %v", out, err)
		}
	})
}

func TestALibraryDeletedDuringAnUploadIsNotRegistered(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for _, purged := range []bool{false, true} {
			lib := w.newLibrary(w.alice, library.NewLibrary{Name: "Short-lived"})
			body := &during{Reader: strings.NewReader("content"), do: func() {
				check(t, w.libs.Delete(t.Context(), w.alice, lib))
				if purged {
					check(t, ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{}).Run(t.Context()))
				}
			}}
			_, err := w.Submit(t.Context(), w.alice, ingest.Submission{LibraryUID: lib, Filename: "a", Collection: "C", Body: body})
			if !errs.Is(err, errs.NotFound) || err.Error() != "Library is not registered." {
				t.Errorf("purged %v: %v", purged, err)
			}
			if n := len(w.objectsLeft()); n != 0 {
				t.Errorf("purged %v: %d objects are left", purged, n)
			}
		}
	})
}

// during does something when it is first read.
type during struct {
	io.Reader
	do func()
}

func (d *during) Read(p []byte) (int, error) {
	if d.do != nil {
		do := d.do
		d.do = nil
		do()
	}
	return d.Reader.Read(p)
}

func TestInAGlobalLibraryOnlyTheirOwnDocumentsCanBeReplaced(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		root := w.user("root")
		root.Superuser = true
		global := w.newLibrary(root, library.NewLibrary{Name: "All", Global: true})
		sub := func(p accounts.Principal, content string) error {
			_, err := w.Submit(t.Context(), p, ingest.Submission{LibraryUID: global, Filename: "a.txt", Body: strings.NewReader(content)})
			return err
		}
		check(t, sub(w.alice, "one"))
		if err := sub(w.bob, "two"); !errs.Is(err, errs.Forbidden) {
			t.Errorf("replacing another's document = %v, want Forbidden", err)
		}
		check(t, sub(w.alice, "three"))
		check(t, sub(root, "four"))
		if n := len(w.objectsLeft()); n != 3 {
			t.Errorf("%d objects are kept, want the 3 accepted", n)
		}
	})
}

func TestInAGlobalLibraryNobodyEndsWhatIsOnItsWayOfAnothersDocument(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		root := w.user("root")
		root.Superuser = true
		global := w.newLibrary(root, library.NewLibrary{Name: "All", Global: true})
		sub := func(p accounts.Principal, content string) (ingest.Outcome, error) {
			return w.Submit(t.Context(), p, ingest.Submission{LibraryUID: global, Filename: "a.txt", Body: strings.NewReader(content)})
		}
		stop := w.run(w.worker())
		old, err := sub(w.alice, "old words")
		check(t, err)
		w.ended(old.Job.ID)
		stop()
		next, err := sub(w.alice, "new words")
		check(t, err)
		if _, err := sub(w.bob, "old words"); !errs.Is(err, errs.Forbidden) {
			t.Errorf("going back to what is read now = %v, want Forbidden", err)
		}
		if _, err := w.Cancel(t.Context(), w.bob, next.Job.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("Cancel = %v, want NotFound", err)
		}
		if j := w.mustJob(next.Job.ID); j.Status != ingest.StatusQueued {
			t.Fatalf("alice's job is %s", j.Status)
		}
		if j, err := w.Cancel(t.Context(), root, next.Job.ID); err != nil || j.Status != ingest.StatusCancelled {
			t.Errorf("who manages the library gets %+v, %v", j, err)
		}
		if _, err := w.Retry(t.Context(), w.bob, next.Job.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("Retry = %v, want NotFound", err)
		}
		if _, err := w.Retry(t.Context(), w.alice, next.Job.ID); err != nil {
			t.Error(err)
		}
	})
}

func TestGoodBytesAreNotLeftToAJobThatMustFail(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doomed := w.submit(ingest.Submission{Filename: "a", Body: strings.NewReader("content"), ContentHash: digest("what was meant")})
		good := w.submit(ingest.Submission{Filename: "a", Body: strings.NewReader("content")})
		if good.Job == nil || good.Job.ID == doomed.Job.ID {
			t.Fatalf("the good submission gave %+v", good)
		}
		w.start()
		if j := w.ended(good.Job.ID); j.Status != ingest.StatusDone {
			t.Errorf("it ended as %+v %+v", j, j.Error)
		}
	})
}

func TestAContentHashThatIsWrongFailsTheJobAndLeavesTheDocument(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.start()
		good := w.submit(ingest.Submission{Filename: "a", Body: strings.NewReader("good content"), ContentHash: strings.ToUpper(digest("good content"))})
		if j := w.ended(good.Job.ID); j.Status != ingest.StatusDone {
			t.Fatalf("the right hash ended as %+v", j.Error)
		}
		for _, content := range []string{"other content", "good content"} {
			bad := w.submit(ingest.Submission{Filename: "a", Body: strings.NewReader(content), ContentHash: digest("what was meant")})
			if bad.Job == nil {
				t.Fatalf("a wrong hash made no job: %+v", bad)
			}
			if j := w.ended(bad.Job.ID); j.Status != ingest.StatusFailed || j.Error == nil || j.Error.Code != ingest.CodeHashMismatch {
				t.Errorf("a wrong hash ended as %+v, %+v", j.Status, j.Error)
			}
		}
		if i := w.item(good.ItemUID); i.Status != library.ItemReady || i.ErrorCode != ingest.CodeHashMismatch || i.Generation != 1 {
			t.Errorf("the item is %+v", i)
		}
		w.whole(good.ItemUID, "good content")
		if again := w.submitText("a", "good content"); !again.Unchanged || w.item(good.ItemUID).ErrorCode != "" {
			t.Errorf("the good content again = %+v", again)
		}
	})
}

func TestTheLaterSubmissionWins(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		first := w.submitText("a.txt", prose("first", 5))
		second := w.submitText("a.txt", prose("second", 5))
		same := w.submitText("a.txt", prose("second", 5))
		if same.Job == nil || same.Job.ID != second.Job.ID {
			t.Errorf("content that is being worked on gave %+v", same)
		}
		if j, err := w.Job(t.Context(), w.alice, first.Job.ID); err != nil || j.Status != ingest.StatusCancelled || j.Error != nil || j.FinishedAt == nil {
			t.Errorf("the older job is %+v, %v", j, err)
		}
		w.start()
		w.ended(second.Job.ID)
		w.whole(first.ItemUID, prose("second", 5))
		if _, err := w.Retry(t.Context(), w.alice, first.Job.ID); !errs.Is(err, errs.Conflict) {
			t.Errorf("retrying the older job = %v, want Conflict", err)
		}
		check(t, ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{}).Run(t.Context()))
		if n := len(w.objectsLeft()); n != objectsEach {
			t.Errorf("%d objects are left, want those of one generation", n)
		}
	})
}

func TestSubmittingWhatIsReadNowEndsWhatWasOnItsWay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		stop := w.run(w.worker())
		a := w.submitText("a.txt", prose("A", 3))
		w.ended(a.Job.ID)
		stop()
		b := w.submitText("a.txt", prose("B", 3))
		if again := w.submitText("a.txt", prose("A", 3)); !again.Unchanged {
			t.Errorf("A again = %+v", again)
		}
		if j, err := w.Job(t.Context(), w.alice, b.Job.ID); err != nil || j.Status != ingest.StatusCancelled {
			t.Errorf("B is %+v, %v", j.Status, err)
		}
		w.whole(a.ItemUID, prose("A", 3))
	})
}

func TestAHundredSubmissionsAtOnceOfTheSameContentAreOneJob(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		var mu sync.Mutex
		ids := map[string]bool{}
		submitTogether(w, 100, func(int) string { return prose("same", 4) }, func(out ingest.Outcome) {
			mu.Lock()
			defer mu.Unlock()
			ids[out.Job.ID] = true
		})
		if len(ids) != 1 || w.count(`SELECT COUNT(*) FROM item`) != 1 || w.count(`SELECT item_count FROM library WHERE uid = $1`, w.lib) != 1 {
			t.Errorf("made %d jobs", len(ids))
		}
		w.start()
		for id := range ids {
			if j := w.ended(id); j.Status != ingest.StatusDone {
				t.Errorf("ended as %+v", j)
			}
			w.whole(w.mustJob(id).ItemUID, prose("same", 4))
		}
		if n := len(w.objectsLeft()); n != objectsEach {
			t.Errorf("%d objects are left, want 4", n)
		}
	})
}

func TestAHundredDifferentSubmissionsAtOnceEndOnceEachAndTheLastIsRead(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.start(func(o *ingest.WorkerOptions) { o.Concurrency = 4 })
		content := func(n int) string { return prose(fmt.Sprint("number ", n), 2) }
		var mu sync.Mutex
		jobs, texts := map[int64]string{}, map[string]string{}
		submitTogether(w, 100, content, func(out ingest.Outcome) {
			mu.Lock()
			defer mu.Unlock()
			jobs[out.Job.Generation] = out.Job.ID
		})
		for n := range 100 {
			texts[digest(content(n))] = content(n)
		}
		var uid string
		done := 0
		for gen := range int64(100) {
			j := w.ended(jobs[gen+1])
			uid = j.ItemUID
			switch {
			case j.Status == ingest.StatusDone:
				done++
			case j.Status != ingest.StatusCancelled || gen == 99:
				t.Errorf("generation %d ended as %s %+v", gen+1, j.Status, j.Error)
			}
		}
		i := w.item(uid)
		if i.Generation != 100 || done == 0 {
			t.Errorf("read is generation %d after %d done", i.Generation, done)
		}
		w.whole(uid, texts[i.ContentHash])
		check(t, ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{}).Run(t.Context()))
		if n := len(w.objectsLeft()); n > 3*objectsEach {
			t.Errorf("%d objects are left", n)
		}
		stats, err := w.graph.Stats(t.Context(), w.lib)
		check(t, err)
		if stats.Items != 1 || stats.Visible != i.ChunkCount {
			t.Errorf("the index holds %+v, want %d visible chunks", stats, i.ChunkCount)
		}
	})
}

// submitTogether submits n contents as one document, ten at a time.
func submitTogether(w *world, n int, content func(int) string, tell func(ingest.Outcome)) {
	w.t.Helper()
	var wg sync.WaitGroup
	slots := make(chan struct{}, 10)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			out, err := w.Submit(w.t.Context(), w.alice, ingest.Submission{LibraryUID: w.lib, Filename: "one.txt", Body: strings.NewReader(content(i))})
			if err != nil || out.Job == nil {
				w.t.Errorf("Submit %d = %+v, %v", i, out, err)
				return
			}
			tell(out)
		})
	}
	wg.Wait()
}

func (w *world) mustJob(id string) ingest.Job {
	w.t.Helper()
	j, err := w.Job(w.t.Context(), w.alice, id)
	check(w.t, err)
	return j
}

func TestJobsAreListedNewestFirstAPageAtATimeAndOnlyToReaders(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		var want []string
		for n := range 5 {
			want = append(want, w.submitText(fmt.Sprint(n), "x").Job.ID)
		}
		slices.Reverse(want)
		var got []string
		f := ingest.Filter{LibraryUID: w.lib, Limit: 2}
		for {
			jobs, next, err := w.Jobs(t.Context(), w.alice, f)
			check(t, err)
			for _, j := range jobs {
				got = append(got, j.ID)
			}
			if next == "" {
				break
			}
			f.Cursor = next
		}
		if !slices.Equal(got, want) {
			t.Errorf("listed %v, want %v", got, want)
		}
		for _, f := range []ingest.Filter{{LibraryUID: w.lib}, {}, {WorkspaceID: "none"}, {LibraryUID: "x"}} {
			if jobs, _, err := w.Jobs(t.Context(), w.bob, f); err != nil || len(jobs) != 0 {
				t.Errorf("to a stranger %+v lists %d jobs, %v", f, len(jobs), err)
			}
		}
		if all, _, err := w.Jobs(t.Context(), w.alice, ingest.Filter{Status: ingest.StatusQueued}); err != nil || len(all) != 5 {
			t.Errorf("all queued: %d, %v", len(all), err)
		}
		if done, _, err := w.Jobs(t.Context(), w.alice, ingest.Filter{Status: ingest.StatusDone}); err != nil || len(done) != 0 {
			t.Errorf("done: %d, %v", len(done), err)
		}
		for _, f := range []ingest.Filter{{Cursor: "?"}, {Limit: -1}, {Limit: 1001}} {
			if _, _, err := w.Jobs(t.Context(), w.alice, f); !errs.Is(err, errs.Invalid) {
				t.Errorf("%+v = %v, want Invalid", f, err)
			}
		}
		for _, act := range []func() error{
			func() error { _, err := w.Job(t.Context(), w.bob, want[0]); return err },
			func() error { _, err := w.Retry(t.Context(), w.bob, want[0]); return err },
			func() error { _, err := w.Cancel(t.Context(), w.bob, want[0]); return err },
			func() error { _, err := w.Job(t.Context(), w.bob, "none"); return err },
		} {
			if err := act(); err == nil || err.Error() != "No such job." {
				t.Errorf("a stranger gets %v", err)
			}
		}
	})
}

func TestAJobsJSONIsTheContracts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	raw, err := json.Marshal(w.submitText("a.txt", "x").Job)
	check(t, err)
	var got map[string]any
	check(t, json.Unmarshal(raw, &got))
	want := []string{
		"attempts", "counts", "created_at", "error", "file_id", "filename", "finished_at", "id", "item_uid", "library_uid",
		"progress", "stage", "started_at", "status", "title", "workspace_id",
	}
	var keys []string
	for k := range got {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if !slices.Equal(keys, want) || got["error"] != nil || got["file_id"] != nil || got["workspace_id"] != nil {
		t.Errorf("a job is %s", raw)
	}
}
