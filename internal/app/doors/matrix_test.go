package doors_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// cell is one request of the matrix: an operation, somebody, and an object.
type cell struct {
	op   operation
	rule rule
	ref  string // a reference in the query or the body; empty: the path's
	who  identity
	at   place
}

func (c cell) String() string {
	of := ""
	if c.ref != "" {
		of = " by " + c.ref
	}
	return fmt.Sprintf("%s %s%s, %s, as %s", c.op.method, c.op.path, of, c.at.class, c.who.name)
}

// request builds what is sent.
func (c cell) request(t *testing.T) request {
	t.Helper()
	r := request{method: c.op.method, path: fill(t, c.op, c.at), headers: c.who.headers()}
	var body map[string]any
	if c.rule.body != nil {
		body, _ = c.rule.body(c.at).(map[string]any)
	}
	if c.ref != "" {
		value := c.at.value(nameKinds()[c.ref])
		if slices.Contains(c.op.inQuery, c.ref) {
			r.path += "?" + url.Values{c.ref: {value}}.Encode()
		} else {
			body[c.ref] = value
			if list := c.op.body.Properties[c.ref]; slices.Contains(list.types(), "array") {
				body[c.ref] = []string{value}
			}
		}
	}
	if body != nil {
		r.body = body
	}
	return r
}

// fill puts the objects of a place into an operation's path.
func fill(t *testing.T, op operation, p place) string {
	t.Helper()
	path := op.path
	for i, k := range objectsIn(t, op) {
		path = strings.Replace(path, "{"+op.inPath[i]+"}", url.PathEscape(p.value(k)), 1)
	}
	return path
}

// allowed tells whether the caller has the right that the operation needs.
func (c cell) allowed() bool {
	if c.team() {
		return owns(c.who.person, c.at.class) && (c.who.person != viewer || !c.op.unsafe())
	}
	return c.sees() && may(c.who.person, c.at.class, c.rule.needs)
}

func (c cell) team() bool { return strings.HasPrefix(c.op.path, teamsPath+"{") }

// sees tells whether the object is there for the caller.
func (c cell) sees() bool {
	if c.team() {
		return owns(c.who.person, c.at.class)
	}
	if c.rule.needs == signedIn || c.rule.needs == toMake || c.rule.needs == open2all {
		return true
	}
	of := c.rule.only
	if c.ref == "workspace_id" {
		of = []class{workspace, elsewhere, viewed}
	}
	return reads(c.who.person, c.at.class) && (len(of) == 0 || slices.Contains(of, c.at.class))
}

// want is the status that the tables of design.md §5 come to.
func (c cell) want() int {
	switch {
	case c.rule.needs == open2all:
		return c.rule.ok
	case c.who.person == "":
		return http.StatusUnauthorized
	case c.who.crossSite && c.op.unsafe():
		return http.StatusForbidden
	case c.allowed():
		return c.rule.ok
	case c.who.person == viewer && (c.sees() || c.rule.taken != 0):
		return http.StatusForbidden // what stands in the way is the group
	case !c.sees() && c.rule.taken != 0 && c.at.class != missing:
		return c.rule.taken
	case !c.sees():
		return c.rule.unseen
	}
	return c.rule.denied
}

// changes tells that the request is meant to be carried out and does more than
// read.
func (c cell) changes() bool {
	carriedOut := c.want() == c.rule.ok && (c.allowed() || c.rule.unseen != c.rule.ok)
	return c.op.unsafe() && !c.rule.reads && (carriedOut || c.upserts())
}

// upserts tells that a missing object would be made.
func (c cell) upserts() bool {
	return c.rule.taken != 0 && c.at.class == missing && c.who.person != "" && c.who.person != viewer
}

// may tells what an answer to the caller can speak of.
func (w *world) mayTell(who identity) func(class) bool {
	return func(c class) bool { return reads(who.person, c) }
}

// check asks for a cell and holds the answer against the rules.
func (w *world) check(t *testing.T, c cell) answer {
	t.Helper()
	r := c.request(t)
	a := w.ask(r)
	if a.status != c.want() && (!c.upserts() || c.who.crossSite) {
		t.Errorf("%s: %s, want %d", c, a, c.want())
	}
	if a.status == http.StatusUnauthorized && !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("%s: a 401 without WWW-Authenticate: Bearer", c)
	}
	said := r.path
	if r.body != nil {
		said += encode(t, r.body)
	}
	if leaked := w.leaks(a, w.mayTell(c.who), said); len(leaked) > 0 {
		t.Errorf("%s: the answer tells %s", c, strings.Join(leaked, ", "))
	}
	return a
}

// references are what an operation is tried with: the path, or each reference
// of its query and body, or none.
func references(op operation, r rule) []string {
	if len(op.inPath) > 0 || len(r.refs) == 0 {
		return []string{""}
	}
	return r.refs
}

// targets are the places that an operation is tried on.
func (w *world) targets(op operation, r rule) []place {
	if len(op.inPath) == 0 && len(r.refs) == 0 {
		return []place{w.places[private]}
	}
	var all []place
	for _, c := range classes() {
		all = append(all, w.places[c])
	}
	return all
}

