package libraryapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/pages"
)

const plainText = "text/plain; charset=utf-8"

func (a *API) getContent(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	item, _, _, err := a.opt.Libraries.Access().Item(r.Context(), p, httpx.PathParam(r, "uid"))
	if err != nil {
		return err
	}
	g, err := a.generation(r, item, a.opt.Libraries.Shown)
	if err != nil {
		return err
	}
	// What people put in may be hostile: a browser is to save it, and to run
	// nothing of it should it be shown all the same.
	w.Header().Set("Content-Disposition", attachment(item, g))
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
	w.Header().Set("ETag", `"`+strings.TrimPrefix(g.ContentHash, "sha256:")+`"`)
	return a.serve(w, r, g, g.OriginalKey, mediaType(g.ContentType))
}

func (a *API) getText(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	item, _, _, err := a.opt.Libraries.Access().Item(r.Context(), p, httpx.PathParam(r, "uid"))
	if err != nil {
		return err
	}
	g, err := a.generation(r, item, a.published)
	if err != nil {
		return err
	}
	if g.TextKey == "" { // a version that is not finished
		return errs.New(errs.NotFound, "This document has no text yet.")
	}
	// The same bytes may be read into another text one day.
	w.Header().Set("ETag", `"`+strconv.FormatInt(g.Number, 10)+"-"+strings.TrimPrefix(g.ContentHash, "sha256:")+`"`)
	return a.serve(w, r, g, g.TextKey, plainText)
}

const pngImage = "image/png"

// pictureQuery names a version and says how wide its picture is.
type pictureQuery struct {
	contentQuery

	Width int `query:"width" minimum:"100" maximum:"2000" description:"In pixels, 1000 when absent. The picture of a very long page is narrower."`
}

func (a *API) getPage(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	item, _, _, err := a.opt.Libraries.Access().Item(r.Context(), p, httpx.PathParam(r, "uid"))
	if err != nil {
		return err
	}
	q, err := httpx.Query[pictureQuery](r)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(httpx.PathParam(r, "page"))
	if err != nil || strconv.Itoa(number) != httpx.PathParam(r, "page") {
		number = 0 // which no document has
	}
	if q.Width == 0 {
		q.Width = pages.DefaultWidth
	}
	g, err := a.numbered(r.Context(), item, q.Generation, a.opt.Libraries.Shown)
	if err != nil {
		return err
	}
	picture, err := a.opt.Pictures.Page(r.Context(), g, number, q.Width)
	if err != nil {
		return err
	}
	defer a.close(r.Context(), picture)
	header := w.Header()
	header.Set("ETag", fmt.Sprintf(`"%s-%d-%d"`, strings.TrimPrefix(g.ContentHash, "sha256:"), number, q.Width))
	header.Set("Cache-Control", "private, no-cache")
	header.Set("Content-Type", pngImage)
	http.ServeContent(w, r, "", time.Time{}, picture)
	return nil
}

// contentQuery names a version.
type contentQuery struct {
	Generation int `query:"generation" minimum:"1" maximum:"16777215" description:"An earlier version that is still kept; the one that readers see when absent."`
}

// generation finds the version that was asked for, or the usual one.
func (a *API) generation(r *http.Request, item library.Item, usual func(context.Context, library.Item) (library.Generation, error)) (library.Generation, error) {
	q, err := httpx.Query[contentQuery](r)
	if err != nil {
		return library.Generation{}, err
	}
	return a.numbered(r.Context(), item, q.Generation, usual)
}

func (a *API) numbered(ctx context.Context, item library.Item, number int, usual func(context.Context, library.Item) (library.Generation, error)) (library.Generation, error) {
	if number == 0 {
		return usual(ctx, item)
	}
	return a.opt.Libraries.Generation(ctx, item, int64(number))
}

func (a *API) published(ctx context.Context, item library.Item) (library.Generation, error) {
	return a.opt.Libraries.Generation(ctx, item, item.Generation)
}

// serve answers with an object, or the ranges of it that were asked for.
func (a *API) serve(w http.ResponseWriter, r *http.Request, g library.Generation, key, contentType string) (err error) {
	body, _, err := a.opt.Objects.Open(r.Context(), key)
	if errors.Is(err, blob.ErrMissing) || errors.Is(err, blob.ErrKey) {
		a.opt.Log.ErrorContext(r.Context(), "object missing", slog.String("item_uid", g.ItemUID), slog.String("key", key))
		return errs.Wrap(errs.NotFound, err, "This document's file is not stored any more.")
	}
	if err != nil {
		return err
	}
	defer a.close(r.Context(), body)
	w.Header().Set("Content-Type", contentType)
	http.ServeContent(w, r, "", time.Time{}, body)
	return nil
}

func (a *API) close(ctx context.Context, body io.Closer) {
	if err := body.Close(); err != nil {
		a.opt.Log.WarnContext(ctx, "close object", slog.Any("error", err))
	}
}

// attachment names the file that a browser saves. An earlier version says in
// its name that it is one, so that it is not taken for the document, nor saved
// over it.
func attachment(item library.Item, g library.Generation) string {
	name := path.Base(item.Filename)
	if item.Filename == "" {
		name = item.UID
	}
	if g.Number < item.Generation {
		extension := path.Ext(name)
		name = strings.TrimSuffix(name, extension) + ".v" + strconv.FormatInt(g.Number, 10) + extension
	}
	if d := mime.FormatMediaType("attachment", map[string]string{"filename": name}); d != "" {
		return d
	}
	return "attachment"
}

// mediaType is a stored content type, if it is one.
func mediaType(stored string) string {
	if _, _, err := mime.ParseMediaType(stored); err != nil {
		return "application/octet-stream"
	}
	return stored
}
