// Package library owns what people keep: libraries, collections, items,
// their chunks and members, and the one place that decides who may see what
// (Access). It names the Graph that its chunks are indexed in and refuses to
// know which engine that is, how a caller was authenticated, or how an answer
// is written.
package library

import "time"

// Role is what a member may do in a library.
type Role string

// The roles. Owners do everything, managers add and remove documents,
// readers read.
const (
	RoleOwner   Role = "owner"
	RoleManager Role = "manager"
	RoleReader  Role = "reader"
)

// CanWrite tells whether the role adds and removes documents.
func (r Role) CanWrite() bool { return r == RoleOwner || r == RoleManager }

// Library is a named set of documents that share who may see them. A
// workspace is a library with a WorkspaceID; a global one has no owner.
type Library struct {
	UID           string
	WorkspaceID   *string
	OwnerID       *string
	OwnerUsername *string
	Name          string
	Description   string
	Type          string
	ItemCount     int64
	ChunkCount    int64
	Revision      int64 // rises with any change
	// Space is the embedding space that searches use; empty: the only one
	// there is. OtherSpace is filled beside it while the library moves to
	// another model and, when Switched, was the one before.
	Space      string
	OtherSpace string
	Switched   bool
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Global tells whether everybody who is signed in may read the library.
func (l Library) Global() bool { return l.OwnerUsername == nil }

// Workspace tells whether the library is a workspace.
func (l Library) Workspace() bool { return l.WorkspaceID != nil }

// Member is a person's role in a library.
type Member struct {
	Username string
	Role     Role
}

// Collection is a named part of a library.
type Collection struct {
	UID        string
	LibraryUID string
	Name       string
}

// ItemStatus says whether an item can be read.
type ItemStatus string

// The statuses of an item. An item that has a published generation stays
// ready while a newer one is made or fails.
const (
	ItemProcessing ItemStatus = "processing"
	ItemReady      ItemStatus = "ready"
	ItemFailed     ItemStatus = "failed"
)

// Item is a document.
type Item struct {
	UID           string
	LibraryUID    string
	CollectionUID *string
	Collection    *string // its name
	CreatedBy     *string // user id
	Title         string
	Source        string // where it came from, as a person would say it
	Filename      string
	FileID        *string
	ContentType   string
	Language      string // BCP 47; empty: not known
	SizeBytes     int64
	ContentHash   string // sha256:hex of the bytes
	Status        ItemStatus
	ErrorCode     string // of the newest job, when it failed
	ErrorDetail   string
	Pages         *int64
	ChunkCount    int64
	Generation    int64 // the published one, 0 when there is none
	Metadata      map[string]any
	ParentUID     *string // of the mail that it is an attachment of
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Chunk is a passage of an item's extracted text: Text is exactly the slice
// of code points [Start, End) of the text of the item's generation.
type Chunk struct {
	UID         string
	ItemUID     string
	LibraryUID  string
	Generation  int64
	Ordinal     int
	Text        string
	HeadingPath []string
	Page        *int // counted from 1, nil where the format has none
	Start, End  int
}
