package doors_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// kind is what a parameter names.
type kind string

// The kinds of object. A plain value names nothing that somebody owns.
const (
	plain      kind = "plain"
	aLibrary   kind = "library"
	aWorkspace kind = "workspace"
	anItem     kind = "item"
	aFile      kind = "file"
	aJob       kind = "job"
	aChunk     kind = "chunk"
	aTeam      kind = "team"
	aMember    kind = "member"
)

// pathKinds tells what a parameter in a path names, by the part before it.
func pathKinds() map[string]kind {
	return map[string]kind{
		"libraries/{uid}":           aLibrary,
		"members/{username}":        aMember,
		"items/{uid}":               anItem,
		"items/{item_uid}":          anItem,
		"files/{file_id}":           aFile,
		"jobs/{id}":                 aJob,
		"workspaces/{workspace_id}": aWorkspace,
		"teams/{id}":                aTeam,
		"teams/{team_id}":           aTeam,
		"pages/{page}":              plain,
	}
}

// nameKinds tells what a parameter of a query, a field of a body and an
// argument of a tool name.
func nameKinds() map[string]kind {
	all := map[string]kind{
		"library_uid": aLibrary, "libraries": aLibrary, "library": aLibrary,
		"workspace_id": aWorkspace, "item_uid": anItem, "chunk_uid": aChunk,
	}
	for _, name := range []string{
		"limit", "cursor", "status", "collection", "library_type", "query", "exact", "explain", "name", "description", "global", "role",
		"title", "metadata", "text", "filename", "content_type", "language", "source", "since", "file_id", "parent_item_uid", "content_hash", "s3_key", "s3_bucket", "url", "file",
		"before", "after", "page", "width", "heading", "offset", "max_chars", "concept", "generation",
		"id",            // of a team that is made: the caller's own choice
		"workspace_ids", // kept as they are, and looked at when a team's JWT is used
	} {
		all[name] = plain
	}
	return all
}

// right is what an operation asks of its caller towards an object.
type right string

// The rights of design.md §5.
const (
	open2all right = "none"      // anybody, without a credential
	signedIn right = "signed in" // any user
	toMake   right = "make"      // any user whose group does more than view
	toRead   right = "read"
	toAdd    right = "add"    // documents to a library
	toChange right = "change" // a document
	toManage right = "manage" // settings and members
	toOwn    right = "own"    // a library, a workspace or a team
)

// rule is what is expected of an operation.
type rule struct {
	needs right
	ok    int // the status when it is allowed
	// unseen answers whoever may not read the object, and for a missing one;
	// 404 by default. denied answers who may read it and no more; 403.
	unseen, denied int
	// body is what is sent about a place. For one that is allowed it must be
	// right.
	body func(p place) any
	// sets lists the references of a query or body that the operation is tried
	// with, one at a time, beside the body: none is no reference.
	refs []string
	// alone tells that the operation is also tried without a reference: what
	// it lists is all that the caller may read.
	alone bool
	// only are the classes whose objects the operation is for; others of
	// them are missing to it. None: all.
	only []class
	// reads tells that nothing is changed, though the method could.
	reads bool
	// destroys tells that the object is gone or other afterwards.
	destroys bool
	// idempotent tells of a DELETE that is content with what is gone already.
	idempotent bool
	// taken answers for another's id where a missing one would be made anew.
	taken int
	// inner answers when the outer object is the caller's and the inner one
	// another's, or none.
	inner int
}