func TestEachRouteShowsEachCallerTheirOwnAndNothingElse(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := newWorld(h)
		everybody := w.identities()
		cells := 0
		for _, op := range w.document.operations {
			r, known := ruleFor(h.t, op)
			if !known {
				continue
			}
			before := w.content()
			for _, who := range everybody {
				cells += w.refusals(op, r, who)
			}
			if after := w.content(); after != before {
				h.t.Errorf("%s %s: refused requests changed the store:\n%s", op.method, op.path, difference(before, after))
			}
		}
		for _, op := range w.document.operations {
			if r, known := ruleFor(h.t, op); known {
				for _, who := range everybody {
					if who.onlyOverMCP() {
						continue
					}
					cells += w.permissions(op, r, who)
				}
			}
		}
		h.t.Logf("%d operations, %d identities, %d requests", len(w.document.operations), len(everybody), cells)
	})
}

// refusals asks for everything that a caller may not do, and for what they may
// read. Another's object must answer as a missing one does.
func (w *world) refusals(op operation, r rule, who identity) (cells int) {
	t := w.t
	t.Helper()
	for _, ref := range references(op, r) {
		none := cell{op, r, ref, who, nothing(t)}
		var absent answer
		if !none.changes() {
			absent = w.check(t, none)
			cells++
		}
		for _, at := range w.targets(op, r) {
			c := cell{op, r, ref, who, at}
			if c.changes() {
				continue
			}
			a := w.check(t, c)
			cells++
			if who.person != "" && !c.sees() && r.taken == 0 && !same(a, absent) {
				t.Errorf("%s: %s, for a missing one %s", c, a, absent)
			}
		}
	}
	return cells
}

// permissions does what a caller may do, to objects planted for it, and reads
// the lists of all that they may see.
func (w *world) permissions(op operation, r rule, who identity) (cells int) {
	t := w.t
	t.Helper()
	if r.alone && who.person != "" && !who.crossSite {
		w.listsAll(op, r, who)
		cells++
	}
	for _, ref := range references(op, r) {
		for _, at := range w.targets(op, r) {
			c := cell{op, r, ref, who, at}
			if !c.changes() {
				continue
			}
			if r.destroys {
				c.at = w.plant(at.class, "", needs(t, op))
			}
			w.check(t, c)
			cells++
		}
	}
	return cells
}

// needs tells what an operation's path asks to be there.
func needs(t *testing.T, op operation) extent {
	t.Helper()
	objects := objectsIn(t, op)
	return extent{
		library: objects[0] != aTeam, team: objects[0] == aTeam,
		documents: slices.ContainsFunc(objects, func(k kind) bool { return k == anItem || k == aFile || k == aJob }),
	}
}

// listsAll reads a list without a filter: all that is the caller's is in it.
func (w *world) listsAll(op operation, r rule, who identity) {
	w.t.Helper()
	r.needs = signedIn
	c := cell{op, r, "", who, w.places[private]}
	a := w.check(w.t, c)
	for _, k := range classes() {
		listed := reads(who.person, k)
		switch {
		case strings.Contains(op.path, "/workspaces/"):
			listed = listed && isWorkspace(k)
		case strings.Contains(op.path, "/teams/"):
			listed = owns(who.person, k)
		case strings.HasSuffix(op.path, "/libraries/"):
			listed = listed && !isWorkspace(k)
		}
		p := w.places[k]
		found := slices.ContainsFunc(p.secrets(), func(s string) bool { return strings.Contains(a.body, s) })
		if found != listed {
			w.t.Errorf("%s: lists the %s: %v, want %v", c, k, found, listed)
		}
	}
}

func isWorkspace(k class) bool { return k == workspace || k == elsewhere || k == viewed }

// volatile is what changes by itself or by being asked.
func volatile() []string {
	return []string{"audit_event", "search_log", "llm_usage", "search_usage", "search_library_usage", "model_usage", "user_token.last_used_at", "team.last_used_at", "session.last_seen_at"}
}

// content is all that people put in, as text.
func (w *world) content() string {
	w.t.Helper()
	return sqldbtest.Snapshot(w.t, w.core.DB, volatile()...)
}

// difference shows the lines that only one of two texts has.
func difference(before, after string) string {
	had, has := strings.Split(before, "\n"), strings.Split(after, "\n")
	var out strings.Builder
	for _, line := range had {
		if !slices.Contains(has, line) {
			out.WriteString("- " + line + "\n")
		}
	}
	for _, line := range has {
		if !slices.Contains(had, line) {
			out.WriteString("+ " + line + "\n")
		}
	}
	return out.String()
}

// unknownMethod is one that no route of the program has.
const unknownMethod = "PROPFIND"

