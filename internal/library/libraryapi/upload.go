package libraryapi

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

const (
	maxField     = httpx.MaxJSON  // bytes of a form's field
	maxEnvelope  = 4 * maxField   // bytes of all that is not the file
	unlimited    = int64(1) << 62 // for the bound on the file when there is none
	copyBuffer   = 256 << 10      // bytes
	fileField    = "file"
	metadataName = "metadata"
)

// ingestForm is the multipart form, for the document.
type ingestForm struct {
	WorkspaceID string                `formData:"workspace_id"`
	LibraryUID  string                `formData:"library_uid"`
	FileID      string                `formData:"file_id"`
	Filename    string                `formData:"filename" description:"With folders, a relative path; the file's own name when absent."`
	Title       string                `formData:"title"`
	ContentHash string                `formData:"content_hash"`
	Collection  string                `formData:"collection"`
	Metadata    string                `formData:"metadata" description:"A JSON object."`
	File        *multipart.FileHeader `formData:"file" required:"true"`
}

// upload is a multipart form on its way in. Its parts may come in any order,
// so the file waits on disk until all of them are known.
type upload struct {
	sub  ingest.Submission
	seen map[string]bool
	file *os.File
}

func (a *API) ingestUpload(w http.ResponseWriter, r *http.Request, p accounts.Principal) (err error) {
	limit := a.opt.MaxUpload
	if limit <= 0 {
		limit = unlimited
	}
	if r.ContentLength > limit+maxEnvelope { // said before any of it is read
		return errs.New(errs.TooLarge, "The form is larger than what is taken.")
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit+maxEnvelope)
	parts, err := r.MultipartReader()
	if err != nil {
		return errs.Wrap(errs.Invalid, err, "This is no multipart form.")
	}
	u := &upload{seen: map[string]bool{}}
	defer func() { a.discard(r, u) }()
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return httpx.CutShort(err)
		}
		if err := a.part(r, p, u, part, limit); err != nil {
			return err
		}
	}
	if u.file == nil {
		return errs.Field(fileField, "No file was submitted.")
	}
	if _, err := u.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the upload again: %w", err)
	}
	u.sub.Body = u.file
	return a.submit(w, r, p, u.sub)
}

func (a *API) part(r *http.Request, p accounts.Principal, u *upload, part *multipart.Part, limit int64) error {
	name := part.FormName()
	if u.seen[name] {
		return errs.Field(strings.ToValidUTF8(name, "?"), "This field is given twice.")
	}
	u.seen[name] = true
	if name != fileField {
		raw, err := io.ReadAll(io.LimitReader(part, maxField+1))
		if err != nil {
			return httpx.CutShort(err)
		}
		return u.set(name, raw)
	}
	if err := a.mayUpload(r, p, u.sub); err != nil {
		return err
	}
	if own := part.FileName(); u.sub.Filename == "" {
		if !utf8.ValidString(own) || strings.ContainsRune(own, 0) {
			return errs.Field("filename", "This is not UTF-8.")
		}
		u.sub.Filename = own
	}
	return a.spool(u, part, limit)
}

// mayUpload tells whoever may not write so before all of a large file is
// sent, in the words of Submit, which decides.
func (a *API) mayUpload(r *http.Request, p accounts.Principal, sub ingest.Submission) error {
	switch {
	case sub.WorkspaceID != "":
		_, err := a.opt.Libraries.Access().Workspace(r.Context(), p, sub.WorkspaceID)
		return err
	case sub.LibraryUID == "":
		return nil
	}
	_, _, err := a.opt.Libraries.Access().Write(r.Context(), p, sub.LibraryUID)
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Forbidden) {
		return errs.New(errs.NotFound, "Library is not registered.")
	}
	return err
}

// spool keeps the file on disk, whatever its size.
func (a *API) spool(u *upload, part *multipart.Part, limit int64) error {
	f, err := os.CreateTemp(a.opt.TempDir, "upload-*")
	if err != nil {
		return errs.Wrap(errs.Unavailable, err, "There is no place to keep the upload. Try again later.")
	}
	u.file = f
	n, err := io.CopyBuffer(f, io.LimitReader(part, limit+1), make([]byte, copyBuffer))
	var disk *os.PathError
	switch {
	case errors.As(err, &disk):
		return errs.Wrap(errs.Unavailable, err, "There is no place to keep the upload. Try again later.")
	case err != nil:
		return httpx.CutShort(err)
	case n > limit:
		return errs.Newf(errs.TooLarge, "The file is larger than %d bytes, which is the most that is taken.", limit)
	}
	return nil
}

func (a *API) discard(r *http.Request, u *upload) {
	if u.file == nil {
		return
	}
	if err := errors.Join(u.file.Close(), os.Remove(u.file.Name())); err != nil {
		a.opt.Log.WarnContext(r.Context(), "discard an upload", slog.Any("error", err))
	}
}

// set takes a field of the form.
func (u *upload) set(name string, raw []byte) error {
	fields := map[string]*string{
		"workspace_id": &u.sub.WorkspaceID, "library_uid": &u.sub.LibraryUID, "file_id": &u.sub.FileID,
		"filename": &u.sub.Filename, "title": &u.sub.Title, "content_hash": &u.sub.ContentHash, "collection": &u.sub.Collection,
	}
	into, known := fields[name]
	switch {
	case !known && name != metadataName:
		return errs.Field(strings.ToValidUTF8(name, "?"), "There is no such field.")
	case len(raw) > maxField:
		return errs.New(errs.TooLarge, "A field of the form is larger than 1 MiB.")
	case !utf8.Valid(raw):
		return errs.Field(name, "This is not UTF-8.")
	case strings.ContainsRune(string(raw), 0):
		return errs.Field(name, "Null characters are not allowed.")
	case name == metadataName:
		return u.setMetadata(raw)
	}
	*into = string(raw)
	return nil
}

func (u *upload) setMetadata(raw []byte) error {
	if len(raw) == 0 {
		return nil
	}
	wrapped := struct {
		Metadata map[string]any `json:"metadata"`
	}{}
	if _, err := httpx.DecodeObject([]byte(`{"metadata":`+string(raw)+`}`), &wrapped); err != nil {
		if e := errs.As(err); e != nil && len(e.Fields) > 0 {
			return err
		}
		return errs.Field(metadataName, "This is not a JSON object.")
	}
	u.sub.Metadata = wrapped.Metadata
	return nil
}
