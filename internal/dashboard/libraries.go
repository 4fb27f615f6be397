package dashboard

import (
	"net/http"
	"strings"
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
	librariesPer  = 100
	documentsPer  = 50
	recentJobs    = 8
)

// librariesPage lists the libraries that a person may read.
type librariesPage struct {
	Libraries []libraryRow
	Next      string
}

// libraryRow is a library as lists show it.
type libraryRow struct {
	UID, Name, Description string
	Path                   string
	Type                   string
	Role                   string
	Owner                  string // another person's name, or empty
	Global                 bool
	Documents, Passages    int64
	UpdatedAt              time.Time
}

func (d *Dashboard) listLibraries(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	after, err := d.position(r, s)
	if err != nil {
		return err
	}
	grants, err := d.opt.Libraries.List(r.Context(), s.Principal, after, librariesPer+1)
	if err != nil {
		return err
	}
	p := librariesPage{}
	if len(grants) > librariesPer {
		grants = grants[:librariesPer]
		last := grants[librariesPer-1].Library
		if p.Next, err = d.next(r, s, library.Position{CreatedAt: last.CreatedAt, UID: last.UID}); err != nil {
			return err
		}
	}
	for _, g := range grants {
		p.Libraries = append(p.Libraries, libraryRowOf(s.Principal, g.Library, g.Role))
	}
	return d.views.libraries.Show(w, r, s, http.StatusOK, page.Heading{Title: "Libraries", Area: "libraries"}, p)
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
	return row
}

// position is where a list goes on.
func (d *Dashboard) position(r *http.Request, s httpx.Session) (library.Position, error) {
	var at library.Position
	cursor := page.Param(r, "after")
	if cursor == "" {
		return at, nil
	}
	return at, d.opt.Cursors.Open([]string{s.Principal.UserID, r.URL.Path}, cursor, &at)
}

// next is the path of the page of a list that begins behind a position.
func (d *Dashboard) next(r *http.Request, s httpx.Session, behind library.Position) (string, error) {
	cursor, err := d.opt.Cursors.Seal([]string{s.Principal.UserID, r.URL.Path}, behind)
	return r.URL.EscapedPath() + "?after=" + cursor, err
}

// libraryFormPage makes a library.
type libraryFormPage struct {
	Name, Description string
	Types             []page.Choice
	Faults            page.Faults
}

func (d *Dashboard) newLibrary(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return d.showLibraryForm(w, r, s, http.StatusOK, library.NewLibrary{Type: library.DefaultType}, nil)
}

func (d *Dashboard) createLibrary(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	n := library.NewLibrary{Name: strings.TrimSpace(page.Field(r, "name")), Description: strings.TrimSpace(page.Field(r, "description")), Type: page.Field(r, "library_type")}
	g, err := d.opt.Libraries.Create(r.Context(), s.Principal, n)
	if found, ok := page.FaultsOf(err); ok {
		return d.showLibraryForm(w, r, s, http.StatusBadRequest, n, found)
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, "The library “"+g.Library.Name+"” is made.", librariesPath+g.Library.UID+"/")
}

func (d *Dashboard) showLibraryForm(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, n library.NewLibrary, found page.Faults) error {
	p := libraryFormPage{Name: n.Name, Description: n.Description, Faults: found}
	for _, t := range library.Types() {
		p.Types = append(p.Types, page.Choice{Value: t.Name, Label: t.Label, Chosen: t.Name == n.Type})
	}
	return d.views.libraryForm.Show(w, r, s, status, page.Heading{Title: "New library", Area: "libraries"}, p)
}

// libraryPage shows what a library holds and what is on its way in.
type libraryPage struct {
	Library   libraryRow
	MayAdd    bool
	Documents []documentRow
	Next      string
	First     bool // the list begins at its beginning
	Jobs      []jobRow
	Blank     jobRow
	Here      string
}

