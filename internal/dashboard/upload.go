package dashboard

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

const (
	maxUploadField = 1 << 10 // bytes of a field that is no file
	mostFields     = 20      // of one form, beside its files: they are kept in memory
	maxFiles       = 1000    // of one form
	maxFormSizes   = 4       // how many files of the greatest size a form may hold
	formEnvelope   = 4 << 20 // bytes of a form beside its files
	namedRefused   = 5       // that a message speaks of one by one
)

// uploaded is what became of the files of a form.
type uploaded struct {
	accepted, unchanged int64
	refused             []string
}

// uploadForm is a form with files on its way in: each file is read straight
// from the connection. Fields come before the files.
type uploadForm struct {
	parts  *multipart.Reader
	fields map[string]string
}

// incoming is a file of a form.
type incoming struct {
	name string // with folders, where the browser tells them
	body io.Reader
}

// openUpload reads a form as far as its token. One that is larger than any
// form may be is refused before it is read.
func (d *Dashboard) openUpload(w http.ResponseWriter, r *http.Request, s httpx.Session) (*uploadForm, error) {
	if d.opt.MaxUpload > 0 {
		most := maxFormSizes*d.opt.MaxUpload + formEnvelope
		if r.ContentLength > most {
			return nil, errs.New(errs.TooLarge, "This is more than one form may hold. Send fewer files at a time.")
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, errs.Wrap(errs.Unsupported, err, "This address takes the form of its page.")
	}
	f := &uploadForm{parts: parts, fields: map[string]string{}}
	token, err := parts.NextPart()
	if err != nil {
		return nil, httpx.CutShort(err)
	}
	if err := f.field(token); err != nil {
		return nil, err
	}
	if !httpx.CSRFValid(s, f.fields[page.CSRFField]) {
		return nil, page.StaleForm()
	}
	return f, nil
}

func (f *uploadForm) field(part *multipart.Part) error {
	value, err := io.ReadAll(io.LimitReader(part, maxUploadField))
	if err != nil {
		return httpx.CutShort(err)
	}
	f.fields[part.FormName()] = page.Clean(string(value))
	if len(f.fields) > mostFields {
		return errs.New(errs.Invalid, "The form has fields that its page does not have.")
	}
	return nil
}

// next gives the next file, or io.EOF behind the last.
func (f *uploadForm) next() (incoming, error) {
	for {
		part, err := f.parts.NextPart()
		if errors.Is(err, io.EOF) {
			return incoming{}, io.EOF
		}
		if err != nil {
			return incoming{}, httpx.CutShort(err)
		}
		name := fileName(part)
		switch {
		case part.FormName() != "file":
			if err := f.field(part); err != nil {
				return incoming{}, err
			}
		case name != "": // a browser sends an empty part when no file was chosen
			return incoming{name, part}, nil
		}
	}
}

// fileName is the name that a browser gives a file: of one in a folder that
// was chosen, with the folders.
func fileName(part *multipart.Part) string {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return ""
	}
	name := strings.ReplaceAll(page.Clean(params["filename"]), `\`, "/")
	if name == "" {
		return ""
	}
	return strings.TrimPrefix(path.Clean("/"+name), "/")
}

// upload takes the files of a form one after another. Scripts send theirs to
// the REST door instead, and show each file's progress.
func (d *Dashboard) upload(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	l, _, err := d.opt.Access.Write(r.Context(), s.Principal, httpx.PathParam(r, "uid"))
	if err != nil {
		return err
	}
	form, err := d.openUpload(w, r, s)
	if err != nil {
		return err
	}
	var u uploaded
	if err := d.takeFiles(r, s, form, l.UID, &u); err != nil {
		return err
	}
	back := librariesPath + l.UID + "/"
	if len(u.refused) > 0 || u.accepted+u.unchanged == 0 {
		return page.Refused(w, r, s, u.text(), back)
	}
	return page.Done(w, r, s, u.text(), back)
}

func (d *Dashboard) takeFiles(r *http.Request, s httpx.Session, form *uploadForm, libraryUID string, u *uploaded) error {
	for range maxFiles {
		f, err := form.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		out, err := d.opt.Ingest.Submit(r.Context(), s.Principal, ingest.Submission{
			LibraryUID: libraryUID, Filename: f.name, Collection: form.fields["collection"], Body: f.body,
		})
		e := errs.As(err)
		switch {
		case err == nil && out.Unchanged:
			u.unchanged++
		case err == nil:
			u.accepted++
		case e == nil || e.Kind == errs.Internal || e.Kind == errs.Unavailable:
			return err
		default:
			u.refused = append(u.refused, f.name+": "+page.MessageOf(e))
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
