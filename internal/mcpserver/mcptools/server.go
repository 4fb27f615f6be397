// Package mcptools is the MCP surface: the server at /mcp and /mcp/ with its
// tools, resource template, prompt and completions, for both eras of the
// protocol and without sessions.
//
// It owns what an agent sees: argument and result schemas, the text of
// results and their size, and the answer to every wrong request. It refuses
// to decide who a bearer is (mcpserver.Resolver does) or what they may see
// (library.Access does), and it changes nothing: every tool reads.
package mcptools

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

// Bearers turns an Authorization header, or the lack of one, into a caller. It
// is asked on each request. What it refuses is Unauthenticated.
type Bearers interface {
	Resolve(ctx context.Context, header string, surface mcpserver.Surface) (accounts.Principal, error)
}

// Chunks gives chunks of one generation of an item, published or retired, with
// ordinals in [from, to), in order.
type Chunks interface {
	Chunks(ctx context.Context, gen library.GenerationRef, from, to int) ([]library.Chunk, error)
}

// Searcher finds chunks in what the caller may read.
type Searcher interface {
	Search(ctx context.Context, p accounts.Principal, r search.Request) (search.Result, error)
	Related(ctx context.Context, p accounts.Principal, r search.RelatedRequest) (search.RelatedResult, error)
}

// Options are the parts that the server stands on, and its settings.
type Options struct {
	Bearers   Bearers
	Libraries *library.Service
	Objects   blob.Store // holds the texts
	Chunks    Chunks
	Search    Searcher
	Cursors   *httpx.Cursors

	// AllowedHosts are the host names that a browser's page may come from.
	AllowedHosts httpx.Hosts
	// MaxResultBytes is the size that a result's text is cut to, at whole
	// hits. Zero is DefaultMaxResultBytes.
	MaxResultBytes int

	Version  string
	Log      *slog.Logger
	Registry prometheus.Registerer
}

// DefaultMaxResultBytes keeps a result under 25,000 tokens, which is what
// clients are known to take: about 16,000 tokens of English, 21,000 of Chinese.
const DefaultMaxResultBytes = 64_000

// Server is the MCP surface, ready to be mounted.
type Server struct {
	opt     Options
	access  *library.Access
	tools   []tool // in the order that they are listed: by name
	metrics *metrics
	handler http.Handler
}

// New makes the surface. It starts nothing.
func New(opt Options) (*Server, error) {
	switch {
	case opt.Bearers == nil, opt.Libraries == nil, opt.Objects == nil, opt.Chunks == nil, opt.Search == nil, opt.Cursors == nil:
		return nil, errors.New("mcptools: a part is missing")
	case opt.Log == nil, opt.Registry == nil:
		return nil, errors.New("mcptools: the logger or the metrics registry is missing")
	}
	if opt.MaxResultBytes == 0 {
		opt.MaxResultBytes = DefaultMaxResultBytes
	}
	s := &Server{opt: opt, access: opt.Libraries.Access()}
	s.tools = s.allTools()
	var err error
	if s.metrics, err = newMetrics(opt.Registry); err != nil {
		return nil, err
	}
	s.handler = s.routes(s.protocol())
	return s, nil
}

// ToolAbout is a tool as people are told of it.
type ToolAbout struct {
	Name  string
	About string // a sentence
}

// Abouts lists every tool, as a token can be narrowed to.
func (s *Server) Abouts() []ToolAbout {
	abouts := make([]ToolAbout, 0, len(s.tools))
	for _, t := range s.tools {
		first, _, _ := strings.Cut(t.about, ". ")
		abouts = append(abouts, ToolAbout{Name: t.name, About: strings.TrimSuffix(first, ".") + "."})
	}
	return abouts
}

// Handler serves /mcp, /mcp/ and /mcp/health, and nothing else. No path is
// ever redirected: clients post to the address as it was given to them.
func (s *Server) Handler() http.Handler { return s.handler }

const instructions = `Mnemosyne keeps documents and finds passages in them.
Use search first; its hits cite document, page, heading and character span. Use get_chunk for what stands around a hit and get_item to read on. Use related where the answer's next step is in another passage than its first.
Quote the words of a passage and cite its title, page or heading, and chunk_uid. When status names a part that failed, say that results may be incomplete.`

// protocol builds the one shared MCP server. Stateless, because it is the only
// mode that speaks every revision; JSON and not event streams, because no tool
// reports progress and it costs less.
func (s *Server) protocol() http.Handler {
	server := mcp.NewServer(&mcp.Implementation{
		Name: "mnemosyne", Title: "Mnemosyne", Version: s.opt.Version,
	}, &mcp.ServerOptions{
		Instructions:      instructions,
		Logger:            slog.New(slog.DiscardHandler), // it logs callers' mistakes as errors
		CompletionHandler: s.complete,
		SetCacheable:      setPrivate,
		// Nothing here changes while the program runs, so no list announces
		// changes and no client waits for them.
		Capabilities: &mcp.ServerCapabilities{
			Tools: &mcp.ToolCapabilities{}, Prompts: &mcp.PromptCapabilities{},
			Resources: &mcp.ResourceCapabilities{}, Completions: &mcp.CompletionCapabilities{},
		},
	})
	for i := range s.tools {
		server.AddTool(s.tools[i].listed(), s.callTool(&s.tools[i]))
	}
	server.AddPrompt(citingPrompt(), s.getPrompt)
	server.AddResourceTemplate(itemTemplate(), s.readItem)
	server.AddReceivingMiddleware(s.guard, s.visible)
	return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{
		Stateless:                    true,
		JSONResponse:                 true,
		Logger:                       s.opt.Log,
		DisableLocalhostProtection:   true, // the Host is checked before us, the Origin by allowOrigin
		MaxRequestBodyBytes:          maxBody,
		PropagateRequestCancellation: true,
	})
}

// listsFresh is how long a client may keep a list, in milliseconds. A token's
// tools may change at any time.
const listsFresh = 60_000

// setPrivate marks every list as its caller's own, because lists depend on the
// bearer. What a resource holds is not to be kept at all.
func setPrivate(_ context.Context, req mcp.Request, c *mcp.Cacheable) {
	c.CacheScope = "private"
	c.TTLMs = listsFresh
	if _, ok := req.(*mcp.ReadResourceRequest); ok {
		c.TTLMs = 0
	}
}
