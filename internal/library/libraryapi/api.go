// Package libraryapi is the REST surface of the library: libraries, members,
// workspaces, items and their text, ingest, jobs, search and who one is. Its table of
// routes is what is served and what the OpenAPI document says. Handlers
// decode, ask the app and answer; who may see what is decided in
// library.Access, never here.
package libraryapi

import (
	"context"
	"iter"
	"log/slog"
	"os"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/pages"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

// Ingest is what takes documents in (ingest.Service).
type Ingest interface {
	Submit(ctx context.Context, p accounts.Principal, sub ingest.Submission) (ingest.Outcome, error)
	Jobs(ctx context.Context, p accounts.Principal, f ingest.Filter) (jobs []ingest.Job, next string, err error)
	Job(ctx context.Context, p accounts.Principal, id string) (ingest.Job, error)
	Retry(ctx context.Context, p accounts.Principal, id string) (ingest.Job, error)
	Cancel(ctx context.Context, p accounts.Principal, id string) (ingest.Job, error)
	Watch(ctx context.Context, p accounts.Principal, id string) iter.Seq2[ingest.Job, error]
}

// Chunks is what is asked of the Graph.
type Chunks interface {
	Chunks(ctx context.Context, gen library.GenerationRef, from, to int) ([]library.Chunk, error)
}

// Search is what finds passages (search.Engine).
type Search interface {
	Search(ctx context.Context, p accounts.Principal, r search.Request) (search.Result, error)
	Related(ctx context.Context, p accounts.Principal, r search.RelatedRequest) (search.RelatedResult, error)
}

// Places knows where passages stand on pages (pages.Places).
type Places interface {
	Of(ctx context.Context, spots ...pages.Spot) [][]document.Region
}

// Pictures draws pages (pages.Pictures).
type Pictures interface {
	Page(ctx context.Context, g library.Generation, number, width int) (*os.File, error)
}

// Options are what an API is made of.
type Options struct {
	Libraries *library.Service
	Ingest    Ingest
	Search    Search
	Chunks    Chunks
	Objects   blob.Store
	Places    Places   // nil: no passage has one
	Pictures  Pictures // nil: no page can be shown
	Cursors   *httpx.Cursors
	// MaxUpload bounds a document that comes as multipart, in bytes.
	MaxUpload int64
	// TempDir is where uploads wait until they are whole; empty is the
	// system's.
	TempDir string
	Log     *slog.Logger
}

// API answers the routes under /library/api/.
type API struct{ opt Options }

// New makes the API.
func New(opt Options) *API {
	if opt.Places == nil {
		opt.Places = noPages{}
	}
	if opt.Pictures == nil {
		opt.Pictures = noPages{}
	}
	return &API{opt: opt}
}

// noPages stands for what no document has.
type noPages struct{}

func (noPages) Of(_ context.Context, spots ...pages.Spot) [][]document.Region {
	return make([][]document.Region, len(spots))
}

func (noPages) Page(context.Context, library.Generation, int, int) (*os.File, error) {
	return nil, pages.ErrNoPicture
}

// Routes is the table of the surface.
func (a *API) Routes() []httpx.Route {
	var all []httpx.Route
	for _, area := range [][]httpx.Route{
		a.libraryRoutes(), a.memberRoutes(), a.workspaceRoutes(), a.itemRoutes(), a.ingestRoutes(), a.jobRoutes(), a.searchRoutes(), a.relatedRoutes(), a.meRoutes(),
	} {
		all = append(all, area...)
	}
	return all
}
