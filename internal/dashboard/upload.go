package dashboard

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

const (
	maxToken     = 1 << 10 // bytes of the form's token
	maxFiles     = 1000    // of one form
	namedRefused = 5       // that a message speaks of one by one
)

// uploaded is what became of the files of a form.
type uploaded struct {
	accepted, unchanged int64
	refused             []string
}

// upload takes the files of a form one after another, each straight from the
// connection. Scripts send theirs to the REST door instead, and show each
// file's progress.
func (d *Dashboard) upload(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	l, _, err := d.opt.Access.Write(r.Context(), s.Principal, httpx.PathParam(r, "uid"))
	if err != nil {
		return err
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return errs.Wrap(errs.Unsupported, err, "This address takes the form of its page.")
	}
	token, err := parts.NextPart()
	if err != nil {
		return httpx.CutShort(err)
	}
	value, err := io.ReadAll(io.LimitReader(token, maxToken))
	if err != nil {
		return httpx.CutShort(err)
	}
	if token.FormName() != page.CSRFField || !httpx.CSRFValid(s, string(value)) {
		return page.StaleForm()
	}
	var u uploaded
	if err := d.takeFiles(r, s, parts, l.UID, &u); err != nil {
		return err
	}
	back := librariesPath + l.UID + "/"
	if len(u.refused) > 0 || u.accepted+u.unchanged == 0 {
		return page.Refused(w, r, s, u.text(), back)
	}
	return page.Done(w, r, s, u.text(), back)
}

func (d *Dashboard) takeFiles(r *http.Request, s httpx.Session, parts *multipart.Reader, libraryUID string, u *uploaded) error {
	for range maxFiles {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return httpx.CutShort(err)
		}
		name := page.Clean(part.FileName())
		if part.FormName() != "file" || name == "" { // a browser sends an empty part when no file was chosen
			continue
		}
		out, err := d.opt.Ingest.Submit(r.Context(), s.Principal, ingest.Submission{LibraryUID: libraryUID, Filename: name, Body: part})
		e := errs.As(err)
		switch {
		case err == nil && out.Unchanged:
			u.unchanged++
		case err == nil:
			u.accepted++
		case e == nil || e.Kind == errs.Internal || e.Kind == errs.Unavailable:
			return err
		default:
			u.refused = append(u.refused, name+": "+page.MessageOf(e))
		}
	}
	u.refused = append(u.refused, "Of one form the first "+page.Count(maxFiles, "file is", "files are")+" taken.")
	return nil
}

// text tells the person what became of their files.
func (u uploaded) text() string {
	var said []string
	if u.accepted > 0 {
		said = append(said, page.Count(u.accepted, "document is on its way in.", "documents are on their way in."))
	}
	if u.unchanged > 0 {
		said = append(said, page.Count(u.unchanged, "document is here already, unchanged.", "documents are here already, unchanged."))
	}
	shown := u.refused[:min(len(u.refused), namedRefused)]
	said = append(said, shown...)
	if more := len(u.refused) - len(shown); more > 0 {
		said = append(said, page.Count(int64(more), "further file was not taken.", "further files were not taken."))
	}
	if len(said) == 0 {
		return "Choose a file first."
	}
	return strings.Join(said, " ")
}
