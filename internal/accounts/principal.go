// Package accounts owns users, groups, passwords and sessions, and the
// Principal: who acts, by which credential, with what scope. It decides who
// somebody is and refuses to know what they may see: that is the library's.
package accounts

import (
	"context"
	"slices"
	"time"

	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// CredentialKind says how a caller proved who they are.
type CredentialKind string

// The kinds of credential.
const (
	CredentialSession   CredentialKind = "session"
	CredentialUserToken CredentialKind = "user_token"
	CredentialTeam      CredentialKind = "team"
	CredentialCommand   CredentialKind = "command" // an operator at the command line
	CredentialSSO       CredentialKind = "sso"     // on the way in, vouched for by a sign-on server
	CredentialAnonymous CredentialKind = "anonymous"
)

// Credential describes what was presented, without its secret.
type Credential struct {
	Kind      CredentialKind
	ID        string     // of the token, team or session
	Name      string     // as its owner called it
	Masked    string     // tok_… or team:…, safe to log
	ExpiresAt *time.Time // nil: never
}

// ScopeKind says how a credential narrows what its user may see.
type ScopeKind uint8

// The scopes. The zero value sees nothing.
const (
	ScopeNone       ScopeKind = iota
	ScopeUser                 // whatever the user may
	ScopeLibraries            // of that, the libraries listed
	ScopeWorkspaces           // of that, the user's own workspaces listed
	ScopeGlobal               // global libraries, reading only
)

// AllLibraries in an allowed_libraries list stands for every library that
// its user may read, now and later.
const AllLibraries = "*"

// Scope narrows a principal.
type Scope struct {
	Kind       ScopeKind
	Libraries  []string // uids, or AllLibraries; with ScopeLibraries
	Workspaces []string // workspace ids; with ScopeWorkspaces
	Tools      []string // MCP tools that may be called; empty: any
}

// Principal is who acts. It is resolved anew for each request.
type Principal struct {
	UserID     string // empty: nobody
	Username   string
	Superuser  bool
	Groups     []string
	Credential Credential
	Scope      Scope
}

// SignedIn tells whether a user stands behind the principal.
func (p Principal) SignedIn() bool { return p.UserID != "" }

// MayCall tells whether the scope allows an MCP tool.
func (p Principal) MayCall(tool string) bool {
	return len(p.Scope.Tools) == 0 || slices.Contains(p.Scope.Tools, tool)
}

// Origin says where a request came from, for the audit trail.
type Origin struct {
	Address   string
	RequestID string
}

// OriginOf is where the request came from that a context belongs to; empty in
// a command.
func OriginOf(ctx context.Context) Origin {
	return Origin{Address: telemetry.Address(ctx), RequestID: telemetry.RequestID(ctx)}
}

// Actor is who does something, and from where.
type Actor struct {
	Principal
	Origin
}

// Operator is the actor of a command: whoever may run it on the machine.
func Operator() Actor {
	return Actor{Principal: Principal{Credential: Credential{Kind: CredentialCommand, Masked: "command"}}}
}
