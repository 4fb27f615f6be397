package admin

import (
	"context"
	"net/http"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// LibrariesOptions are what the pages of everybody's libraries are made of.
type LibrariesOptions struct {
	// Inventory names the libraries and opens none (library.Inventory).
	Inventory interface {
		Page(ctx context.Context, p accounts.Principal, f library.HoldingFilter, after library.Position, limit int) ([]library.Holding, error)
		One(ctx context.Context, p accounts.Principal, uid string) (library.Holding, error)
		Rename(ctx context.Context, p accounts.Principal, uid, name string) error
		Delete(ctx context.Context, p accounts.Principal, uid string) error
		Total(ctx context.Context, p accounts.Principal) (library.Total, error)
	}
}

type librariesViews struct {
	list page.View[librariesPage]
	one  page.View[libraryPage]
}

func loadLibraries(l *page.Loader) librariesViews {
	return librariesViews{
		list: page.Load[librariesPage](l, "admin_libraries.html"),
		one:  page.Load[libraryPage](l, "admin_library.html"),
	}
}

func (p *Pages) librariesRoutes() []page.Route {
	return []page.Route{
		{Method: get, Path: pathLibraries, Handler: p.listLibraries},
		{Method: get, Path: pathLibraries + "{uid}/", Handler: p.showLibrary},
		{Method: post, Path: pathLibraries + "{uid}/rename/", Handler: p.renameLibrary},
		{Method: post, Path: pathLibraries + "{uid}/delete/", Handler: p.deleteLibrary},
	}
}

// librariesPage lists everybody's libraries.
type librariesPage struct {
	Name, Owner string
	Kinds       []page.Choice
	Any         bool
	Libraries   []holdingRow
	Next        string
}

// holdingRow is a library by name and owner.
type holdingRow struct {
	UID, Name, Path     string
	Owner               string // empty: everybody's
	OwnerDisabled       bool
	Kind, Type          string
	WorkspaceID         string
	Documents, Passages int64
	Members             int64
	Space, OtherSpace   string
	CreatedAt           time.Time
	UpdatedAt           time.Time
}

func holdingRowOf(h library.Holding) holdingRow {
	row := holdingRow{
		UID: h.UID, Name: h.Name, Path: pathLibraries + h.UID + "/", OwnerDisabled: !h.OwnerActive, Kind: string(h.Kind()), Type: h.Type,
		Documents: h.ItemCount, Passages: h.ChunkCount, Members: h.Members, Space: h.Space, OtherSpace: h.OtherSpace,
		CreatedAt: h.CreatedAt, UpdatedAt: h.UpdatedAt,
	}
	if h.OwnerUsername != nil {
		row.Owner = *h.OwnerUsername
	}
	if h.WorkspaceID != nil {
		row.WorkspaceID = *h.WorkspaceID
	}
	if t, ok := library.TypeNamed(h.Type); ok {
		row.Type = t.Label
	}
	return row
}

func (p *Pages) listLibraries(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	out := librariesPage{Name: strings.TrimSpace(page.Param(r, "name")), Owner: strings.TrimSpace(page.Param(r, "user"))}
	kind := page.Param(r, "kind")
	var err error
	out.Kinds, err = choices("kind", kind, string(library.HoldingPrivate), string(library.HoldingWorkspace), string(library.HoldingGlobal))
	if err != nil {
		return err
	}
	out.Any = out.Name != "" || out.Owner != "" || kind != ""
	filter := library.HoldingFilter{Owner: out.Owner, Kind: library.HoldingKind(kind), Name: out.Name}
	read := func(after library.Position, limit int) ([]library.Holding, error) {
		return p.opt.Libraries.Inventory.Page(r.Context(), s.Principal, filter, after, limit)
	}
	behind := func(h library.Holding) library.Position { return library.Position{CreatedAt: h.CreatedAt, UID: h.UID} }
	if out.Libraries, out.Next, err = listed(p, r, s, read, behind, holdingRowOf); err != nil {
		return err
	}
	return p.libraries.list.Show(w, r, s, http.StatusOK, p.heading("Everybody’s libraries", pathLibraries), out)
}

// libraryPage is one library, what it may be called, and how it goes.
type libraryPage struct {
	Library     holdingRow
	Rename      string // as typed
	Typed       string // to delete it
	Faults      page.Faults
	Consequence string // of deleting it
}

func (p *Pages) showLibrary(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	h, err := p.opt.Libraries.Inventory.One(r.Context(), s.Principal, httpx.PathParam(r, "uid"))
	if err != nil {
		return err
	}
	return p.libraryForm(w, r, s, http.StatusOK, h, libraryPage{Rename: h.Name})
}

func (p *Pages) libraryForm(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, h library.Holding, out libraryPage) error {
	out.Library = holdingRowOf(h)
	switch h.Kind() {
	case library.HoldingGlobal:
		out.Consequence = "Everybody loses it at once."
	case library.HoldingWorkspace:
		out.Consequence = "Its owner and the teams that read it lose it at once. Daedalus can make a new, empty workspace of the same id."
	case library.HoldingPrivate:
		out.Consequence = "Its owner loses it at once."
		if h.Members > 0 {
			out.Consequence = "Its owner and " + page.Count(h.Members, "member", "members") + " lose it at once."
		}
	}
	return p.libraries.one.Show(w, r, s, status, p.heading(h.Name, pathLibraries), out)
}

func (p *Pages) renameLibrary(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	h, err := p.opt.Libraries.Inventory.One(r.Context(), s.Principal, httpx.PathParam(r, "uid"))
	if err != nil {
		return err
	}
	name := page.Field(r, "name")
	err = p.opt.Libraries.Inventory.Rename(r.Context(), s.Principal, h.UID, name)
	if found, ok := page.FaultsOf(err); ok {
		return p.libraryForm(w, r, s, http.StatusBadRequest, h, libraryPage{Rename: name, Faults: found})
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, "The library “"+h.Name+"” is called “"+strings.TrimSpace(name)+"” now.", pathLibraries+h.UID+"/")
}

func (p *Pages) deleteLibrary(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	h, err := p.opt.Libraries.Inventory.One(r.Context(), s.Principal, httpx.PathParam(r, "uid"))
	if err != nil {
		return err
	}
	typed := page.Field(r, "confirm")
	if strings.TrimSpace(typed) != h.Name {
		out := libraryPage{Rename: h.Name, Typed: typed, Faults: page.Faults{"confirm": "This is not the library’s name. Nothing was deleted."}}
		return p.libraryForm(w, r, s, http.StatusBadRequest, h, out)
	}
	if err := p.opt.Libraries.Inventory.Delete(r.Context(), s.Principal, h.UID); err != nil {
		return err
	}
	return page.Done(w, r, s, "The library “"+h.Name+"” is deleted.", pathLibraries)
}
