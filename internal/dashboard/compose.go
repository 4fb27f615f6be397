package dashboard

import (
	"net/http"
	"net/url"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

// composePage adds a document that is no file: what is at a web address, or a
// note.
type composePage struct {
	Head        libraryHead
	Title, Text string // of a note
	URL         string
	Collection  string
	Collections []string
	Faults      page.Faults
}

// composeOf is what was typed.
func composeOf(r *http.Request) composePage {
	return composePage{
		Title: strings.TrimSpace(page.Field(r, "title")), Text: page.Field(r, "text"),
		URL: strings.TrimSpace(page.Field(r, "url")), Collection: strings.TrimSpace(page.Field(r, "collection")),
	}
}

// writable finds the library of the path for somebody who may add to it.
func (d *Dashboard) writable(r *http.Request, s httpx.Session) (opened, error) {
	o, err := d.open(r, s, tabDocuments)
	if err == nil {
		_, _, err = d.opt.Access.Write(r.Context(), s.Principal, o.UID)
	}
	return o, err
}

func (d *Dashboard) askForAddress(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return d.compose(w, r, s, d.views.address, "Add a web address")
}

func (d *Dashboard) askForNote(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return d.compose(w, r, s, d.views.note, "Write a note")
}

func (d *Dashboard) compose(w http.ResponseWriter, r *http.Request, s httpx.Session, view page.View[composePage], title string) error {
	o, err := d.writable(r, s)
	if err != nil {
		return err
	}
	p := composePage{}
	if page.Restored(r) {
		p = composeOf(r)
	}
	return d.showCompose(w, r, s, http.StatusOK, o, view, title, p)
}

func (d *Dashboard) showCompose(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, o opened, view page.View[composePage], title string, p composePage) (err error) {
	p.Head = o.Head
	if _, p.Collections, err = d.collectionNames(r, o.Library); err != nil {
		return err
	}
	return view.Show(w, r, s, status, page.Heading{Title: title, Area: librariesArea}, p)
}

func (d *Dashboard) addAddress(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	p := composeOf(r)
	if p.URL == "" {
		p.Faults = page.Faults{"url": "This field may not be blank."}
	}
	return d.addComposed(w, r, s, d.views.address, "Add a web address", p, ingest.Submission{URL: p.URL})
}

// noteFolder is where notes lie, so that none becomes a version of a file.
const noteFolder = "notes/"

func (d *Dashboard) addNote(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	p := composeOf(r)
	p.Faults = page.Faults{}
	for field, value := range map[string]string{"title": p.Title, "text": strings.TrimSpace(p.Text)} {
		if value == "" {
			p.Faults[field] = "This field may not be blank."
		}
	}
	text := strings.ReplaceAll(p.Text, "\r\n", "\n")
	return d.addComposed(w, r, s, d.views.note, "Write a note", p, ingest.Submission{
		Title: p.Title, Filename: noteFolder + strings.ReplaceAll(p.Title, "/", "-") + ".md", Text: &text,
	})
}

func (d *Dashboard) addComposed(w http.ResponseWriter, r *http.Request, s httpx.Session, view page.View[composePage], title string, p composePage, sub ingest.Submission) error {
	o, err := d.writable(r, s)
	if err != nil {
		return err
	}
	if len(p.Faults) > 0 {
		return d.showCompose(w, r, s, http.StatusBadRequest, o, view, title, p)
	}
	sub.LibraryUID, sub.Collection = o.UID, p.Collection
	out, err := d.opt.Ingest.Submit(r.Context(), s.Principal, sub)
	if found, ok := page.FaultsOf(err); ok {
		if fault, ok := found["filename"]; ok {
			found["title"] = fault // which it is made of
		}
		p.Faults = found
		return d.showCompose(w, r, s, http.StatusBadRequest, o, view, title, p)
	}
	if err != nil {
		return err
	}
	said := "The document is on its way in."
	if out.Unchanged {
		said = "The document is here already, unchanged."
	}
	return page.Done(w, r, s, said, o.path(tabDocuments))
}

// fetchAgain looks whether what is at a document's web address has changed.
func (d *Dashboard) fetchAgain(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.changeableItem(r, s)
	if err != nil {
		return err
	}
	if !onTheWeb(o.Source) {
		return page.Refused(w, r, s, "This document did not come from a web address. Upload its new version.", o.path(tabText))
	}
	_, err = d.opt.Ingest.Submit(r.Context(), s.Principal, ingest.Submission{
		LibraryUID: o.LibraryUID, URL: o.Source, FileID: orEmpty(o.FileID), Filename: o.Filename, Collection: orEmpty(o.Collection),
	})
	if found, ok := page.FaultsOf(err); ok {
		for _, text := range found {
			return page.Refused(w, r, s, text, o.path(tabText))
		}
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, "The address is fetched again. What has changed there becomes the next version.", o.path(tabDetails))
}

// onTheWeb tells whether a document came from an address that browsers open.
func onTheWeb(source string) bool {
	u, err := url.Parse(source)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
