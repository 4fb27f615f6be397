package libraryapi

import (
	"net/http"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
)

const (
	workspacesPath     = "/library/api/workspaces/"
	workspacePath      = workspacesPath + "{workspace_id}/"
	workspaceItemsPath = workspacePath + "items/"
	workspaceTag       = "workspaces"
)

func (a *API) workspaceRoutes() []httpx.Route {
	return []httpx.Route{
		{
			Method: http.MethodGet, Path: workspacesPath, ID: "listWorkspaces", Tag: workspaceTag, Summary: "One's workspaces, newest first",
			Query: httpx.Page{}, Responses: map[int]any{http.StatusOK: []workspaceBody{}}, Handler: a.listWorkspaces,
		},
		{
			Method: http.MethodPost, Path: workspacesPath, ID: "createWorkspace", Tag: workspaceTag, Summary: "Make a workspace, or find it made",
			Body: createWorkspaceBody{}, Handler: a.createWorkspace,
			Responses: map[int]any{http.StatusCreated: workspaceBody{}, http.StatusOK: workspaceBody{}},
		},
		{
			Method: http.MethodGet, Path: workspacePath, ID: "getWorkspace", Tag: workspaceTag, Summary: "One workspace",
			Responses: map[int]any{http.StatusOK: workspaceBody{}}, Handler: a.getWorkspace,
		},
		{
			Method: http.MethodPut, Path: workspacePath, ID: "updateWorkspace", Tag: workspaceTag, Summary: "Change what is given of a workspace",
			Body: updateWorkspaceBody{}, Responses: map[int]any{http.StatusOK: workspaceBody{}}, Handler: a.updateWorkspace,
		},
		{
			Method: http.MethodDelete, Path: workspacePath, ID: "deleteWorkspace", Tag: workspaceTag,
			Summary: "Delete a workspace and all it holds, if it is there", Responses: map[int]any{http.StatusNoContent: nil}, Handler: a.deleteWorkspace,
		},
		{
			Method: http.MethodGet, Path: workspaceItemsPath, ID: "listWorkspaceItems", Tag: workspaceTag, Summary: "Its documents, newest first",
			Query: workspaceItemsQuery{}, Responses: map[int]any{http.StatusOK: []itemBody{}}, Handler: a.listWorkspaceItems,
		},
		{
			Method: http.MethodDelete, Path: workspaceItemsPath + "{item_uid}/", ID: "deleteWorkspaceItem", Tag: workspaceTag,
			Summary: "Delete a document, if it is there", Responses: map[int]any{http.StatusNoContent: nil}, Handler: a.deleteWorkspaceItem,
		},
		{
			Method: http.MethodDelete, Path: workspacePath + "files/{file_id}/", ID: "deleteWorkspaceFile", Tag: workspaceTag,
			Summary: "Delete the document of a file id, if it is there", Responses: map[int]any{http.StatusNoContent: nil}, Handler: a.deleteWorkspaceFile,
		},
	}
}

