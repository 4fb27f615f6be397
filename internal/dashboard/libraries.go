package dashboard

import (
	"maps"
	"net/http"
	"net/url"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

const (
	librariesPath = "/libraries/"
	librariesPer  = 60
	librariesArea = "libraries"
)

// librariesPage lists the libraries that a person may read.
type librariesPage struct {
	Libraries []libraryRow
	Kinds     []page.Tab
	Types     []page.Choice
	Text      string
	Kind      string
	Narrowed  bool
	MayMake   bool
	Next      string
	First     bool // the list begins at its beginning
}

// libraryRow is a library as lists show it.
type libraryRow struct {
	UID, Name, Description string
	Path                   string
	Type                   string
	Role                   string
	Owner                  string // another person's name, or empty
	Workspace              string // its id, where another system keeps the library
	Global                 bool
	Documents, Passages    int64
	UpdatedAt              time.Time
}

func (d *Dashboard) listLibraries(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	q := narrowing(r, "q", "type", "kind")
	var after library.Position
	if err := d.cursor(r, s, q, &after); err != nil {
		return err
	}
	f := library.BrowseFilter{Text: q.Get("q"), Type: q.Get("type"), Kind: library.Kind(q.Get("kind"))}
	grants, err := d.opt.Libraries.Browse(r.Context(), s.Principal, f, after, librariesPer+1)
	if err != nil {
		return err
	}
	p := librariesPage{
		Text: f.Text, Kind: string(f.Kind), Narrowed: f.Text != "" || f.Type != "" || f.Kind != "", MayMake: s.Principal.May(accounts.RightWrite),
		First: after.UID == "", Kinds: kindTabs(q), Types: typeChoices(f.Type),
	}
	if len(grants) > librariesPer {
		grants = grants[:librariesPer]
		last := grants[librariesPer-1].Library
		if p.Next, err = d.pageAt(r, s, q, library.Position{CreatedAt: last.CreatedAt, UID: last.UID}); err != nil {
			return err
		}
	}
	for _, g := range grants {
		p.Libraries = append(p.Libraries, libraryRowOf(s.Principal, g.Library, g.Role))
	}
	return d.views.libraries.Show(w, r, s, http.StatusOK, page.Heading{Title: "Libraries", Area: librariesArea}, p)
}

// kindTabs narrow the list to whose the libraries are, and keep what else
// narrows it.
func kindTabs(q url.Values) []page.Tab {
	tabs := make([]page.Tab, 0, 5)
	for _, kind := range []struct {
		kind library.Kind
		name string
	}{
		{"", "All"},
		{library.KindOwn, "Yours"},
		{library.KindShared, "Shared with you"},
		{library.KindGlobal, "For everybody"},
		{library.KindWorkspace, "Workspaces"},
	} {
		to := url.Values{}
		maps.Copy(to, q)
		to.Del("kind")
		if kind.kind != "" {
			to.Set("kind", string(kind.kind))
		}
		tab := page.Tab{Name: kind.name, Path: librariesPath, Current: q.Get("kind") == string(kind.kind)}
		if len(to) > 0 {
			tab.Path += "?" + to.Encode()
		}
		tabs = append(tabs, tab)
	}
	return tabs
}

func typeChoices(chosen string) []page.Choice {
	types := library.Types()
	out := make([]page.Choice, len(types))
	for i, t := range types {
		out[i] = page.Choice{Value: t.Name, Label: t.Label, Chosen: t.Name == chosen}
	}
	return out
}

func libraryRowOf(p accounts.Principal, l library.Library, role library.Role) libraryRow {
	row := libraryRow{
		UID: l.UID, Name: l.Name, Description: l.Description, Path: librariesPath + l.UID + "/", Type: l.Type, Role: string(role),
		Global: l.Global(), Documents: l.ItemCount, Passages: l.ChunkCount, UpdatedAt: l.UpdatedAt,
	}
	if t, ok := library.TypeNamed(l.Type); ok {
		row.Type = t.Label
	}
	if l.OwnerUsername != nil && *l.OwnerUsername != p.Username {
		row.Owner = *l.OwnerUsername
	}
	if l.WorkspaceID != nil {
		row.Workspace = *l.WorkspaceID
	}
	return row
}

// The parts of a library's pages.
const (
	tabDocuments   = ""
	tabCollections = "collections/"
	tabConcepts    = "concepts/"
	tabQuality     = "quality/"
	tabMembers     = "members/"
	tabSettings    = "settings/"
)

// libraryHead is what every page of a library shows of it.
type libraryHead struct {
	Library libraryRow
	Tabs    []page.Tab
}

// opened is a library that a person may read, and what they are to it.
type opened struct {
	library.Library

	Role library.Role
	Head libraryHead
}

// path is where a part of the library is.
func (o opened) path(part string) string { return librariesPath + o.UID + "/" + part }

// open finds the library of the path.
func (d *Dashboard) open(r *http.Request, s httpx.Session, tab string) (opened, error) {
	l, role, err := d.opt.Access.Read(r.Context(), s.Principal, httpx.PathParam(r, "uid"))
	o := opened{Library: l, Role: role}
	if err != nil {
		return o, err
	}
	o.Head = libraryHead{Library: libraryRowOf(s.Principal, l, role)}
	for _, part := range []struct{ name, path string }{
		{"Documents", tabDocuments}, {"Collections", tabCollections}, {"Concepts", tabConcepts}, {"Quality", tabQuality}, {"Members", tabMembers}, {"Settings", tabSettings},
	} {
		if part.path == tabMembers && l.Workspace() {
			continue // a workspace is its owner's alone
		}
		o.Head.Tabs = append(o.Head.Tabs, page.Tab{Name: part.name, Path: o.path(part.path), Current: part.path == tab})
	}
	return o, nil
}

// allowed turns the answer to a question of rights into one of yes and no.
func allowed(err error) (bool, error) {
	if errs.Is(err, errs.Forbidden) || errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// mayAdd asks whether a person may add documents to a library that they may
// read.
func (d *Dashboard) mayAdd(r *http.Request, s httpx.Session, uid string) (bool, error) {
	_, _, err := d.opt.Access.Write(r.Context(), s.Principal, uid)
	return allowed(err)
}

// mayAct tells which jobs of a library somebody may cancel and retry.
func (d *Dashboard) mayAct(r *http.Request, s httpx.Session, uid string) (func(ingest.Job) bool, error) {
	l, role, err := d.opt.Access.Write(r.Context(), s.Principal, uid)
	may, err := allowed(err)
	return func(j ingest.Job) bool { return may && library.MayChange(s.Principal, l, role, &j.AddedBy) }, err
}

func (d *Dashboard) mayAdminister(r *http.Request, s httpx.Session, uid string) (bool, error) {
	_, _, err := d.opt.Access.Administer(r.Context(), s.Principal, uid)
	return allowed(err)
}

func (d *Dashboard) mayOwn(r *http.Request, s httpx.Session, uid string) (bool, error) {
	_, err := d.opt.Access.Own(r.Context(), s.Principal, uid)
	return allowed(err)
}
