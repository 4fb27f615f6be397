package dashboard

import (
	"net/http"
	"net/url"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// movePage puts documents into a collection.
type movePage struct {
	Head        libraryHead
	Documents   []documentRow
	Count       string
	Collection  string
	Collections []string
	Action      string
	Back        string
	Faults      page.Faults
}

// ticked are the documents that were ticked, of the library of the path, that
// the person may change. Those that are gone meanwhile are left out.
func (d *Dashboard) ticked(r *http.Request, s httpx.Session, o opened, uids []string) ([]library.Item, error) {
	var items []library.Item
	seen := map[string]bool{}
	for _, uid := range uids {
		if len(seen) == documentsPer {
			break
		}
		if seen[uid] {
			continue
		}
		seen[uid] = true
		item, l, _, err := d.opt.Access.ItemForWrite(r.Context(), s.Principal, page.Clean(uid))
		if errs.Is(err, errs.NotFound) || (err == nil && l.UID != o.UID) {
			continue
		}
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

const nothingTicked = "Tick the documents first. Those that you ticked before may be gone."

func (d *Dashboard) confirmDeleteTicked(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.open(r, s, tabDocuments)
	if err != nil {
		return err
	}
	items, err := d.ticked(r, s, o, r.URL.Query()["item"])
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return page.Refused(w, r, s, nothingTicked, o.path(tabDocuments))
	}
	c := page.Confirm{
		Title: "Delete " + page.Count(int64(len(items)), "document", "documents") + "?",
		Verb:  "Delete " + page.Count(int64(len(items)), "document", "documents"), Action: o.path("documents/delete/"), Back: o.path(tabDocuments),
	}
	var passages int64
	for _, i := range items {
		c.List = append(c.List, documentRowOf(i).Title)
		c.Hidden = append(c.Hidden, page.Hidden{Name: "item", Value: i.UID})
		passages += i.ChunkCount
	}
	c.Text = "They leave “" + o.Name + "” at once, with their originals, their versions and " +
		page.Count(passages, "passage", "passages") + ". This cannot be undone."
	return d.opt.Site.Confirm(w, r, s, page.Heading{Title: "Delete documents", Area: librariesArea}, c)
}

func (d *Dashboard) deleteTicked(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.open(r, s, tabDocuments)
	if err != nil {
		return err
	}
	items, err := d.ticked(r, s, o, r.PostForm["item"])
	if err != nil {
		return err
	}
	var gone int64
	for _, i := range items {
		if err := d.opt.Libraries.DeleteItem(r.Context(), s.Principal, i.UID); err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		gone++
	}
	if gone == 0 {
		return page.Refused(w, r, s, nothingTicked, o.path(tabDocuments))
	}
	return page.Done(w, r, s, page.Count(gone, "document is", "documents are")+" deleted.", o.path(tabDocuments))
}

func (d *Dashboard) askWhereTo(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return d.showMove(w, r, s, http.StatusOK, r.URL.Query(), nil)
}

func (d *Dashboard) showMove(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, form url.Values, found page.Faults) error {
	o, err := d.open(r, s, tabDocuments)
	if err != nil {
		return err
	}
	items, err := d.ticked(r, s, o, form["item"])
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return page.Refused(w, r, s, nothingTicked, o.path(tabDocuments))
	}
	p := movePage{Head: o.Head, Collection: page.Clean(form.Get("collection")), Action: o.path("documents/move/"), Back: o.path(tabDocuments), Faults: found}
	if _, p.Collections, err = d.collectionNames(r, o.Library); err != nil {
		return err
	}
	p.Count = page.Count(int64(len(items)), "document", "documents")
	for _, i := range items {
		p.Documents = append(p.Documents, documentRowOf(i))
	}
	return d.views.move.Show(w, r, s, status, page.Heading{Title: "Move documents", Area: librariesArea}, p)
}

// moveTicked puts documents into a collection, or out of theirs when none is
// named. What cannot be moved stays ticked and is said.
func (d *Dashboard) moveTicked(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.open(r, s, tabDocuments)
	if err != nil {
		return err
	}
	items, err := d.ticked(r, s, o, r.PostForm["item"])
	if err != nil {
		return err
	}
	var collection *string
	if name := strings.TrimSpace(page.Field(r, "collection")); name != "" {
		collection = &name
	}
	var moved int64
	left := url.Values{"collection": {page.Field(r, "collection")}}
	faults := page.Faults{}
	for _, i := range items {
		_, err := d.opt.Libraries.UpdateItem(r.Context(), s.Principal, i.UID, library.ItemPatch{Collection: &collection})
		found, ok := page.FaultsOf(err)
		switch {
		case ok && found["collection"] != "":
			return d.showMove(w, r, s, http.StatusBadRequest, r.PostForm, found)
		case ok:
			left.Add("item", i.UID)
			faults[""] += "“" + documentRowOf(i).Title + "”: " + found[""] + " "
		case err != nil:
			return err
		default:
			moved++
		}
	}
	if len(faults) > 0 {
		faults[""] = page.Count(moved, "document is", "documents are") + " moved. " + strings.TrimSpace(faults[""])
		return d.showMove(w, r, s, http.StatusConflict, left, faults)
	}
	text := page.Count(moved, "document is", "documents are")
	if collection == nil {
		return page.Done(w, r, s, text+" in no collection now.", o.path(tabDocuments))
	}
	return page.Done(w, r, s, text+" in “"+*collection+"” now.", o.path(tabDocuments))
}
