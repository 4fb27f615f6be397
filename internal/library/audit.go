package library

import (
	"context"
	"log/slog"

	"git.helu.ca/r/mnemosyne/internal/accounts"
)

// event tells the audit trail what somebody did to a library. Workspaces have
// events of their own names, so that what Daedalus does is told apart.
func event(ctx context.Context, p accounts.Principal, l Library, doing, outcome string, more ...slog.Attr) []accounts.Event {
	name, detail := "library_"+doing, []slog.Attr{slog.String("library_uid", l.UID)}
	if l.WorkspaceID != nil {
		name = "workspace_" + doing
		detail = append(detail, slog.String("workspace_id", *l.WorkspaceID))
	}
	return []accounts.Event{{
		Name: name, Outcome: outcome, Actor: accounts.Actor{Principal: p, Origin: accounts.OriginOf(ctx)}, Detail: append(detail, more...),
	}}
}

// changes names what a patch sets.
func (p Patch) changes() []slog.Attr {
	fields := []string{}
	for _, f := range []struct {
		name string
		set  bool
	}{{"name", p.Name != nil}, {"description", p.Description != nil}, {"library_type", p.Type != nil}} {
		if f.set {
			fields = append(fields, f.name)
		}
	}
	return []slog.Attr{slog.Any("fields", fields)}
}
