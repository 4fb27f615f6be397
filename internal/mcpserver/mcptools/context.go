package mcptools

import (
	"context"

	"git.helu.ca/r/mnemosyne/internal/accounts"
)

// The SDK hands a tool nothing of the HTTP request but its context's values
// and its headers, so the caller and the request's own context travel as a
// value as far as guard and callTool, which make arguments of them again.
type callKey struct{}

type call struct {
	principal accounts.Principal
	// gone is closed when the client has left.
	gone context.Context //nolint:containedctx // the SDK cuts it off, see guard
}

func withCall(ctx context.Context, p accounts.Principal) context.Context {
	return context.WithValue(ctx, callKey{}, call{principal: p, gone: ctx})
}

func callFrom(ctx context.Context) call {
	c, ok := ctx.Value(callKey{}).(call)
	if !ok {
		// Nobody: its scope is ScopeNone and sees nothing.
		return call{gone: ctx}
	}
	return c
}
