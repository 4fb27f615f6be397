package libraryapi

import (
	"time"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// The bodies of answers, as the contract spells them.

type libraryBody struct {
	UID           string       `json:"uid"`
	WorkspaceID   *string      `json:"workspace_id"`
	Name          string       `json:"name"`
	Description   string       `json:"description"`
	LibraryType   string       `json:"library_type"`
	OwnerUsername *string      `json:"owner_username" description:"Null for a global library."`
	ItemCount     int64        `json:"item_count"`
	ChunkCount    int64        `json:"chunk_count"`
	CreatedAt     time.Time    `json:"created_at"`
	UpdatedAt     time.Time    `json:"updated_at"`
	Role          library.Role `json:"role" enum:"owner,manager,reader"`
}

func libraryOf(g library.Grant) libraryBody {
	l := g.Library
	return libraryBody{
		UID: l.UID, WorkspaceID: l.WorkspaceID, Name: l.Name, Description: l.Description, LibraryType: l.Type,
		OwnerUsername: l.OwnerUsername, ItemCount: l.ItemCount, ChunkCount: l.ChunkCount,
		CreatedAt: l.CreatedAt, UpdatedAt: l.UpdatedAt, Role: g.Role,
	}
}

type memberBody struct {
	Username string       `json:"username"`
	Role     library.Role `json:"role" enum:"owner,manager,reader"`
}

type itemBody struct {
	UID         string             `json:"uid"`
	LibraryUID  string             `json:"library_uid"`
	Collection  *string            `json:"collection"`
	Title       string             `json:"title"`
	Source      string             `json:"source"`
	Filename    string             `json:"filename"`
	FileID      *string            `json:"file_id"`
	ContentType string             `json:"content_type"`
	SizeBytes   int64              `json:"size_bytes"`
	ContentHash string             `json:"content_hash"`
	Status      library.ItemStatus `json:"status" enum:"processing,ready,failed"`
	Error       *itemErrorBody     `json:"error"`
	Pages       *int64             `json:"pages"`
	ChunkCount  int64              `json:"chunk_count"`
	Generation  int64              `json:"generation"`
	Metadata    map[string]any     `json:"metadata" nullable:"false"`
	ParentUID   *string            `json:"parent_item_uid" description:"Of the mail that it is an attachment of."`
	CreatedAt   time.Time          `json:"created_at"`
	UpdatedAt   time.Time          `json:"updated_at"`
}

// wholeItemBody is an item where it is asked for alone.
type wholeItemBody struct {
	itemBody

	Attachments []attachmentBody `json:"attachments" nullable:"false" description:"Of a mail: items of their own."`
}

type attachmentBody struct {
	UID         string             `json:"uid"`
	Title       string             `json:"title"`
	Filename    string             `json:"filename"`
	ContentType string             `json:"content_type"`
	SizeBytes   int64              `json:"size_bytes"`
	Status      library.ItemStatus `json:"status" enum:"processing,ready,failed"`
}

func attachmentOf(i library.Item) attachmentBody {
	return attachmentBody{UID: i.UID, Title: i.Title, Filename: i.Filename, ContentType: i.ContentType, SizeBytes: i.SizeBytes, Status: i.Status}
}

// itemErrorBody is why the newest job of an item failed.
type itemErrorBody struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func itemOf(i library.Item) itemBody {
	b := itemBody{
		UID: i.UID, LibraryUID: i.LibraryUID, Collection: i.Collection, Title: i.Title, Source: i.Source,
		Filename: i.Filename, FileID: i.FileID, ContentType: i.ContentType, SizeBytes: i.SizeBytes,
		ContentHash: i.ContentHash, Status: i.Status, Pages: i.Pages, ChunkCount: i.ChunkCount,
		Generation: i.Generation, Metadata: i.Metadata, ParentUID: i.ParentUID, CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt,
	}
	if b.Metadata == nil {
		b.Metadata = map[string]any{}
	}
	if i.ErrorCode != "" {
		b.Error = &itemErrorBody{Code: i.ErrorCode, Detail: i.ErrorDetail}
	}
	return b
}

type chunkBody struct {
	UID         string   `json:"uid"`
	ItemUID     string   `json:"item_uid"`
	LibraryUID  string   `json:"library_uid"`
	Ordinal     int      `json:"ordinal"`
	Text        string   `json:"text"`
	HeadingPath []string `json:"heading_path" nullable:"false"`
	Page        *int     `json:"page"`
	Start       int      `json:"start" description:"In code points of the item's text."`
	End         int      `json:"end"`

	Regions []regionBody `json:"regions" nullable:"false" description:"Where it stands on the pages of a PDF."`
}

func chunkOf(c library.Chunk) chunkBody {
	return chunkBody{
		UID: c.UID, ItemUID: c.ItemUID, LibraryUID: c.LibraryUID, Ordinal: c.Ordinal, Text: c.Text,
		HeadingPath: append([]string{}, c.HeadingPath...), Page: c.Page, Start: c.Start, End: c.End,
		Regions: []regionBody{},
	}
}

// regionBody is the part of a passage that stands on one page.
type regionBody struct {
	Page   int            `json:"page"`
	Width  float64        `json:"width" description:"Of the page as it is displayed, in points."`
	Height float64        `json:"height"`
	Boxes  []document.Box `json:"boxes" nullable:"false" description:"Left, top, right and bottom of each line, in points from the top left of the page."`
}

func regionOf(r document.Region) regionBody {
	return regionBody{Page: r.Page, Width: r.Width, Height: r.Height, Boxes: r.Boxes}
}

// each maps a list; the result is never nil, so that JSON has [] and not null.
func each[From, To any](list []From, convert func(From) To) []To {
	out := make([]To, len(list))
	for i, v := range list {
		out[i] = convert(v)
	}
	return out
}
