package mcptools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

// The tools' names, as contracts and tokens spell them.
const (
	toolSearch        = "search"
	toolGetChunk      = "get_chunk"
	toolGetItem       = "get_item"
	toolListLibraries = "list_libraries"
	toolListItems     = "list_items"
	toolRelated       = "related"
	toolWhoami        = "whoami"
)

// allTools is every tool by name, the order in which they are listed.
func (s *Server) allTools() []tool {
	return []tool{
		s.getChunkTool(),
		s.getItemTool(),
		s.listItemsTool(),
		s.listLibrariesTool(),
		s.relatedTool(),
		s.searchTool(),
		s.whoamiTool(),
	}
}

// tool is what is listed of a tool and how it is called.
type tool struct {
	name, title, about string
	input, output      object
	run                func(ctx context.Context, p accounts.Principal, arguments json.RawMessage) (answer, error)
}

// answer is a result's two forms, which state the same facts.
type answer struct {
	text       string
	structured any
	links      []mcp.Content // to the documents that it speaks of
	results    int           // how many things were found; counted in the metrics
}

// makeTool ties a tool to its arguments, a struct A that starts out as
// defaults and whose fields params names.
func makeTool[A any](t tool, defaults A, params func(*A) []param, run func(context.Context, accounts.Principal, A) (answer, error)) tool {
	var described A
	t.input = inputSchema(params(&described))
	t.run = func(ctx context.Context, p accounts.Principal, arguments json.RawMessage) (answer, error) {
		a := defaults
		if err := decode(arguments, params(&a)); err != nil {
			return answer{}, err
		}
		return run(ctx, p, a)
	}
	return t
}

func (t *tool) listed() *mcp.Tool {
	no := false
	return &mcp.Tool{
		Name: t.name, Title: t.title, Description: t.about,
		InputSchema: raw(t.input), OutputSchema: raw(t.output),
		Annotations: &mcp.ToolAnnotations{
			Title: t.title, ReadOnlyHint: true, IdempotentHint: true, DestructiveHint: &no, OpenWorldHint: &no,
		},
	}
}

// raw writes a schema once, so that listing copies bytes.
func raw(schema object) json.RawMessage {
	b, err := json.Marshal(schema)
	if err != nil {
		panic(fmt.Sprintf("mcptools: a schema cannot be written: %v", err)) // made of constants only
	}
	return b
}

// linksFrom is the first revision whose clients know resource links.
const linksFrom = "2025-06-18"

func (s *Server) callTool(t *tool) mcp.ToolHandler {
	return func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		begun := time.Now()
		a, err := t.run(ctx, callFrom(ctx).principal, req.Params.Arguments)
		if err == nil {
			var structured []byte
			if structured, err = json.Marshal(a.structured); err == nil {
				s.metrics.answered(t.name, time.Since(begun), a.results)
				return result(a, structured, req.Extra), nil
			}
		}
		s.metrics.failed(t.name, time.Since(begun), errs.KindOf(err))
		return s.failure(ctx, t.name, err)
	}
}

func result(a answer, structured []byte, extra *mcp.RequestExtra) *mcp.CallToolResult {
	content := []mcp.Content{&mcp.TextContent{Text: a.text}}
	if extra != nil && extra.Header.Get("Mcp-Protocol-Version") >= linksFrom {
		content = append(content, a.links...)
	}
	return &mcp.CallToolResult{Content: content, StructuredContent: json.RawMessage(structured)}
}

// failure is what a model reads when a call went wrong, so that it can mend
// it. A fault of ours is told apart by an id only.
func (s *Server) failure(ctx context.Context, tool string, err error) (*mcp.CallToolResult, error) {
	message := ""
	switch e := errs.As(err); {
	case errors.Is(err, context.Canceled):
		return nil, err // nobody reads the answer
	case errors.Is(err, context.DeadlineExceeded):
		message = "This took too long. Try again, or ask for less."
	case e == nil || e.Kind == errs.Internal:
		message = s.fault(ctx, tool, err)
	default:
		message = explain(e)
	}
	return &mcp.CallToolResult{IsError: true, Content: []mcp.Content{&mcp.TextContent{Text: message}}}, nil
}

// explain writes an error's message, or a line for each field at fault.
func explain(e *errs.Error) string {
	if len(e.Fields) == 0 {
		return e.Message
	}
	lines := make([]string, 0, len(e.Fields))
	for name, faults := range e.Fields {
		lines = append(lines, name+": "+strings.Join(faults, " "))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
