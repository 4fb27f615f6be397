package dashboard_test

import (
	"net/http"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
)

const mailWithNote = "From: Ann <ann@example.org>\r\nSubject: Owls\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain\r\n\r\nSee the note.\r\n" +
	"--b\r\nContent-Type: text/plain; name=note.txt\r\nContent-Disposition: attachment; filename=note.txt\r\n\r\nOwls hear well.\r\n--b--\r\n"

func TestAMailAndItsAttachmentsLeadToEachOther(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	w.Work()
	at, _ := document(w, ann, "owls.eml", mailWithNote)
	b := w.SignedIn(ann)
	link := b.Get(at).Want(http.StatusOK).Says(".carried", "1 attachment").One(".carried li a")
	note := dashboardtest.Attr(link, "href")
	shown := b.Get(note).Want(http.StatusOK).Says(".carried", "Attachment of")
	if back := dashboardtest.Attr(shown.One(".carried a"), "href"); back != at {
		t.Errorf("the attachment leads back to %s, want %s", back, at)
	}
	if len(shown.All(`main a[href$="/replace/"]`)) != 0 {
		t.Error("an attachment is offered to be replaced")
	}
	b.Get(note + "replace/").Want(http.StatusConflict)
	b.Get(at+"delete/").Says("main", "1 attachment")
}
