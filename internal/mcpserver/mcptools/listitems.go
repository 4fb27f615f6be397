package mcptools

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
)

const (
	defaultItems = 50
	maxItems     = 100
	maxCursor    = 1000
)

type listItemsArgs struct {
	library    string
	collection string
	cursor     string
	limit      int
}

func listItemsParams(a *listItemsArgs) []param {
	return []param{
		text(&a.library, "library", maxName, "The library, by name or uid.").needed(),
		text(&a.collection, "collection", maxName, "Only the collection of this name."),
		text(&a.cursor, "cursor", maxCursor, "The next_cursor of the page before."),
		number(&a.limit, "limit", 1, maxItems, "At most so many documents."),
	}
}

func (s *Server) listItemsTool() tool {
	t := tool{
		name: toolListItems, title: "List documents",
		about:  "List the documents of a library, newest first, a page at a time.",
		output: listItemsOutput(),
	}
	return makeTool(t, listItemsArgs{limit: defaultItems}, listItemsParams, s.listItems)
}

func (s *Server) listItems(ctx context.Context, p accounts.Principal, a listItemsArgs) (answer, error) {
	libraries, err := s.access.Resolve(ctx, p, []string{a.library})
	if err != nil {
		return answer{}, err
	}
	filter := library.ItemFilter{LibraryUID: libraries[0].UID}
	if a.collection != "" {
		if err := s.knownCollection(ctx, p, filter.LibraryUID, a.collection); err != nil {
			return answer{}, err
		}
		filter.Collection = &a.collection
	}
	var after library.Position
	list := []string{string(p.Credential.Kind), p.Credential.ID, p.UserID, toolListItems, filter.LibraryUID, a.collection}
	if a.cursor != "" {
		if err := s.opt.Cursors.Open(list, a.cursor, &after); err != nil {
			return answer{}, err
		}
	}
	items, err := s.opt.Libraries.Items(ctx, p, filter, after, a.limit+1)
	if err != nil {
		return answer{}, err
	}
	page := fitItems(items, a.limit, s.opt.MaxResultBytes)
	if n := len(page.view.Items); n < len(items) {
		next, err := s.opt.Cursors.Seal(list, library.Position{CreatedAt: items[n-1].CreatedAt, UID: items[n-1].UID})
		if err != nil {
			return answer{}, err
		}
		page.view.NextCursor = &next
		page.text += "next_cursor: " + next + "\n"
	}
	if len(items) == 0 {
		page.text = "No documents.\n"
	}
	return answer{text: page.text, structured: page.view, results: len(page.view.Items)}, nil
}

// knownCollection refuses a collection that the library has not: a wrong name
// is not an empty collection.
func (s *Server) knownCollection(ctx context.Context, p accounts.Principal, libraryUID, name string) error {
	all, err := s.opt.Libraries.Collections(ctx, p, libraryUID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(c library.Collection) bool { return c.Name == name }) {
		return errs.Field("collection", "The library has no collection of this name.")
	}
	return nil
}

type itemsPage struct {
	view itemsView
	text string
}

// fitItems writes up to limit items into most bytes of text, and never none.
func fitItems(items []library.Item, limit, most int) itemsPage {
	page := itemsPage{view: itemsView{Items: []itemView{}}}
	var b strings.Builder
	for i, item := range items[:min(limit, len(items))] {
		v := viewItem(item)
		written := writeItem(v)
		if i > 0 && b.Len()+len(written) > most {
			break
		}
		b.WriteString(written)
		page.view.Items = append(page.view.Items, v)
	}
	page.text = b.String()
	return page
}

