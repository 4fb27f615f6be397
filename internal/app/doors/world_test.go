package doors_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// class is a kind of place for documents: who may do what there hangs on it.
type class string

// The classes. All but elsewhere and viewed belong to the owner; a global library to
// nobody, and the owner's documents are in it.
const (
	private   class = "private library"
	workspace class = "workspace"
	global    class = "global library"
	elsewhere class = "workspace of a stranger"
	viewed    class = "workspace of a viewer"
	missing   class = "missing"
)

// classes are those that there is something of.
func classes() []class { return []class{private, workspace, global, elsewhere, viewed} }

// place is a library with what is in it.
type place struct {
	class     class
	library   string // uid
	name      string
	workspace string // id; only of a workspace, else one that there is not
	item      string
	file      string
	job       string
	chunk     string
	team      string
	member    string
	// canary is in each name and text of the place, and nowhere else.
	canary string
}

// secrets are what nobody may learn who may not read the place.
func (p place) secrets() []string {
	if p.class == missing {
		return nil
	}
	return []string{p.canary, p.library, p.item, p.job, p.chunk, p.team}
}

// value is what names an object of a kind in this place.
func (p place) value(k kind) string {
	switch k {
	case aLibrary:
		return p.library
	case aWorkspace:
		return p.workspace
	case anItem:
		return p.item
	case aFile:
		return p.file
	case aJob:
		return p.job
	case aChunk:
		return p.chunk
	case aTeam:
		return p.team
	case aMember:
		return p.member
	case plain:
	}
	return ""
}

// world is a house with people in it who have documents.
type world struct {
	*house

	document document
	ids      map[string]string // user ids by name
	who      map[string]identity
	places   map[class]place
	planted  []place
	ofViewer string // JWT of a team, made before its owner could only view
}

// common is in the text of every document.
const common = "kestrel"

func newWorld(h *house) *world {
	h.t.Helper()
	w := inhabited(h)
	for _, c := range classes() {
		// Others know this one's workspace id, and nothing else of it.
		w.places[c] = w.plant(c, "ws_"+uuid.NewString(), whole())
		w.plant(c, "", whole()) // so that no list ends after one
	}
	w.ofViewer = w.teamJWT(viewer, w.places[viewed].workspace, w.places[workspace].workspace)
	w.join()
	return w
}

// inhabited is a world of people who have nothing yet.
func inhabited(h *house) *world {
	h.t.Helper()
	w := &world{house: h, ids: map[string]string{}, who: map[string]identity{}, places: map[class]place{}}
	w.document = readDocument(h)
	w.people()
	return w
}

// extent is how much is planted of a place.
type extent struct{ library, documents, team bool }

func whole() extent { return extent{true, true, true} }

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	_, err := sqldb.Exec(w.t.Context(), w.core.DB.Write(), query, args...)
	must(w.t, err)
}

// plant makes a place of a class, with a document that is found. Without an id
// of its own a workspace has one that is secret, too.
func (w *world) plant(c class, workspaceID string, how extent) place {
	w.t.Helper()
	canary := "canary" + strings.ReplaceAll(uuid.NewString(), "-", "")
	p := nothing(w.t)
	p.class, p.canary, p.name, p.file = c, canary, "Shelf "+canary, "file "+canary
	p.workspace = cmp.Or(workspaceID, "ws_"+canary)
	by := w.who[owner]
	switch c {
	case elsewhere:
		by = w.who[stranger]
	case viewed:
		by = w.who[viewer]
	case private, workspace, global, missing:
	}
	if how.library {
		p.library = w.makeLibrary(by, p)
	}
	if how.documents {
		w.fillLibrary(by, &p)
	}
	if how.team {
		p.team = uuid.NewString()
		w.insist(201, by, "POST", teamsPath, map[string]any{"id": p.team, "name": "Team " + canary})
	}
	w.planted = append(w.planted, p)
	return p
}