// documentRow is a document as the list shows it.
type documentRow struct {
	UID, Title, Filename string
	Path                 string
	Status               string
	Fault                string // why it cannot be read, or why its newest version cannot
	Type                 string
	Size, Passages       int64
	Pages                *int64
	Collection           string
	AddedAt              time.Time
	MayDelete            bool
}

func (d *Dashboard) showLibrary(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	l, role, err := d.opt.Access.Read(r.Context(), s.Principal, httpx.PathParam(r, "uid"))
	if err != nil {
		return err
	}
	p := libraryPage{Library: libraryRowOf(s.Principal, l, role), Blank: blankJob(), First: page.Param(r, "after") == ""}
	p.Here = p.Library.Path
	if p.MayAdd, err = d.mayAdd(r, s, l.UID); err != nil {
		return err
	}
	if err := d.documents(r, s, l, role, &p); err != nil {
		return err
	}
	jobs, _, err := d.opt.Ingest.Jobs(r.Context(), s.Principal, ingest.Filter{LibraryUID: l.UID, Limit: recentJobs})
	if err != nil {
		return err
	}
	for _, j := range jobs {
		p.Jobs = append(p.Jobs, jobRowOf(j, p.MayAdd))
	}
	return d.views.library.Show(w, r, s, http.StatusOK, page.Heading{Title: l.Name, Area: "libraries"}, p)
}

// mayAdd asks whether a person may add documents to a library that they may
// read.
func (d *Dashboard) mayAdd(r *http.Request, s httpx.Session, uid string) (bool, error) {
	_, _, err := d.opt.Access.Write(r.Context(), s.Principal, uid)
	if errs.Is(err, errs.Forbidden) || errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil, err
}

func (d *Dashboard) documents(r *http.Request, s httpx.Session, l library.Library, role library.Role, p *libraryPage) error {
	after, err := d.position(r, s)
	if err != nil {
		return err
	}
	items, err := d.opt.Libraries.Items(r.Context(), s.Principal, library.ItemFilter{LibraryUID: l.UID}, after, documentsPer+1)
	if err != nil {
		return err
	}
	if len(items) > documentsPer {
		items = items[:documentsPer]
		last := items[documentsPer-1]
		if p.Next, err = d.next(r, s, library.Position{CreatedAt: last.CreatedAt, UID: last.UID}); err != nil {
			return err
		}
	}
	for _, i := range items {
		row := documentRowOf(i)
		row.MayDelete = p.MayAdd && library.MayChange(s.Principal, l, role, i.CreatedBy)
		p.Documents = append(p.Documents, row)
	}
	return nil
}

func documentRowOf(i library.Item) documentRow {
	row := documentRow{
		UID: i.UID, Title: i.Title, Filename: i.Filename, Path: librariesPath + i.LibraryUID + "/items/" + i.UID + "/",
		Status: string(i.Status), Fault: i.ErrorDetail, Type: kindOf(i.ContentType), Size: i.SizeBytes, Passages: i.ChunkCount,
		Pages: i.Pages, AddedAt: i.CreatedAt,
	}
	if i.Collection != nil {
		row.Collection = *i.Collection
	}
	if row.Title == "" {
		row.Title = i.Filename
	}
	if row.Title == "" {
		row.Title = i.UID
	}
	return row
}

// sourceCode is the kind of a document whose line breaks mean something.
const sourceCode = "Source code"

// kindOf is a media type as people say it.
func kindOf(contentType string) string {
	kind, _, _ := strings.Cut(contentType, ";")
	switch kind {
	case "application/pdf":
		return "PDF"
	case "text/html", "application/xhtml+xml":
		return "HTML"
	case "text/markdown":
		return "Markdown"
	case "text/plain":
		return "Text"
	case "application/vnd.openxmlformats-officedocument.wordprocessingml.document":
		return "Word"
	case "":
		return ""
	}
	if strings.HasPrefix(kind, "text/") {
		return sourceCode
	}
	return kind
}
