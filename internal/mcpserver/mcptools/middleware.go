package mcptools

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"git.helu.ca/r/mnemosyne/internal/accounts"
)

// guard ends a call when its client leaves, which the SDK does only in the
// newest revision, and turns a panic into an answer: tools run outside the
// goroutine that net/http guards.
func (s *Server) guard(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (res mcp.Result, err error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(callFrom(ctx).gone, cancel)() //nolint:contextcheck // the request's own context, on purpose
		defer func() {
			if v := recover(); v != nil {
				res, err = nil, s.rpcFault(ctx, fmt.Errorf("panic: %v", v))
			}
		}()
		return next(ctx, method, req)
	}
}

// visible shows each bearer the tools that it may call, and what stands on
// them. What it may not call is answered as what does not exist.
func (s *Server) visible(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		p := callFrom(ctx).principal
		if err := s.hidden(p, req); err != nil {
			return nil, err
		}
		res, err := next(ctx, method, req)
		if err != nil {
			return nil, err
		}
		switch res := res.(type) {
		case *mcp.ListToolsResult:
			res.Tools = slices.DeleteFunc(res.Tools, func(t *mcp.Tool) bool { return !p.MayCall(t.Name) })
		case *mcp.ListPromptsResult:
			res.Prompts = slices.DeleteFunc(res.Prompts, func(*mcp.Prompt) bool { return !p.MayCall(toolSearch) })
		case *mcp.ListResourceTemplatesResult:
			res.ResourceTemplates = slices.DeleteFunc(res.ResourceTemplates, func(*mcp.ResourceTemplate) bool { return !p.MayCall(toolGetItem) })
		}
		return res, nil
	}
}

// hidden is the answer to a request for something that does not exist, or not
// for this bearer.
func (s *Server) hidden(p accounts.Principal, req mcp.Request) error {
	switch req := req.(type) {
	case *mcp.CallToolRequest:
		if name := req.Params.Name; !p.MayCall(name) || !s.has(name) {
			s.metrics.unknown.Inc()
			return invalidParams("unknown tool " + quoted(name))
		}
	case *mcp.GetPromptRequest:
		if name := req.Params.Name; !p.MayCall(toolSearch) || name != promptCite {
			return invalidParams("unknown prompt " + quoted(name))
		}
	case *mcp.ReadResourceRequest:
		if !p.MayCall(toolGetItem) {
			return mcp.ResourceNotFoundError(req.Params.URI)
		}
	}
	return nil
}

func (s *Server) has(name string) bool {
	return slices.ContainsFunc(s.tools, func(t tool) bool { return t.name == name })
}

func invalidParams(message string) error {
	return &jsonrpc.Error{Code: codeInvalidParams, Message: message}
}

// rpcFault answers a fault of ours outside a tool.
func (s *Server) rpcFault(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return &jsonrpc.Error{Code: codeInternal, Message: s.fault(ctx, "method", err)}
}