type workspaceBody struct {
	UID           string    `json:"uid"`
	WorkspaceID   string    `json:"workspace_id"`
	Name          string    `json:"name"`
	Description   string    `json:"description"`
	LibraryType   string    `json:"library_type"`
	OwnerUsername string    `json:"owner_username"`
	ItemCount     int64     `json:"item_count"`
	ChunkCount    int64     `json:"chunk_count"`
	CreatedAt     time.Time `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
}

// workspaceOf takes a library that is a workspace.
func workspaceOf(l library.Library) workspaceBody {
	return workspaceBody{
		UID: l.UID, WorkspaceID: *l.WorkspaceID, Name: l.Name, Description: l.Description, LibraryType: l.Type,
		OwnerUsername: *l.OwnerUsername, ItemCount: l.ItemCount, ChunkCount: l.ChunkCount, CreatedAt: l.CreatedAt, UpdatedAt: l.UpdatedAt,
	}
}

func (a *API) listWorkspaces(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	page, err := httpx.Query[httpx.Page](r)
	if err != nil {
		return err
	}
	var after library.Position
	if err := a.opt.Cursors.After(r, p.UserID, page, &after); err != nil {
		return err
	}
	found, err := a.opt.Libraries.Workspaces(r.Context(), p, after, page.Limit+1)
	if err != nil {
		return err
	}
	if len(found) > page.Limit {
		found = found[:page.Limit]
		end := found[page.Limit-1]
		if err := a.opt.Cursors.Next(w, r, p.UserID, library.Position{CreatedAt: end.CreatedAt, UID: end.UID}); err != nil {
			return err
		}
	}
	return httpx.JSON(w, http.StatusOK, each(found, workspaceOf))
}

type createWorkspaceBody struct {
	WorkspaceID string `json:"workspace_id" required:"true" pattern:"^[A-Za-z0-9_.:-]{1,200}$"`
	Name        string `json:"name" minLength:"1" maxLength:"200" description:"The id when absent."`
	Description string `json:"description" maxLength:"10000"`
	LibraryType string `json:"library_type" enum:"nonfiction,fiction,technical,journal,business,music,film,art"`
}

func (a *API) createWorkspace(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	body, present, err := httpx.Body[createWorkspaceBody](w, r)
	if err != nil {
		return err
	}
	if err := notBlank(present, map[string]string{"name": body.Name, "library_type": body.LibraryType}); err != nil {
		return err
	}
	l, created, err := a.opt.Libraries.CreateWorkspace(r.Context(), p, library.NewWorkspace{
		ID: body.WorkspaceID, Name: body.Name, Description: body.Description, Type: body.LibraryType,
	})
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return httpx.JSON(w, status, workspaceOf(l))
}

// notBlank refuses fields that were given without a value, which is not the
// same as not given.
func notBlank(present httpx.Present, fields map[string]string) error {
	for name, value := range fields {
		if present[name] && value == "" {
			return errs.Field(name, "This field may not be blank.")
		}
	}
	return nil
}

func workspaceID(r *http.Request) string { return httpx.PathParam(r, "workspace_id") }

func (a *API) getWorkspace(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	l, err := a.opt.Libraries.Access().Workspace(r.Context(), p, workspaceID(r))
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, workspaceOf(l))
}

type updateWorkspaceBody struct {
	Name        string `json:"name" minLength:"1" maxLength:"200"`
	Description string `json:"description" maxLength:"10000"`
	LibraryType string `json:"library_type" enum:"nonfiction,fiction,technical,journal,business,music,film,art"`
}

func (a *API) updateWorkspace(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	if _, err := a.opt.Libraries.Access().Workspace(r.Context(), p, workspaceID(r)); err != nil {
		return err // before the body is looked at: what is wrong with it is the owner's to know
	}
	body, present, err := httpx.Body[updateWorkspaceBody](w, r)
	if err != nil {
		return err
	}
	l, err := a.opt.Libraries.UpdateWorkspace(r.Context(), p, workspaceID(r), library.Patch{
		Name: given(present, "name", &body.Name), Description: given(present, "description", &body.Description),
		Type: given(present, "library_type", &body.LibraryType),
	})
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, workspaceOf(l))
}

func (a *API) deleteWorkspace(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	if err := a.opt.Libraries.DeleteWorkspace(r.Context(), p, workspaceID(r)); err != nil {
		return err
	}
	return httpx.NoContent(w)
}

type workspaceItemsQuery struct {
	httpx.Page

	FileID     string `query:"file_id" description:"The one of this file id only."`
	Collection string `query:"collection" description:"Of the collection of this name only."`
	Status     string `query:"status" enum:"processing,ready,failed"`
}

func (a *API) listWorkspaceItems(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	q, err := httpx.Query[workspaceItemsQuery](r)
	if err != nil {
		return err
	}
	id := workspaceID(r)
	if id == "" {
		return library.NoWorkspace()
	}
	f := library.ItemFilter{WorkspaceID: id, FileID: q.FileID, Status: library.ItemStatus(q.Status)}
	if q.Collection != "" {
		f.Collection = &q.Collection
	}
	return a.pageOfItems(w, r, p, f, q.Page)
}

func (a *API) deleteWorkspaceItem(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	if err := a.opt.Libraries.DeleteWorkspaceItem(r.Context(), p, workspaceID(r), httpx.PathParam(r, "item_uid")); err != nil {
		return err
	}
	return httpx.NoContent(w)
}

func (a *API) deleteWorkspaceFile(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	if err := a.opt.Libraries.DeleteWorkspaceFile(r.Context(), p, workspaceID(r), httpx.PathParam(r, "file_id")); err != nil {
		return err
	}
	return httpx.NoContent(w)
}
