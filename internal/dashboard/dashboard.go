// Package dashboard is the pages that people use in a browser: their tokens,
// libraries and documents, search, jobs, teams and usage. Its packages hold the rest: page
// is what every page is made with, signin the ways in and out, admin the pages
// of those who run the place.
//
// It owns what a page shows and how a form is read. Handlers ask the apps and
// render a typed page; they decide nothing about who may see what. Every page
// works without scripts, and nothing in a page runs that is not an asset of
// package web.
package dashboard

import (
	"context"
	"io"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/dashboard/figures"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/pages"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

// Tokens keeps a person's tokens (mcpserver.Tokens).
type Tokens interface {
	Create(ctx context.Context, by accounts.Actor, userID string, spec mcpserver.TokenSpec) (plaintext string, t mcpserver.UserToken, err error)
	List(ctx context.Context, userID string) ([]mcpserver.UserToken, error)
	Get(ctx context.Context, userID, id string) (mcpserver.UserToken, error)
	Update(ctx context.Context, by accounts.Actor, userID, id string, spec mcpserver.TokenSpec) (mcpserver.UserToken, error)
	Revoke(ctx context.Context, by accounts.Actor, userID, id string) error
	ReachOf(ctx context.Context, l library.Library) (mcpserver.Reach, error)
}

// Access decides who may see what (library.Access).
type Access interface {
	Readable(ctx context.Context, p accounts.Principal) ([]library.Library, error)
	Read(ctx context.Context, p accounts.Principal, uid string) (library.Library, library.Role, error)
	Write(ctx context.Context, p accounts.Principal, uid string) (library.Library, library.Role, error)
	Item(ctx context.Context, p accounts.Principal, uid string) (library.Item, library.Library, library.Role, error)
	Administer(ctx context.Context, p accounts.Principal, uid string) (library.Library, library.Role, error)
	Own(ctx context.Context, p accounts.Principal, uid string) (library.Library, error)
	ItemForWrite(ctx context.Context, p accounts.Principal, uid string) (library.Item, library.Library, library.Role, error)
}

// Libraries keeps libraries and documents (library.Service).
type Libraries interface { //nolint:interfacebloat // one app, and pages for each thing that it does
	Create(ctx context.Context, p accounts.Principal, n library.NewLibrary) (library.Grant, error)
	Update(ctx context.Context, p accounts.Principal, uid string, patch library.Patch) (library.Grant, error)
	Delete(ctx context.Context, p accounts.Principal, uid string) error
	Browse(ctx context.Context, p accounts.Principal, f library.BrowseFilter, after library.Position, limit int) ([]library.Grant, error)

	Members(ctx context.Context, p accounts.Principal, uid string) ([]library.Member, error)
	PutMember(ctx context.Context, p accounts.Principal, uid, username string, role library.Role) (library.Member, error)
	DropMember(ctx context.Context, p accounts.Principal, uid, username string) error
	MembershipOf(ctx context.Context, p accounts.Principal, uid string) (library.Role, error)
	Leave(ctx context.Context, p accounts.Principal, uid string) error

	Folders(ctx context.Context, p accounts.Principal, libraryUID, after string, limit int) ([]library.Folder, error)
	SomeCollections(ctx context.Context, l library.Library, limit int) ([]library.Collection, error)
	RenameCollection(ctx context.Context, p accounts.Principal, libraryUID, uid, name string) error
	DropCollection(ctx context.Context, p accounts.Principal, libraryUID, uid string) error

	Documents(ctx context.Context, p accounts.Principal, f library.DocumentFilter, at library.DocumentPosition, limit int) (library.DocumentPage, error)
	UpdateItem(ctx context.Context, p accounts.Principal, uid string, patch library.ItemPatch) (library.Item, error)
	DeleteItem(ctx context.Context, p accounts.Principal, uid string) error
	Generation(ctx context.Context, item library.Item, number int64) (library.Generation, error)
	Versions(ctx context.Context, item library.Item, limit int) ([]library.Version, error)
	Attachments(ctx context.Context, mail library.Item) ([]library.Item, error)
	MailOf(ctx context.Context, p accounts.Principal, i library.Item) (*library.Item, error)
}

// Ingest takes documents in (ingest.Service).
type Ingest interface {
	Submit(ctx context.Context, p accounts.Principal, sub ingest.Submission) (ingest.Outcome, error)
	Jobs(ctx context.Context, p accounts.Principal, f ingest.Filter) (jobs []ingest.Job, next string, err error)
	Retry(ctx context.Context, p accounts.Principal, id string) (ingest.Job, error)
	Cancel(ctx context.Context, p accounts.Principal, id string) (ingest.Job, error)
	RetryAll(ctx context.Context, p accounts.Principal, f ingest.Filter) (ingest.Bulk, error)
	CancelAll(ctx context.Context, p accounts.Principal, f ingest.Filter) (ingest.Bulk, error)
	Job(ctx context.Context, p accounts.Principal, id string) (ingest.Job, error)
	Events(ctx context.Context, p accounts.Principal, id string) ([]ingest.Event, error)
	Counts(ctx context.Context, p accounts.Principal, f ingest.Filter) (map[ingest.Status]int64, error)
	Unfinished(ctx context.Context, p accounts.Principal, libraries []string) (int64, error)
}

// Search answers questions (search.Engine).
type Search interface {
	Search(ctx context.Context, p accounts.Principal, r search.Request) (search.Result, error)
}

// Chunks gives the passages of a document (library.Graph).
type Chunks interface {
	Chunks(ctx context.Context, gen library.GenerationRef, from, to int) ([]library.Chunk, error)
}

// Places knows where passages stand on pages (pages.Places).
type Places interface {
	Of(ctx context.Context, spots ...pages.Spot) [][]document.Region
}

// Objects holds the texts of documents and where in them headings stand
// (blob.Store).
type Objects interface {
	Open(ctx context.Context, key string) (io.ReadSeekCloser, blob.Info, error)
}

// Tool is an MCP tool.
type Tool struct {
	Name  string
	About string // what it does, in a sentence
}

// Options are what a Dashboard is made of.
type Options struct {
	Site      *page.Site
	Cursors   *httpx.Cursors
	Tokens    Tokens
	Access    Access
	Libraries Libraries
	Ingest    Ingest
	Search    Search
	Teams     Teams
	// Workspaces are what a team can be given.
	Workspaces Workspaces
	// Usage is where the figures of the usage page come from.
	Usage    figures.Sources
	Chunks   Chunks
	Concepts Concepts
	Quality  Quality
	Objects  Objects
	// Places knows where passages stand on pages; nil: no passage has one.
	Places Places
	// MaxUpload bounds a file, in bytes; 0: nothing does.
	MaxUpload int64
	// FetchURLs tells that documents may be fetched by their web address.
	FetchURLs bool
	// Tools are the MCP tools that a token can be narrowed to.
	Tools []Tool
	// Mails tells that the owner of a new token is told by mail.
	Mails bool
	// MCPURL is where MCP clients connect. Empty: /mcp/ on the address that
	// the page was asked from.
	MCPURL string
	Now    func() time.Time // nil: time.Now
}

// Dashboard is the pages of a signed-in person. It is safe for concurrent use.
type Dashboard struct {
	opt   Options
	views *views
}

// New reads the templates and proves each of them.
func New(opt Options) (*Dashboard, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Places == nil {
		opt.Places = noPages{}
	}
	views, err := newViews(opt.Site)
	return &Dashboard{opt: opt, views: views}, err
}
