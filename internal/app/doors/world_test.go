package doors_test

import (
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

// The classes. All but elsewhere belong to the owner; a global library to
// nobody, and the owner's documents are in it.
const (
	private   class = "private library"
	workspace class = "workspace"
	global    class = "global library"
	elsewhere class = "workspace of a stranger"
	missing   class = "missing"
)

// classes are those that there is something of.
func classes() []class { return []class{private, workspace, global, elsewhere} }

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
	all := []string{p.canary, p.library, p.item, p.job, p.chunk}
	if p.team != "" {
		all = append(all, p.team)
	}
	return all
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
}

// common is in the text of every document.
const common = "kestrel"

func newWorld(h *house) *world {
	h.t.Helper()
	w := &world{house: h, ids: map[string]string{}, who: map[string]identity{}, places: map[class]place{}}
	w.document = readDocument(h)
	w.people()
	for _, c := range classes() {
		w.places[c] = w.plant(c)
		w.plant(c) // so that no list ends after one
	}
	return w
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	_, err := sqldb.Exec(w.t.Context(), w.core.DB.Write(), query, args...)
	must(w.t, err)
}

// plant makes a place of a class, with a document that is found.
func (w *world) plant(c class) place {
	w.t.Helper()
	canary := "canary" + strings.ReplaceAll(uuid.NewString(), "-", "")
	p := place{class: c, canary: canary, name: "Shelf " + canary, workspace: "ws_" + canary, file: "file " + canary, member: manager}
	by := w.who[owner]
	if c == elsewhere {
		by = w.who[stranger]
	}
	into := map[string]any{"name": p.name, "description": "About " + canary}
	to := map[string]any{}
	switch c {
	case workspace, elsewhere:
		into["workspace_id"] = p.workspace
		p.library = w.makeWorkspace(by, p)
		// Nobody can be made a member of a workspace; who is one all the same
		// sees nothing of it.
		w.exec(`INSERT INTO library_membership (library_uid, user_id, role, created_at) VALUES ($1, $2, 'owner', $3)`, p.library, w.ids[coOwner], sqldb.At(time.Now()))
		to["workspace_id"] = p.workspace
	case global:
		into["global"] = true
		p.library = w.insist(201, w.who[superuser], "POST", "/library/api/libraries/", into).text(w.t, "uid")
		to["library_uid"] = p.library
	case private:
		p.library = w.insist(201, by, "POST", "/library/api/libraries/", into).text(w.t, "uid")
		to["library_uid"] = p.library
		for person, role := range map[string]string{reader: "reader", superReader: "reader", manager: "manager", coOwner: "owner", disabled: "owner"} {
			w.insist(200, by, "PUT", "/library/api/libraries/"+p.library+"/members/"+person+"/", map[string]any{"role": role})
		}
	case missing:
		w.t.Fatal("what is missing cannot be planted")
	}
	to["text"] = fmt.Sprintf("# %[1]s one\n\nThe %[2]s %[1]s hovers.\n\n# %[1]s two\n\nThe %[2]s %[1]s dives.\n", canary, common)
	to["file_id"], to["filename"], to["title"], to["collection"] = p.file, canary+".md", "Title "+canary, "Shelf "+canary
	to["metadata"] = map[string]any{"note": canary}
	p.job = w.insist(202, by, "POST", "/library/api/ingest/", to).text(w.t, "id")
	w.settle(by, p.job)
	p.item = w.insist(200, by, "GET", "/library/api/jobs/"+p.job+"/", nil).text(w.t, "item_uid")
	p.chunk = chunkOf(w.t, p.item)
	p.team = w.makeTeam(by, canary)
	w.planted = append(w.planted, p)
	return p
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

const workspacesPath = "/library/api/workspaces/"

func (w *world) makeWorkspace(by identity, p place) string {
	w.t.Helper()
	if w.document.has("POST " + workspacesPath) {
		return w.insist(201, by, "POST", workspacesPath, map[string]any{"workspace_id": p.workspace, "name": p.name}).text(w.t, "uid")
	}
	uid := uuid.NewString()
	w.exec(`INSERT INTO library (uid, workspace_id, owner_id, owner_username, name, library_type, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, 'business', $6, $6)`, uid, p.workspace, w.ids[by.person], by.person, p.name, sqldb.At(time.Now()))
	return uid
}

func (w *world) makeTeam(by identity, name string) string {
	w.t.Helper()
	if !w.document.has("POST " + teamsPath) {
		return ""
	}
	id := uuid.NewString()
	w.insist(201, by, "POST", teamsPath, map[string]any{"id": id, "name": "Team " + name})
	return id
}

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
