package ingest_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// settled waits until no job is open.
func (w *world) settled() {
	w.t.Helper()
	w.until(func() bool {
		return w.count(`SELECT COUNT(*) FROM ingest_job WHERE status IN ('queued', 'running')`) == 0
	})
}

// attachments gives those of a mail, as "name title status".
func (w *world) attachments(mail string) (items []library.Item, names []string) {
	w.t.Helper()
	items, err := w.libs.Attachments(w.t.Context(), w.item(mail))
	check(w.t, err)
	for _, i := range items {
		names = append(names, i.Filename)
	}
	return items, names
}

// counted proves that the library's counts are those of what is in it.
func (w *world) counted() {
	w.t.Helper()
	if n := w.count(`SELECT COUNT(*) FROM library l WHERE deleted_at IS NULL AND (item_count <> (SELECT COUNT(*) FROM item i WHERE i.library_uid = l.uid AND i.deleted_at IS NULL)
	OR chunk_count <> (SELECT COALESCE(SUM(chunk_count), 0) FROM item i WHERE i.library_uid = l.uid AND i.deleted_at IS NULL))`); n != 0 {
		w.t.Errorf("%d libraries count what they have not", n)
	}
}

func TestAttachmentsOfAMailAreDocumentsBesideIt(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.start()
		report := prose("report", 20)
		out := w.submit(ingest.Submission{
			Filename: "mail.eml", FileID: "f1", Collection: "Letters", Metadata: map[string]any{"case": "7"},
			Body: strings.NewReader(letter(prose("mail", 3), "report.pdf", report, "bad.pdf", "fail:corrupt", "report.pdf", "Another report.")),
		})
		// A document of the same name beside them is another one.
		w.submit(ingest.Submission{Filename: "report.pdf", Collection: "Letters", Body: strings.NewReader("Uploaded.")})
		if j := w.ended(out.Job.ID); j.Status != ingest.StatusDone || j.Counts.Attachments != 3 {
			t.Errorf("the mail's job ended as %+v", j)
		}
		w.settled()
		items, names := w.attachments(out.ItemUID)
		if !slices.Equal(names, []string{"bad.pdf", "report.pdf", "report.pdf"}) {
			t.Fatalf("the mail has %q", names)
		}
		bad, first, second := items[0], items[1], items[2]
		w.whole(first.UID, report)
		w.whole(second.UID, "Another report.")
		if bad.Status != library.ItemFailed || bad.ErrorCode != "corrupt" {
			t.Errorf("a broken attachment is %+v", bad)
		}
		if first.Title != "report.pdf" || first.Source != "mail.eml#attachment=1/report.pdf" || second.Source != "mail.eml#attachment=2/report.pdf" ||
			*first.Collection != "Letters" || first.FileID != nil || *first.CreatedBy != w.alice.UserID || *first.ParentUID != out.ItemUID {
			t.Errorf("an attachment is described as %+v", first)
		}
		if m := first.Metadata; len(m) != 3 || m["parent_item_uid"] != out.ItemUID || m["subject"] != "A letter" || m["from"] != "ann@example.org" {
			t.Errorf("its metadata is %v", m)
		}
		if mail, err := w.libs.MailOf(t.Context(), w.alice, first); err != nil || mail == nil || mail.UID != out.ItemUID {
			t.Errorf("its mail is %v, %v", mail, err)
		}
		w.counted()
		moved := "Elsewhere"
		name := &moved
		_, err := w.libs.UpdateItem(t.Context(), w.alice, out.ItemUID, library.ItemPatch{Collection: &name})
		check(t, err)
		if i := w.item(first.UID); *i.Collection != moved {
			t.Errorf("the mail moved and its attachment is in %s", *i.Collection)
		}
	})
}

func TestANewVersionOfAMailChangesWhatChangedOfItsAttachments(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.start()
		inner := letter("Within.", "deep.txt", "Deep.")
		out := w.submitText("mail.eml", letter("One.", "same.txt", "Same.", "changed.txt", "Before.", "inner.eml", inner))
		w.settled()
		before, _ := w.attachments(out.ItemUID)
		deep, _ := w.attachments(before[1].UID)
		if len(before) != 3 || len(deep) != 1 || deep[0].Source != "mail.eml#attachment=1/inner.eml#attachment=1/deep.txt" {
			t.Fatalf("the mail has %+v, the one within %+v", before, deep)
		}
		title := "Renamed"
		_, err := w.libs.UpdateItem(t.Context(), w.alice, before[2].UID, library.ItemPatch{Title: &title, Metadata: map[string]any{"mine": "yes"}})
		check(t, err)

		second := w.submitText("mail.eml", letter("Two.", "new.txt", "New.", "same.txt", "Same.", "changed.txt", "After."))
		if second.ItemUID != out.ItemUID {
			t.Fatal("it is another document")
		}
		w.settled()
		after, names := w.attachments(out.ItemUID)
		if !slices.Equal(names, []string{"changed.txt", "new.txt", "same.txt"}) {
			t.Fatalf("the mail has %q", names)
		}
		if after[0].UID != before[0].UID || after[0].Generation != 2 || after[2].UID != before[2].UID || after[2].Generation != 1 {
			t.Errorf("the attachments were %+v and are %+v", before, after)
		}
		if i := after[2]; i.Title != title || i.Metadata["mine"] != "yes" || i.Metadata["subject"] != "A letter" {
			t.Errorf("what somebody noted is %q, %v", i.Title, i.Metadata)
		}
		w.whole(after[0].UID, "After.")
		w.counted()
		check(t, ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{}).Run(t.Context()))
		w.onlyKept(t)

		// Once it carries nothing, it has no attachments.
		w.submitText("mail.eml", "Three.")
		w.settled()
		if _, names := w.attachments(out.ItemUID); len(names) != 0 {
			t.Errorf("the mail has still %q", names)
		}
		w.counted()
	})
}