// rules is the one place that says what an operation needs. The key is the
// method and the path without its parameters' names.
func rules() map[string]rule {
	described := func(place) any { return map[string]any{"description": "Changed."} }
	role := func(place) any { return map[string]any{"role": "reader"} }
	notWorkspaces := []class{private, global}
	workspaces := []class{workspace, elsewhere, viewed}
	return map[string]rule{
		"GET /live/":  {needs: open2all, ok: 200},
		"GET /ready/": {needs: open2all, ok: 200},

		"GET /library/api/me/":         {needs: signedIn, ok: 200},
		"GET /library/api/libraries/":  {needs: signedIn, ok: 200, alone: true},
		"POST /library/api/libraries/": {needs: toMake, ok: 201, body: func(place) any { return map[string]any{"name": "New"} }},

		"GET /library/api/libraries/{}/":               {needs: toRead, ok: 200, only: notWorkspaces},
		"PATCH /library/api/libraries/{}/":             {needs: toManage, ok: 200, only: notWorkspaces, body: described},
		"DELETE /library/api/libraries/{}/":            {needs: toOwn, ok: 204, only: notWorkspaces, destroys: true},
		"GET /library/api/libraries/{}/members/":       {needs: toRead, ok: 200, only: notWorkspaces},
		"PUT /library/api/libraries/{}/members/{}/":    {needs: toManage, ok: 200, only: notWorkspaces, body: role, destroys: true},
		"DELETE /library/api/libraries/{}/members/{}/": {needs: toManage, ok: 204, only: notWorkspaces, destroys: true, idempotent: true},

		"GET /library/api/items/":            {needs: toRead, ok: 200, alone: true, refs: []string{"library_uid"}},
		"GET /library/api/items/{}/":         {needs: toRead, ok: 200},
		"PATCH /library/api/items/{}/":       {needs: toChange, ok: 200, body: func(place) any { return map[string]any{"title": "Changed"} }},
		"DELETE /library/api/items/{}/":      {needs: toChange, ok: 204, destroys: true},
		"GET /library/api/items/{}/content/": {needs: toRead, ok: 200},
		"GET /library/api/items/{}/text/":    {needs: toRead, ok: 200},
		"GET /library/api/items/{}/chunks/":  {needs: toRead, ok: 200},
		// Those planted have no pages.
		"GET /library/api/items/{}/pages/{}.png": {needs: toRead, ok: 404},

		"POST /library/api/ingest/": {
			needs: toAdd, ok: 202, denied: 404, refs: []string{"library_uid", "workspace_id"},
			body: func(place) any { return map[string]any{"text": "New: " + uuid.NewString()} },
		},
		// A filter that fits nothing filters all.
		"GET /library/api/jobs/":             {needs: toRead, ok: 200, unseen: 200, alone: true, refs: []string{"library_uid", "workspace_id"}},
		"GET /library/api/jobs/{}/":          {needs: toRead, ok: 200},
		"GET /library/api/jobs/{}/events/":   {needs: toRead, ok: 200},
		"POST /library/api/jobs/{}/retry/":   {needs: toChange, ok: 409, denied: 404}, // those planted are done
		"POST /library/api/jobs/{}/cancel/":  {needs: toChange, ok: 202, denied: 404},
		"POST /library/api/search/":          {needs: toRead, ok: 200, alone: true, reads: true, refs: []string{"libraries", "workspace_id", "item_uid"}, body: func(place) any { return map[string]any{"query": common} }},
		"GET /library/api/related/":          {needs: toRead, ok: 200, refs: []string{"chunk_uid"}},
		"GET /library/api/workspaces/":       {needs: signedIn, ok: 200, alone: true},
		"GET /library/api/workspaces/{}/":    {needs: toRead, ok: 200, only: workspaces},
		"PUT /library/api/workspaces/{}/":    {needs: toOwn, ok: 200, only: workspaces, body: described},
		"DELETE /library/api/workspaces/{}/": {needs: toOwn, ok: 204, unseen: 204, only: workspaces, destroys: true, idempotent: true},
		"POST /library/api/workspaces/": {
			needs: toMake, ok: 201,
			body: func(place) any { return map[string]any{"workspace_id": "ws_" + uuid.NewString()} },
		},
		"GET /library/api/workspaces/{}/items/":       {needs: toRead, ok: 200, only: workspaces},
		"DELETE /library/api/workspaces/{}/items/{}/": {needs: toOwn, ok: 204, only: workspaces, destroys: true, idempotent: true, inner: 204},
		"DELETE /library/api/workspaces/{}/files/{}/": {needs: toOwn, ok: 204, only: workspaces, destroys: true, idempotent: true, inner: 204},

		"GET /mcp_server/api/teams/":               {needs: signedIn, ok: 200, alone: true},
		"POST /mcp_server/api/teams/":              {needs: toMake, ok: 201, body: func(place) any { return map[string]any{"id": uuid.NewString(), "name": "New"} }},
		"GET /mcp_server/api/teams/{}/":            {needs: toOwn, ok: 200},
		"DELETE /mcp_server/api/teams/{}/":         {needs: toOwn, ok: 204, destroys: true},
		"PUT /mcp_server/api/teams/{}/workspaces/": {needs: toOwn, ok: 200, body: func(p place) any { return map[string]any{"workspace_ids": []string{p.workspace}} }},
		"POST /mcp_server/api/teams/{}/rotate/":    {needs: toOwn, ok: 200, destroys: true, taken: 409},
	}
}

