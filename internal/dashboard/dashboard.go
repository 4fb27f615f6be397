// Package dashboard is the pages that people use in a browser: signing in,
// their tokens, libraries and documents, search, and jobs.
//
// It owns what a page shows and how a form is read. Handlers ask the apps and
// render a typed page; they decide nothing about who may see what. Every page
// works without scripts, and nothing in a page runs that is not an asset of
// package web.
package dashboard

import (
	"context"
	"io/fs"
	"log/slog"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/cache"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/web"
)

// Accounts starts and ends sessions (accounts.Accounts).
type Accounts interface {
	SignIn(ctx context.Context, c accounts.Client, username, password string) (cookie string, err error)
	SignOut(ctx context.Context, by accounts.Actor, cookie string) error
}

// Tokens keeps a person's tokens (mcpserver.Tokens).
type Tokens interface {
	Create(ctx context.Context, by accounts.Actor, userID string, spec mcpserver.TokenSpec) (plaintext string, t mcpserver.UserToken, err error)
	List(ctx context.Context, userID string) ([]mcpserver.UserToken, error)
	Get(ctx context.Context, userID, id string) (mcpserver.UserToken, error)
	Update(ctx context.Context, by accounts.Actor, userID, id string, spec mcpserver.TokenSpec) (mcpserver.UserToken, error)
	Revoke(ctx context.Context, by accounts.Actor, userID, id string) error
}

// Access decides who may see what (library.Access).
type Access interface {
	Readable(ctx context.Context, p accounts.Principal) ([]library.Library, error)
	Read(ctx context.Context, p accounts.Principal, uid string) (library.Library, library.Role, error)
	Write(ctx context.Context, p accounts.Principal, uid string) (library.Library, library.Role, error)
	Item(ctx context.Context, p accounts.Principal, uid string) (library.Item, library.Library, library.Role, error)
	ItemForWrite(ctx context.Context, p accounts.Principal, uid string) (library.Item, library.Library, library.Role, error)
}

// Libraries keeps libraries and documents (library.Service).
type Libraries interface {
	Create(ctx context.Context, p accounts.Principal, n library.NewLibrary) (library.Grant, error)
	List(ctx context.Context, p accounts.Principal, after library.Position, limit int) ([]library.Grant, error)
	Items(ctx context.Context, p accounts.Principal, f library.ItemFilter, after library.Position, limit int) ([]library.Item, error)
	DeleteItem(ctx context.Context, p accounts.Principal, uid string) error
}

// Ingest takes documents in (ingest.Service).
type Ingest interface {
	Submit(ctx context.Context, p accounts.Principal, sub ingest.Submission) (ingest.Outcome, error)
	Jobs(ctx context.Context, p accounts.Principal, f ingest.Filter) (jobs []ingest.Job, next string, err error)
	Retry(ctx context.Context, p accounts.Principal, id string) (ingest.Job, error)
	Cancel(ctx context.Context, p accounts.Principal, id string) (ingest.Job, error)
}

// Search answers questions (search.Engine).
type Search interface {
	Search(ctx context.Context, p accounts.Principal, r search.Request) (search.Result, error)
}

// Chunks gives the passages of a document (library.Graph).
type Chunks interface {
	Chunks(ctx context.Context, gen library.GenerationRef, from, to int) ([]library.Chunk, error)
}

// Options are what a Dashboard is made of.
type Options struct {
	Auth      *httpx.Auth
	Cursors   *httpx.Cursors
	Accounts  Accounts
	Tokens    Tokens
	Access    Access
	Libraries Libraries
	Ingest    Ingest
	Search    Search
	Chunks    Chunks
	// Cache counts tries to sign in. Nil: one of this process.
	Cache cache.Cache
	// Tools are the names of the MCP tools that a token can be narrowed to.
	Tools []string
	// MCPURL is where MCP clients connect. Empty: /mcp/ on the address that
	// the page was asked from.
	MCPURL string
	// SessionLife is how long a browser keeps the cookie of a session: 30
	// days. When the session ends is for Accounts to say.
	SessionLife time.Duration
	Log         *slog.Logger
	Now         func() time.Time // nil: time.Now
}

// Dashboard serves the pages. It is safe for concurrent use.
type Dashboard struct {
	opt      Options
	assets   *web.Assets
	views    *views
	throttle *throttle
}

// New reads the templates and proves each of them, so that a page that cannot
// be rendered keeps the program from starting.
func New(opt Options) (*Dashboard, error) {
	if opt.SessionLife == 0 {
		opt.SessionLife = 30 * 24 * time.Hour
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Cache == nil {
		opt.Cache = cache.NewInProcess(cache.InProcessOptions{Now: opt.Now})
	}
	static, err := fs.Sub(web.FS, "static")
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "The static files are missing.")
	}
	assets, err := web.NewAssets(static)
	if err != nil {
		return nil, err
	}
	views, err := newViews(web.FS, assets)
	if err != nil {
		return nil, err
	}
	return &Dashboard{opt: opt, assets: assets, views: views, throttle: newThrottle(opt.Cache, opt.Now)}, nil
}

// actor is who does something in a page, for the audit trail.
func actor(s httpx.Session, from accounts.Origin) accounts.Actor {
	return accounts.Actor{Principal: s.Principal, Origin: from}
}
