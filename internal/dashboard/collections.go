package dashboard

import (
	"net/http"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
)

const (
	collectionsPer     = 100
	collectionsOffered = 200 // to choose from, in a form
)

// collectionsPage lists the collections of a library.
type collectionsPage struct {
	Head        libraryHead
	Collections []collectionRow
	Next        string
	First       bool
	MayChange   bool
	Loose       string // path of the documents that are in none
}

// collectionRow is a collection as the list shows it.
type collectionRow struct {
	UID, Name string
	Documents int64
	Path      string // of its documents
	Action    string // of its forms
}

func (d *Dashboard) listCollections(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.open(r, s, tabCollections)
	if err != nil {
		return err
	}
	after := ""
	if err := d.cursor(r, s, nil, &after); err != nil {
		return err
	}
	folders, err := d.opt.Libraries.Folders(r.Context(), s.Principal, o.UID, after, collectionsPer+1)
	if err != nil {
		return err
	}
	p := collectionsPage{Head: o.Head, First: after == "", Loose: o.path(tabDocuments) + "?collection=" + inNone}
	if len(folders) > collectionsPer {
		folders = folders[:collectionsPer]
		if p.Next, err = d.pageAt(r, s, nil, folders[collectionsPer-1].Name); err != nil {
			return err
		}
	}
	may, err := d.mayAdd(r, s, o.UID)
	if err != nil {
		return err
	}
	p.MayChange = may && o.Role.CanWrite()
	for _, f := range folders {
		row := collectionRow{
			UID: f.UID, Name: f.Name, Documents: f.Documents,
			Path: o.path(tabDocuments) + "?collection=" + f.UID, Action: o.path(tabCollections) + f.UID + "/",
		}
		p.Collections = append(p.Collections, row)
	}
	return d.views.collections.Show(w, r, s, http.StatusOK, page.Heading{Title: "Collections of " + o.Name, Area: librariesArea}, p)
}

func (d *Dashboard) renameCollection(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.open(r, s, tabCollections)
	if err != nil {
		return err
	}
	uid, name := httpx.PathParam(r, "collection"), strings.TrimSpace(page.Field(r, "name"))
	err = d.opt.Libraries.RenameCollection(r.Context(), s.Principal, o.UID, uid, name)
	if found, ok := page.FaultsOf(err); ok {
		return page.Refused(w, r, s, "“"+name+"”: "+found["name"]+found[""], o.path(tabCollections))
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, "The collection is called “"+name+"” now.", o.path(tabCollections))
}

// dropCollection takes an empty collection away. Nothing is lost by it, so
// nothing is asked.
func (d *Dashboard) dropCollection(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.open(r, s, tabCollections)
	if err != nil {
		return err
	}
	err = d.opt.Libraries.DropCollection(r.Context(), s.Principal, o.UID, httpx.PathParam(r, "collection"))
	if found, ok := page.FaultsOf(err); ok {
		return page.Refused(w, r, s, found[""], o.path(tabCollections))
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, "The empty collection is gone.", o.path(tabCollections))
}

// collectionNames are the collections that a form offers, the first of many.
func (d *Dashboard) collectionNames(r *http.Request, l library.Library) ([]library.Collection, []string, error) {
	list, err := d.opt.Libraries.SomeCollections(r.Context(), l, collectionsOffered)
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = c.Name
	}
	return list, names, err
}