// reads is the table of design.md §5: who may read a library.
func reads(person string, c class) bool {
	switch c {
	case workspace:
		return person == owner
	case private:
		return slices.Contains([]string{owner, reader, superReader, manager, coOwner, viewer}, person)
	case global:
		return person != ""
	case elsewhere:
		return person == stranger
	case viewed:
		return person == viewer
	case missing:
	}
	return false
}

// may is the other half of the table: who may write what they read. In a
// global library the owner's documents were put in by the owner.
func may(person string, c class, needs right) bool {
	switch needs {
	case open2all, signedIn:
		return true
	case toRead:
		return reads(person, c)
	case toMake, toAdd, toChange, toManage, toOwn:
	}
	switch {
	case person == viewer:
		return false
	case needs == toMake:
		return true
	}
	switch c {
	case workspace, elsewhere, viewed:
		return reads(person, c)
	case private:
		return person == owner || person == coOwner || (person == manager && needs != toManage && needs != toOwn)
	case global:
		all := person == superuser || person == superReader || person == administrator
		return all || (person == expert && needs != toOwn) || needs == toAdd || (person == owner && needs == toChange)
	case missing:
	}
	return false
}

// owns tells whose teams are whose: a team belongs to who made the place.
func owns(person string, c class) bool {
	switch c {
	case elsewhere:
		return person == stranger
	case viewed:
		return person == viewer
	case private, workspace, global, missing:
	}
	return c != missing && person == owner
}

// objectsIn gives the kinds of the objects that a path names, outermost first.
func objectsIn(t *testing.T, op operation) []kind {
	t.Helper()
	var out []kind
	for _, part := range parameter.FindAllStringIndex(op.path, -1) {
		before := strings.TrimSuffix(op.path[:part[0]], "/")
		name := before[strings.LastIndex(before, "/")+1:] + "/" + op.path[part[0]:part[1]]
		k, known := pathKinds()[name]
		if !known {
			t.Errorf("%s %s: the isolation matrix does not know what %q names: add it to pathKinds in rules_test.go", op.method, op.path, name)
		}
		out = append(out, k)
	}
	return out
}

// ruleFor finds the rule of an operation and checks that every name in it is
// known.
func ruleFor(t *testing.T, op operation) (rule, bool) {
	t.Helper()
	r, known := rules()[op.key()]
	if !known {
		t.Errorf("%s %s: the isolation matrix does not know this operation: add what it needs to rules in rules_test.go, under %q", op.method, op.path, op.key())
		return r, false
	}
	objectsIn(t, op)
	for _, name := range slices.Concat(op.inQuery, op.inBody, op.inForm) {
		k, known := nameKinds()[name]
		switch {
		case !known:
			t.Errorf("%s %s: the isolation matrix does not know what %q names: add it to nameKinds in rules_test.go", op.method, op.path, name)
		case k != plain && len(op.inPath) == 0 && !slices.Contains(r.refs, name) && r.needs != signedIn && r.needs != toMake:
			t.Errorf("%s %s: %q names a %s: add it to the refs of %q in rules_test.go", op.method, op.path, name, k, op.key())
		}
	}
	r.unseen, r.denied = orElse(r.unseen, http.StatusNotFound), orElse(r.denied, http.StatusForbidden)
	return r, true
}

func orElse(status, usual int) int {
	if status == 0 {
		return usual
	}
	return status
}
