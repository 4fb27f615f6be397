package libraryapi

import (
	"net/http"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/pages"
)

const (
	itemsPath = "/library/api/items/"
	itemPath  = itemsPath + "{uid}/"
	itemTag   = "items"
)

func (a *API) itemRoutes() []httpx.Route {
	return []httpx.Route{
		{
			Method: http.MethodGet, Path: itemsPath, ID: "listItems", Tag: itemTag, Summary: "Documents to read, newest first",
			Query: itemsQuery{}, Responses: map[int]any{http.StatusOK: []itemBody{}}, Handler: a.listItems,
		},
		{
			Method: http.MethodGet, Path: itemPath, ID: "getItem", Tag: itemTag, Summary: "One document",
			Responses: map[int]any{http.StatusOK: wholeItemBody{}}, Handler: a.getItem,
		},
		{
			Method: http.MethodPatch, Path: itemPath, ID: "updateItem", Tag: itemTag, Summary: "Change how a document is described",
			Body: updateItemBody{}, Responses: map[int]any{http.StatusOK: itemBody{}}, Handler: a.updateItem,
		},
		{
			Method: http.MethodDelete, Path: itemPath, ID: "deleteItem", Tag: itemTag, Summary: "Delete a document",
			Responses: map[int]any{http.StatusNoContent: nil}, Handler: a.deleteItem,
		},
		{
			Method: http.MethodGet, Path: itemPath + "content/", ID: "getItemContent", Tag: itemTag, Summary: "The original, as a download",
			Query: contentQuery{}, Responses: map[int]any{http.StatusOK: httpx.Content("*/*"), http.StatusPartialContent: httpx.Content("*/*")},
			Handler: a.getContent,
		},
		{
			Method: http.MethodGet, Path: itemPath + "text/", ID: "getItemText", Tag: itemTag, Summary: "The extracted text",
			Query: contentQuery{}, Responses: map[int]any{http.StatusOK: httpx.Content(plainText), http.StatusPartialContent: httpx.Content(plainText)},
			Handler: a.getText,
		},
		{
			Method: http.MethodGet, Path: itemPath + "pages/{page}.png", ID: "getItemPage", Tag: itemTag, Summary: "The picture of a page of a PDF",
			Query: pictureQuery{}, Responses: map[int]any{http.StatusOK: httpx.Content(pngImage)},
			Handler: a.getPage,
		},
		{
			Method: http.MethodGet, Path: itemPath + "chunks/", ID: "listChunks", Tag: itemTag, Summary: "The passages of a document, in order",
			Query: httpx.Page{}, Responses: map[int]any{http.StatusOK: []chunkBody{}}, Handler: a.listChunks,
		},
	}
}

type itemsQuery struct {
	httpx.Page

	LibraryUID string `query:"library_uid" description:"Of this library only."`
	Collection string `query:"collection" description:"Of the collection of this name only."`
	FileID     string `query:"file_id" description:"Of this file id only."`
	ParentUID  string `query:"parent_item_uid" description:"Attachments of this mail only."`
	Status     string `query:"status" enum:"processing,ready,failed"`
}

func (a *API) listItems(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	q, err := httpx.Query[itemsQuery](r)
	if err != nil {
		return err
	}
	f := library.ItemFilter{LibraryUID: q.LibraryUID, FileID: q.FileID, ParentUID: q.ParentUID, Status: library.ItemStatus(q.Status)}
	if q.Collection != "" {
		f.Collection = &q.Collection
	}
	return a.pageOfItems(w, r, p, f, q.Page)
}

func (a *API) pageOfItems(w http.ResponseWriter, r *http.Request, p accounts.Principal, f library.ItemFilter, page httpx.Page) error {
	var after library.Position
	if err := a.opt.Cursors.After(r, p.UserID, page, &after); err != nil {
		return err
	}
	items, err := a.opt.Libraries.Items(r.Context(), p, f, after, page.Limit+1)
	if err != nil {
		return err
	}
	if len(items) > page.Limit {
		items = items[:page.Limit]
		end := items[page.Limit-1]
		if err := a.opt.Cursors.Next(w, r, p.UserID, library.Position{CreatedAt: end.CreatedAt, UID: end.UID}); err != nil {
			return err
		}
	}
	return httpx.JSON(w, http.StatusOK, each(items, itemOf))
}

func (a *API) getItem(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	item, _, _, err := a.opt.Libraries.Access().Item(r.Context(), p, httpx.PathParam(r, "uid"))
	if err != nil {
		return err
	}
	attachments, err := a.opt.Libraries.Attachments(r.Context(), item)
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, wholeItemBody{itemBody: itemOf(item), Attachments: each(attachments, attachmentOf)})
}

type updateItemBody struct {
	Title      string         `json:"title" minLength:"1" maxLength:"500"`
	Collection *string        `json:"collection" nullable:"true" maxLength:"200" description:"Null takes it out of its collection."`
	Metadata   map[string]any `json:"metadata" nullable:"false" description:"Replaces what was there."`
}

func (a *API) updateItem(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	uid := httpx.PathParam(r, "uid")
	if _, _, _, err := a.opt.Libraries.Access().Item(r.Context(), p, uid); err != nil {
		return err
	}
	body, present, err := httpx.Body[updateItemBody](w, r)
	if err != nil {
		return err
	}
	item, err := a.opt.Libraries.UpdateItem(r.Context(), p, uid, library.ItemPatch{
		Title: given(present, "title", &body.Title), Collection: given(present, "collection", &body.Collection), Metadata: body.Metadata,
	})
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, itemOf(item))
}

func (a *API) deleteItem(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	if err := a.opt.Libraries.DeleteItem(r.Context(), p, httpx.PathParam(r, "uid")); err != nil {
		return err
	}
	return httpx.NoContent(w)
}

// chunkPosition is where a page of chunks ended. The generation makes sure
// that the next page is of the same text.
type chunkPosition struct {
	Generation int64
	Ordinal    int
}

func (a *API) listChunks(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	page, err := httpx.Query[httpx.Page](r)
	if err != nil {
		return err
	}
	item, l, _, err := a.opt.Libraries.Access().Item(r.Context(), p, httpx.PathParam(r, "uid"))
	if err != nil {
		return err
	}
	at := chunkPosition{Generation: item.Generation}
	if err := a.opt.Cursors.After(r, p.UserID, page, &at); err != nil {
		return err
	}
	var chunks []library.Chunk
	if at.Generation > 0 {
		ref := library.GenerationRef{LibraryUID: l.UID, ItemUID: item.UID, Generation: at.Generation}
		if chunks, err = a.opt.Chunks.Chunks(r.Context(), ref, at.Ordinal, at.Ordinal+page.Limit+1); err != nil {
			return err
		}
	}
	if len(chunks) == 0 && at.Ordinal > 0 {
		return errs.Field("cursor", "The document has changed meanwhile. Start again without the cursor.")
	}
	if len(chunks) > page.Limit {
		chunks = chunks[:page.Limit]
		at.Ordinal += page.Limit
		if err := a.opt.Cursors.Next(w, r, p.UserID, at); err != nil {
			return err
		}
	}
	bodies := each(chunks, chunkOf)
	for i, regions := range a.opt.Places.Of(r.Context(), each(chunks, pages.SpotOf)...) {
		bodies[i].Regions = each(regions, regionOf)
	}
	return httpx.JSON(w, http.StatusOK, bodies)
}