func TestAMethodThatAPathLacksIsRefusedWithoutALook(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := newWorld(h)
		everybody := w.identities()
		asked := 0
		for path, has := range w.document.paths {
			for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", unknownMethod} {
				if slices.Contains(has, method) {
					continue
				}
				op := operation{method: method, path: path}
				for _, m := range parameter.FindAllStringSubmatch(path, -1) {
					op.inPath = append(op.inPath, m[1])
				}
				for _, who := range everybody {
					theirs := w.ask(request{method: method, path: fill(h.t, op, w.places[private]), headers: who.headers()})
					none := w.ask(request{method: method, path: fill(h.t, op, nothing(h.t)), headers: who.headers()})
					asked++
					told := theirs.header.Get("Allow") != "" || method == unknownMethod
					if theirs.status != http.StatusMethodNotAllowed || !told || !same(theirs, none) || !strings.Contains(theirs.body, `"detail"`) {
						h.t.Errorf("%s %s as %s: %s, for a missing one %s", method, path, who.name, theirs, none)
					}
				}
			}
		}
		if asked < 100 {
			h.t.Errorf("only %d requests", asked)
		}
	})
}

func TestHEADTellsNoMoreThanGET(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := newWorld(h)
		everybody := w.identities()
		for _, op := range w.document.operations {
			if op.method != http.MethodGet {
				continue
			}
			for _, who := range everybody {
				for _, at := range []place{w.places[private], nothing(h.t)} {
					path := fill(h.t, op, at)
					get := w.ask(request{method: "GET", path: path, headers: who.headers()})
					head := w.ask(request{method: "HEAD", path: path, headers: who.headers()})
					if head.status != get.status || head.body != "" {
						h.t.Errorf("HEAD %s as %s: %s, GET answers %d", op.path, who.name, head, get.status)
					}
				}
			}
		}
	})
}

func TestAnotherObjectWithinOnesOwnIsMissing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := newWorld(h)
		for _, op := range w.document.operations {
			r, known := rules()[op.key()]
			if !known || r.inner == 0 {
				continue
			}
			before := w.content()
			own, none := w.places[elsewhere], nothing(h.t)
			gone := own
			gone.item, gone.file = none.item, none.file
			absent := w.ask(cell{op, r, "", w.who[stranger], gone}.request(h.t))
			for _, c := range []class{private, workspace, global} {
				mixed := own
				mixed.item, mixed.file = w.places[c].item, w.places[c].file
				a := w.ask(cell{op, r, "", w.who[stranger], mixed}.request(h.t))
				if a.status != r.inner || !same(a, absent) {
					h.t.Errorf("%s %s, of the %s: %s, for a missing one %s, want %d", op.method, op.path, c, a, absent, r.inner)
				}
			}
			if after := w.content(); after != before {
				h.t.Errorf("%s %s changed the store:\n%s", op.method, op.path, difference(before, after))
			}
		}
	})
}

func TestACursorIsRefusedToAnybodyElse(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := newWorld(h)
		lists := 0
		for _, op := range w.document.operations {
			if !slices.Contains(op.inQuery, "cursor") {
				continue
			}
			lists++
			at := w.places[private]
			if strings.HasPrefix(op.path, workspacesPath) {
				at = w.places[workspace]
			}
			first := w.insist(200, w.who[owner], "GET", fill(h.t, op, at)+"?limit=1", nil)
			next, ok := strings.CutSuffix(strings.TrimPrefix(first.header.Get("Link"), "<"), `>; rel="next"`)
			if !ok {
				if !w.single(op) {
					h.t.Errorf("GET %s?limit=1 announces no next page: plant a second one in newWorld, or say so in single", op.path)
				}
				continue
			}
			path := strings.TrimPrefix(next, h.url)
			w.insist(200, w.who[owner], "GET", path, nil)
			for _, name := range []string{stranger, reader, manager, coOwner, superuser} {
				a := w.ask(request{method: "GET", path: path, headers: w.who[name].headers()})
				if a.status == http.StatusOK {
					h.t.Errorf("GET %s: the owner's cursor serves the %s", op.path, name)
				}
				if leaked := w.leaks(a, w.mayTell(w.who[name]), path); len(leaked) > 0 {
					h.t.Errorf("GET %s with the owner's cursor tells the %s %s", op.path, name, leaked)
				}
			}
		}
		if lists < 4 {
			h.t.Errorf("only %d lists", lists)
		}
	})
}

// onlyOverMCP tells that a credential is like its user's others on REST, where
// refusals have shown that its lists play no part.
func (who identity) onlyOverMCP() bool {
	return who.mcp != nil && who.bearer != "" && who.person != "" && who.mcp.classes != nil
}

// single tells of lists that hold one entry only in this world.
func (w *world) single(op operation) bool {
	return op.key() == "GET /library/api/workspaces/{}/items/"
}

func TestTheRulesNameOnlyWhatThereIs(t *testing.T) {
	t.Parallel()
	h := open(t, "sqlite")
	d := readDocument(h)
	var stale []string
	for key := range rules() {
		if !d.has(key) {
			stale = append(stale, key)
		}
	}
	slices.Sort(stale)
	if len(stale) > 0 {
		t.Errorf("rules for operations that are not there: %s: take them out of rules in rules_test.go", strings.Join(stale, ", "))
	}
}
