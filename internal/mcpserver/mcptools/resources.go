package mcptools

import (
	"context"
	"errors"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

const (
	itemScheme = "mnemosyne://item/"
	plainText  = "text/plain"
)

// itemTemplate makes every document a resource: its text, as get_item gives it.
func itemTemplate() *mcp.ResourceTemplate {
	return &mcp.ResourceTemplate{
		Name: "item", Title: "Document", URITemplate: itemScheme + "{uid}", MIMEType: plainText,
		Description: "The text of a document, from its beginning. get_item reads the rest.",
	}
}

// linkItem is a link to a document beside what a tool tells of it.
func linkItem(uid, title string) []mcp.Content {
	return []mcp.Content{&mcp.ResourceLink{URI: itemScheme + uid, Name: orUntitled(title), Title: title, MIMEType: plainText}}
}

// linkItems links each document of some hits once.
func linkItems(hits []search.Hit) []mcp.Content {
	var links []mcp.Content
	seen := map[string]bool{}
	for _, h := range hits {
		if !seen[h.ItemUID] {
			seen[h.ItemUID] = true
			links = append(links, linkItem(h.ItemUID, h.Title)...)
		}
	}
	return links
}

// readItem gives a document's text, cut to what get_item gives at most, and
// says in _meta where it goes on.
func (s *Server) readItem(ctx context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
	uri := req.Params.URI
	item, _, _, err := s.access.Item(ctx, callFrom(ctx).principal, strings.TrimPrefix(uri, itemScheme))
	var doc documentView
	if err == nil {
		doc, err = s.readDocument(ctx, item, getItemArgs{offset: unset, maxChars: maxChars})
	}
	switch {
	case errs.Is(err, errs.NotFound):
		return nil, mcp.ResourceNotFoundError(uri)
	case err != nil:
		return nil, s.rpcError(ctx, err)
	}
	contents := &mcp.ResourceContents{URI: uri, MIMEType: plainText, Text: doc.Text}
	if doc.Truncated {
		contents.Meta = mcp.Meta{"truncated": true, "next_offset": doc.End, "total_chars": doc.TotalChars}
	}
	return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{contents}}, nil
}

// rpcError is the answer to a request that is not a tool's.
func (s *Server) rpcError(ctx context.Context, err error) error {
	e := errs.As(err)
	if errors.Is(err, context.Canceled) || e == nil || e.Kind == errs.Internal {
		return s.rpcFault(ctx, err)
	}
	return invalidParams(explain(e))
}