// makeLibrary makes the library of a place and its members.
func (w *world) makeLibrary(by identity, p place) (uid string) {
	w.t.Helper()
	into := map[string]any{"name": p.name, "description": "About " + p.canary}
	switch p.class {
	case workspace, elsewhere, viewed:
		into["workspace_id"] = p.workspace
		uid = w.insist(201, by, "POST", workspacesPath, into).text(w.t, "uid")
		// Nobody can be made a member of a workspace; who is one all the same
		// sees nothing of it.
		w.exec(`INSERT INTO library_membership (library_uid, user_id, role, created_at) VALUES ($1, $2, 'owner', $3)`, uid, w.ids[coOwner], sqldb.At(time.Now()))
	case global:
		into["global"] = true
		uid = w.insist(201, w.who[superuser], "POST", librariesPath, into).text(w.t, "uid")
	case private:
		uid = w.insist(201, by, "POST", librariesPath, into).text(w.t, "uid")
		for person, role := range map[string]string{reader: "reader", superReader: "reader", manager: "manager", coOwner: "owner", disabled: "owner", viewer: "owner"} {
			w.exec(`INSERT INTO library_membership (library_uid, user_id, role, created_at) VALUES ($1, $2, $3, $4)`, uid, w.ids[person], role, sqldb.At(time.Now()))
		}
	case missing:
		w.t.Fatal("what is missing cannot be planted")
	}
	return uid
}

// fillLibrary takes a document into a place.
func (w *world) fillLibrary(by identity, p *place) {
	w.t.Helper()
	a := w.insist(202, by, "POST", "/library/api/ingest/", map[string]any{
		"library_uid": p.library, "file_id": p.file, "filename": p.canary + ".md", "title": "Title " + p.canary, "collection": "Shelf " + p.canary,
		"metadata": map[string]any{"note": p.canary},
		"text":     fmt.Sprintf("# %[1]s one\n\nThe %[2]s %[1]s hovers.\n\n# %[1]s two\n\nThe %[2]s %[1]s dives.\n", p.canary, common),
	})
	p.job, p.item = a.text(w.t, "id"), a.text(w.t, "item_uid")
	p.chunk = chunkOf(w.t, p.item)
	w.settle(by, p.job)
}

// settle waits until a job has ended well.
func (w *world) settle(who identity, job string) {
	w.t.Helper()
	events := w.insist(200, who, "GET", "/library/api/jobs/"+job+"/events/", nil)
	if !strings.Contains(events.body, `"status":"done"`) {
		w.t.Fatalf("the job %s did not end well: %s", job, events.body)
	}
}

func chunkOf(t testing.TB, item string) string {
	t.Helper()
	uid, err := library.ChunkUID(item, 1, 0)
	must(t, err)
	return uid
}

const (
	librariesPath  = "/library/api/libraries/"
	workspacesPath = "/library/api/workspaces/"
)

// nothing is a place that there is not, with uids of the right form.
func nothing(t testing.TB) place {
	t.Helper()
	item := uuid.NewString()
	return place{
		class: missing, library: uuid.NewString(), workspace: "ws_" + uuid.NewString(), item: item, file: "file " + uuid.NewString(),
		job: uuid.NewString(), chunk: chunkOf(t, item), team: uuid.NewString(), member: manager,
		canary: "canary" + uuid.NewString(), name: "Shelf " + uuid.NewString(),
	}
}

// leaks are the secrets in an answer that its reader may not learn. What the
// request itself said is none.
func (w *world) leaks(a answer, sees func(class) bool, said string) []string {
	text := a.body
	for name, values := range a.header {
		text += "\n" + name + ": " + strings.Join(values, ", ")
	}
	var found []string
	for _, p := range w.planted {
		if sees(p.class) {
			continue
		}
		for _, secret := range p.secrets() {
			if strings.Contains(text, secret) && !strings.Contains(said, secret) {
				found = append(found, fmt.Sprintf("%s of the %s", secret, p.class))
			}
		}
	}
	return found
}

// same tells whether two answers are equal byte for byte, but for the time and
// the request's id.
func same(a, b answer) bool {
	return a.status == b.status && a.body == b.body && slices.Equal(shape(a.header), shape(b.header))
}

func shape(h http.Header) []string {
	var out []string
	for name, values := range h {
		if name == "Date" || name == "X-Request-Id" {
			values = nil
		}
		out = append(out, name+": "+strings.Join(values, ", "))
	}
	slices.Sort(out)
	return out
}

func (a answer) String() string {
	const enough = 300
	return fmt.Sprintf("%d %.*q %q", a.status, enough, a.body, shape(a.header))
}

func encode(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	must(t, err)
	return string(raw)
}
