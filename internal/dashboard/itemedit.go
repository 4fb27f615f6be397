package dashboard

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

// itemFormPage changes how a document is described.
type itemFormPage struct {
	Head              itemHead
	Title, Collection string
	Metadata          string // JSON, as typed
	Collections       []string
	Faults            page.Faults
}

// changeableItem finds the document of the path for somebody who may change it.
func (d *Dashboard) changeableItem(r *http.Request, s httpx.Session) (openedItem, error) {
	o, err := d.openItem(r, s, tabDetails)
	if err == nil {
		_, _, _, err = d.opt.Access.ItemForWrite(r.Context(), s.Principal, o.UID)
	}
	return o, err
}

func (d *Dashboard) editItem(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.changeableItem(r, s)
	if err != nil {
		return err
	}
	p := itemFormPage{Title: o.Head.Document.Title, Collection: o.Head.Document.Collection, Metadata: "{}"}
	if len(o.Metadata) > 0 {
		if p.Metadata, err = written(o.Metadata); err != nil {
			return err
		}
	}
	if page.Restored(r) {
		p = itemFormOf(r)
	}
	return d.showItemForm(w, r, s, http.StatusOK, o, p)
}

// itemFormOf is what was typed.
func itemFormOf(r *http.Request) itemFormPage {
	return itemFormPage{Title: page.Field(r, "title"), Collection: page.Field(r, "collection"), Metadata: page.Field(r, "metadata")}
}

// written is metadata as a person edits it. What is nested further than
// anybody reads stands in one line: indented, a few bytes would fill megabytes.
func written(metadata map[string]any) (string, error) {
	const mostLevels = 16
	indent := "  "
	if deeper(metadata, mostLevels) {
		indent = ""
	}
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetIndent("", indent)
	err := enc.Encode(metadata)
	return strings.TrimSuffix(text.String(), "\n"), err
}

// deeper tells whether a value of JSON is nested further than so many levels.
func deeper(v any, levels int) bool {
	within := func(v any) bool { return deeper(v, levels-1) }
	switch v := v.(type) {
	case map[string]any:
		return levels == 0 || slices.ContainsFunc(slices.Collect(maps.Values(v)), within)
	case []any:
		return levels == 0 || slices.ContainsFunc(v, within)
	}
	return false
}

func (d *Dashboard) showItemForm(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, o openedItem, p itemFormPage) (err error) {
	p.Head = o.Head
	if _, p.Collections, err = d.collectionNames(r, o.Library); err != nil {
		return err
	}
	return d.views.itemForm.Show(w, r, s, status, page.Heading{Title: "Edit " + o.Head.Document.Title, Area: librariesArea}, p)
}

func (d *Dashboard) updateItem(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.changeableItem(r, s)
	if err != nil {
		return err
	}
	p := itemFormOf(r)
	patch := library.ItemPatch{}
	if title := strings.TrimSpace(p.Title); title != o.Title {
		patch.Title = &title // one that nobody changed stays the document's own
	}
	if collection := strings.TrimSpace(p.Collection); collection != o.Head.Document.Collection {
		name := &collection
		patch.Collection = &name
	}
	patch.Metadata, err = metadataOf(p.Metadata)
	if err == nil {
		_, err = d.opt.Libraries.UpdateItem(r.Context(), s.Principal, o.UID, patch)
	}
	if found, ok := page.FaultsOf(err); ok {
		p.Faults = found
		return d.showItemForm(w, r, s, http.StatusBadRequest, o, p)
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, "The document is changed.", o.path(tabDetails))
}

// metadataOf reads what was typed. Numbers stay as they were written.
func metadataOf(text string) (map[string]any, error) {
	metadata := map[string]any{}
	if strings.TrimSpace(text) == "" {
		return metadata, nil
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.UseNumber()
	if err := dec.Decode(&metadata); err != nil || metadata == nil {
		return nil, errs.Field("metadata", `This is no JSON object. Write names and values, as {"author": "Ann", "year": 1999}.`)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errs.Field("metadata", "There is something behind the JSON object. Remove it.")
	}
	return metadata, nil
}

// replacePage takes a new version of a document in.
type replacePage struct {
	Head      itemHead
	MaxUpload int64
}

// replaceableItem finds the document of the path for somebody who may take a
// new version of it in.
func (d *Dashboard) replaceableItem(r *http.Request, s httpx.Session) (openedItem, error) {
	o, err := d.changeableItem(r, s)
	if err == nil && o.ParentUID != nil {
		err = errs.New(errs.Conflict, "This is an attachment: it changes when a new version of its mail is taken in.")
	}
	return o, err
}

func (d *Dashboard) askForVersion(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.replaceableItem(r, s)
	if err != nil {
		return err
	}
	p := replacePage{Head: o.Head, MaxUpload: d.opt.MaxUpload}
	return d.views.replace.Show(w, r, s, http.StatusOK, page.Heading{Title: "New version of " + o.Head.Document.Title, Area: librariesArea}, p)
}

// replaceItem takes a file in as the document's next version, whatever the
// file is called: it goes by what the document is known by.
func (d *Dashboard) replaceItem(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.replaceableItem(r, s)
	if err != nil {
		return err
	}
	form, err := d.openUpload(w, r, s)
	if err != nil {
		return err
	}
	f, err := form.next()
	if errors.Is(err, io.EOF) {
		return page.Refused(w, r, s, "Choose a file first.", o.path("replace/"))
	}
	if err != nil {
		return err
	}
	out, err := d.opt.Ingest.Submit(r.Context(), s.Principal, ingest.Submission{
		LibraryUID: o.LibraryUID, Filename: o.Filename, FileID: orEmpty(o.FileID), Collection: o.Head.Document.Collection, Body: f.body,
	})
	if e := errs.As(err); e != nil && e.Kind != errs.Internal && e.Kind != errs.Unavailable {
		return page.Refused(w, r, s, page.MessageOf(e), o.path("replace/"))
	}
	if err != nil {
		return err
	}
	if out.Unchanged {
		return page.Done(w, r, s, "These are the bytes that the document has already: nothing to do.", o.path(tabDetails))
	}
	return page.Done(w, r, s, "The new version is on its way in. Until it is whole, readers see the one before.", o.path(tabDetails))
}