// onlyKept proves that nothing is stored that no row knows.
func (w *world) onlyKept(t *testing.T) {
	t.Helper()
	left, err := w.Residue(t.Context(), 0)
	check(t, err)
	for _, r := range left {
		if r.Count != 0 {
			t.Errorf("left is %+v", r)
		}
	}
	if n := w.count(`SELECT COUNT(*) FROM found_attachment`); n != 0 {
		t.Errorf("%d attachments are still to be taken in", n)
	}
}

func TestAMailGoesWithItsAttachments(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.start()
		deep := letter("3.", "four.eml", letter("4.", "five.eml", letter("5.", "six.txt", "Six.")))
		out := w.submitText("mail.eml", letter("1.", "two.eml", letter("2.", "three.eml", deep), "a.txt", "A."))
		w.settled()
		// The fourth mail within another keeps what it carries to itself.
		if n := w.count(`SELECT COUNT(*) FROM item WHERE library_uid = $1`, w.lib); n != 5 {
			t.Errorf("the mail became %d documents", n)
		}
		check(t, w.libs.DeleteItem(t.Context(), w.alice, out.ItemUID))
		if n := w.count(`SELECT COUNT(*) FROM item WHERE library_uid = $1 AND deleted_at IS NULL`, w.lib); n != 0 {
			t.Errorf("%d documents outlived the mail", n)
		}
		w.counted()
		check(t, ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{}).Run(t.Context()))
		w.onlyKept(t)
		if keys := w.objectsLeft(); len(keys) != 0 {
			t.Errorf("left are %q", keys)
		}
	})
}

func TestAFailedMailLeavesNothingOfItsAttachments(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		worker := w.worker()
		g := newGateOf(worker, "embedding", true)
		w.run(worker)
		out := w.submitText("mail.eml", letter("One.", "a.txt", "A.", "b.txt", "B."))
		<-g.reached
		// The sweep leaves alone what is still to be taken in, however old.
		check(t, ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{Grace: time.Nanosecond}).Run(t.Context()))
		if n := len(w.objectsLeft()); n != objectsEach+2 {
			t.Errorf("%d objects are stored", n)
		}
		_, err := w.Cancel(t.Context(), w.alice, out.Job.ID)
		check(t, err)
		close(g.open)
		w.settled()
		if n := w.count(`SELECT COUNT(*) FROM item`); n != 1 {
			t.Errorf("there are %d documents", n)
		}
		// Tried again it finds what was extracted.
		_, err = w.Retry(t.Context(), w.alice, out.Job.ID)
		check(t, err)
		w.settled()
		if j := w.mustJob(out.Job.ID); j.Status != ingest.StatusDone || j.Counts.Attachments != 2 || w.extract.calls.Load() != 3 {
			t.Errorf("tried again the job is %+v after %d extractions", j, w.extract.calls.Load())
		}
		if _, names := w.attachments(out.ItemUID); len(names) != 2 {
			t.Errorf("the mail has %q", names)
		}
		w.counted()
	})
}

func TestAKilledWorkerLosesNoAttachmentAndTakesNoneInTwice(t *testing.T) {
	t.Parallel()
	eachKillable(t, func(t *testing.T, w *world, o orders) {
		for _, point := range []string{"attachment stored", "extracted", "staged", "sealed", "published", "committed"} {
			t.Run(strings.ReplaceAll(point, " ", "_"), func(t *testing.T) {
				w := w.with(t)
				w.embedder, w.extract = &hashEmbedder{dims: 16}, &plainExtractor{}
				stop := w.run(w.worker())
				w.submitText("mail.eml", letter("Before.", "a.txt", "A.", "gone.txt", "Gone."))
				w.settled()
				stop()
				out := w.submitText("mail.eml", letter("After.", "a.txt", "A.", "b.txt", prose("b", 3), "b.txt", "B."))
				o := o
				o.Point = point
				killAt(t, o)
				stop = w.run(w.worker())
				if j := w.ended(out.Job.ID); j.Status != ingest.StatusDone || j.Counts.Attachments != 3 {
					t.Errorf("the mail's job ended as %+v", j)
				}
				w.settled()
				stop()
				items, names := w.attachments(out.ItemUID)
				if !slices.Equal(names, []string{"a.txt", "b.txt", "b.txt"}) {
					t.Fatalf("the mail has %q", names)
				}
				w.whole(items[0].UID, "A.")
				w.whole(items[1].UID, prose("b", 3))
				w.whole(items[2].UID, "B.")
				if items[0].Generation != 1 {
					t.Errorf("what did not change was taken in again")
				}
				w.counted()
				check(t, ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{Grace: time.Nanosecond}).Run(t.Context()))
				w.onlyKept(t)
			})
		}
	})
}

func TestWhoeverTakesAMailFromAFolderInWaitsForItsAttachments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.start()
	path := filepath.Join(t.TempDir(), "mail.eml")
	check(t, os.WriteFile(path, []byte(letter("One.", "a.txt", "A.", "in.eml", letter("Two.", "bad.txt", "fail: corrupt"))), 0o600))
	last, counts := w.takeIn(path)
	want := map[string]ingest.FileState{
		"mail.eml": ingest.FileDone, "mail.eml#a.txt": ingest.FileDone, "mail.eml#in.eml": ingest.FileDone, "mail.eml#in.eml#bad.txt": ingest.FileFailed,
	}
	if !maps.Equal(last, want) || counts.Found != 4 || counts.Ended != 4 || counts.Failed != 1 {
		t.Errorf("told of %v, %+v", last, counts)
	}
}