// writeItem writes what is known of a document, leaving out what is not.
func writeItem(v itemView) string {
	var b strings.Builder
	fmt.Fprintf(&b, "- %s\n  item_uid: %s; library_uid: %s\n", orUntitled(v.Title), v.UID, v.LibraryUID)
	line := func(name string, value any) { fmt.Fprintf(&b, "  %s: %v\n", name, value) }
	if v.Collection != nil {
		line("collection", *v.Collection)
	}
	line("source", v.Source)
	fmt.Fprintf(&b, "  file: %s; %s; %d bytes; %s\n", v.Filename, v.ContentType, v.SizeBytes, v.ContentHash)
	if v.FileID != nil {
		line("file_id", *v.FileID)
	}
	if v.ParentUID != nil {
		line("parent_item_uid", *v.ParentUID)
	}
	if v.Error != nil {
		line("error", v.Error.Code+": "+v.Error.Detail)
	}
	if v.Pages != nil {
		line("pages", *v.Pages)
	}
	fmt.Fprintf(&b, "  status: %s; chunks: %d; generation: %d\n", v.Status, v.ChunkCount, v.Generation)
	if metadata, err := json.Marshal(v.Metadata); err == nil && len(v.Metadata) > 0 {
		line("metadata", string(metadata))
	}
	fmt.Fprintf(&b, "  created: %s; updated: %s\n", v.CreatedAt.Format(time.RFC3339Nano), v.UpdatedAt.Format(time.RFC3339Nano))
	return b.String()
}

type itemsView struct {
	Items      []itemView `json:"items"`
	NextCursor *string    `json:"next_cursor"`
}

type itemView struct {
	UID         string         `json:"uid"`
	LibraryUID  string         `json:"library_uid"`
	Collection  *string        `json:"collection"`
	Title       string         `json:"title"`
	Source      string         `json:"source"`
	Filename    string         `json:"filename"`
	FileID      *string        `json:"file_id"`
	ContentType string         `json:"content_type"`
	SizeBytes   int64          `json:"size_bytes"`
	ContentHash string         `json:"content_hash"`
	Status      string         `json:"status"`
	Error       *errorView     `json:"error"`
	Pages       *int64         `json:"pages"`
	ChunkCount  int64          `json:"chunk_count"`
	Generation  int64          `json:"generation"`
	Metadata    map[string]any `json:"metadata"`
	ParentUID   *string        `json:"parent_item_uid"`
	CreatedAt   time.Time      `json:"created_at"`
	UpdatedAt   time.Time      `json:"updated_at"`
}

type errorView struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func viewItem(item library.Item) itemView {
	v := itemView{
		UID: item.UID, LibraryUID: item.LibraryUID, Collection: item.Collection, Title: item.Title,
		Source: item.Source, Filename: item.Filename, FileID: item.FileID, ContentType: item.ContentType,
		SizeBytes: item.SizeBytes, ContentHash: item.ContentHash, Status: string(item.Status), Pages: item.Pages,
		ChunkCount: item.ChunkCount, Generation: item.Generation, Metadata: item.Metadata, ParentUID: item.ParentUID,
		CreatedAt: item.CreatedAt.UTC(), UpdatedAt: item.UpdatedAt.UTC(),
	}
	if v.Metadata == nil {
		v.Metadata = map[string]any{}
	}
	if item.ErrorCode != "" {
		v.Error = &errorView{item.ErrorCode, item.ErrorDetail}
	}
	return v
}

func listItemsOutput() object {
	item := record(object{
		{"uid", textOf("Of the document; give it to get_item.")},
		{"library_uid", textOf("Of the library")},
		{"collection", textOrNull("Its collection's name")},
		{"title", textOf("Of the document")},
		{"source", textOf("Where it came from")},
		{"filename", textOf("As it was uploaded")},
		{"file_id", textOrNull("What the program that sent it calls it")},
		{"content_type", textOf("Media type")},
		{"size_bytes", integerOf("Of the original")},
		{"content_hash", textOf("sha256: and hex, of the original")},
		{"status", oneOfTexts("Only a ready document can be read", string(library.ItemProcessing), string(library.ItemReady), string(library.ItemFailed))},
		{"error", recordOrNull("Why its newest version failed", object{
			{"code", textOf("For programs")},
			{"detail", textOf("For people")},
		})},
		{"pages", numberOrNull(0, "How many pages it has")},
		{"chunk_count", integerOf("How many passages it was cut into")},
		{"generation", integerOf("Its version; 0 when it has no text yet")},
		{"metadata", object{{"type", "object"}, {"description", "What its owner noted about it"}}},
		{"parent_item_uid", textOrNull("The mail that it is an attachment of")},
		{"created_at", textOf("RFC 3339")},
		{"updated_at", textOf("RFC 3339")},
	})
	return record(object{
		{"items", listOf(item)},
		{"next_cursor", textOrNull("Give it as cursor for the next page")},
	})
}
