package libraryapi

import (
	"net/http"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
)

const (
	librariesPath = "/library/api/libraries/"
	libraryPath   = librariesPath + "{uid}/"
	libraryTag    = "libraries"
)

func (a *API) libraryRoutes() []httpx.Route {
	return []httpx.Route{
		{
			Method: http.MethodGet, Path: librariesPath, ID: "listLibraries", Tag: libraryTag, Summary: "Libraries to read, newest first",
			Query: httpx.Page{}, Responses: map[int]any{http.StatusOK: []libraryBody{}}, Handler: a.listLibraries,
		},
		{
			Method: http.MethodPost, Path: librariesPath, ID: "createLibrary", Tag: libraryTag, Summary: "Make a library",
			Body: createLibraryBody{}, Responses: map[int]any{http.StatusCreated: libraryBody{}}, Handler: a.createLibrary,
		},
		{
			Method: http.MethodGet, Path: libraryPath, ID: "getLibrary", Tag: libraryTag, Summary: "One library",
			Responses: map[int]any{http.StatusOK: libraryBody{}}, Handler: a.getLibrary,
		},
		{
			Method: http.MethodPatch, Path: libraryPath, ID: "updateLibrary", Tag: libraryTag, Summary: "Change a library's settings",
			Body: updateLibraryBody{}, Responses: map[int]any{http.StatusOK: libraryBody{}}, Handler: a.updateLibrary,
		},
		{
			Method: http.MethodDelete, Path: libraryPath, ID: "deleteLibrary", Tag: libraryTag, Summary: "Delete a library and all it holds",
			Responses: map[int]any{http.StatusNoContent: nil}, Handler: a.deleteLibrary,
		},
	}
}

func (a *API) listLibraries(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	page, err := httpx.Query[httpx.Page](r)
	if err != nil {
		return err
	}
	var after library.Position
	if err := a.opt.Cursors.After(r, p.UserID, page, &after); err != nil {
		return err
	}
	grants, err := a.opt.Libraries.List(r.Context(), p, after, page.Limit+1)
	if err != nil {
		return err
	}
	if len(grants) > page.Limit {
		grants = grants[:page.Limit]
		end := grants[page.Limit-1].Library
		if err := a.opt.Cursors.Next(w, r, p.UserID, library.Position{CreatedAt: end.CreatedAt, UID: end.UID}); err != nil {
			return err
		}
	}
	return httpx.JSON(w, http.StatusOK, each(grants, libraryOf))
}

type createLibraryBody struct {
	Name        string `json:"name" required:"true" minLength:"1" maxLength:"200"`
	Description string `json:"description" maxLength:"10000"`
	LibraryType string `json:"library_type" enum:"nonfiction,fiction,technical,journal,business,music,film,art"`
	Global      bool   `json:"global" description:"For superusers and the group Admin: everybody may read it."`
}

func (a *API) createLibrary(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	body, present, err := httpx.Body[createLibraryBody](w, r)
	if err != nil {
		return err
	}
	if err := notBlank(present, map[string]string{"library_type": body.LibraryType}); err != nil {
		return err
	}
	g, err := a.opt.Libraries.Create(r.Context(), p, library.NewLibrary{
		Name: body.Name, Description: body.Description, Type: body.LibraryType, Global: body.Global,
	})
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusCreated, libraryOf(g))
}

// uid is the library of the path, under the rule that workspaces have paths
// of their own.
func (a *API) uid(r *http.Request, p accounts.Principal) (library.Grant, error) {
	l, role, err := a.opt.Libraries.Access().Read(r.Context(), p, httpx.PathParam(r, "uid"))
	if err == nil && l.Workspace() {
		err = library.NoLibrary()
	}
	return library.Grant{Library: l, Role: role}, err
}

func (a *API) getLibrary(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	g, err := a.uid(r, p)
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, libraryOf(g))
}

type updateLibraryBody struct {
	Name        string `json:"name" minLength:"1" maxLength:"200"`
	Description string `json:"description" maxLength:"10000"`
	LibraryType string `json:"library_type" enum:"nonfiction,fiction,technical,journal,business,music,film,art"`
	Global      bool   `json:"global" description:"True makes it global, for good; for superusers and the group Admin."`
}

func (a *API) updateLibrary(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	g, err := a.uid(r, p)
	if err != nil {
		return err
	}
	body, present, err := httpx.Body[updateLibraryBody](w, r)
	if err != nil {
		return err
	}
	g, err = a.opt.Libraries.Update(r.Context(), p, g.Library.UID, library.Patch{
		Name: given(present, "name", &body.Name), Description: given(present, "description", &body.Description),
		Type: given(present, "library_type", &body.LibraryType), Global: given(present, "global", &body.Global),
	})
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, libraryOf(g))
}

// given is a field's value, or nil when the body did not have it.
func given[T any](present httpx.Present, name string, value *T) *T {
	if !present[name] {
		return nil
	}
	return value
}

func (a *API) deleteLibrary(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	g, err := a.uid(r, p)
	if err != nil {
		return err
	}
	if err := a.opt.Libraries.Delete(r.Context(), p, g.Library.UID); err != nil {
		return err
	}
	return httpx.NoContent(w)
}
