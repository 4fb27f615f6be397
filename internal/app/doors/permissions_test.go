package doors_test

import (
	"bytes"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// attempt does something that a row of docs/permissions.md speaks of, as
// somebody, through one surface, and tells whether it was let through. One that
// was not must say so by 403 or 404.
type attempt struct {
	surface string
	do      func(t *testing.T, w *world, person string) (done bool)
}

// columnsOfPermissions are the people of the columns of the table.
func columnsOfPermissions() map[string]string {
	return map[string]string{"View Only": viewer, "Staff": stranger, "SME": expert, "Admin": administrator, "superuser": superuser}
}

// attempts try each row of the table on every surface that has it.
func attempts() map[string][]attempt {
	return map[string][]attempt{
		"Read and search what the next section opens to them": {
			rest(200, "GET", at(global, librariesPath+"%s/"), nil), tooled("search", global), visit(at(global, "/libraries/%s/")),
		},
		"Make, change and revoke their own API tokens": {
			form(201, fixed("/profile/tokens/add/"), url.Values{"name": {"New"}, "reach": {"all"}}),
		},
		"Change their own password and address, end their own sessions": {
			visit(fixed("/profile/settings/")), form(303, anotherSession, url.Values{}),
		},
		"Make libraries and workspaces": {
			rest(201, "POST", fixed(librariesPath), func(*world) any { return map[string]any{"name": "New"} }),
			rest(201, "POST", fixed(workspacesPath), func(*world) any { return map[string]any{"workspace_id": "ws_" + uuid.NewString()} }),
			form(303, fixed("/libraries/add/"), url.Values{"name": {"New"}, "library_type": {"technical"}}),
		},
		"Add documents to a library of their own": {
			rest(202, "POST", fixed("/library/api/ingest/"), aDocument(private)), upload(private), command(private),
		},
		"Mark what answers a question in a library of their own": {
			form(303, judging(private), aMark()), form(303, at(private, "/libraries/%s/quality/drop/"), url.Values{"question": {"none"}}),
		},
		"Mark what answers a question in a global library": {
			form(303, judging(global), aMark()), form(303, at(global, "/libraries/%s/quality/drop/"), url.Values{"question": {"none"}}),
			form(303, at(global, "/libraries/%s/quality/measure/"), url.Values{}),
		},
		"Retry and cancel jobs of a library of their own": {
			rest(202, "POST", jobOf(private, "/library/api/jobs/%s/cancel/"), nil),
			rest(409, "POST", jobOf(private, "/library/api/jobs/%s/retry/"), nil), // it is done
			form(303, jobOf(private, "/jobs/%s/cancel/"), url.Values{}),
		},
		"Make teams": {
			rest(201, "POST", fixed(teamsPath), func(*world) any { return map[string]any{"id": uuid.NewString(), "name": "New"} }),
			form(201, fixed("/teams/add/"), url.Values{"id": {""}, "name": {"New"}}),
		},
		"Add documents to a global library": {
			rest(202, "POST", fixed("/library/api/ingest/"), aDocument(global)), upload(global), command(global),
		},
		"Change and delete others’ documents in a global library": {
			rest(200, "PATCH", itemOf(global, "/library/api/items/%s/"), func(*world) any { return map[string]any{"title": "Changed"} }),
			rest(204, "DELETE", func(w *world, _ string) string {
				return "/library/api/items/" + w.plant(global, "", extent{library: true, documents: true}).item + "/"
			}, nil),
		},
		"Change the settings and members of a global library": {
			rest(200, "PATCH", at(global, librariesPath+"%s/"), func(*world) any { return map[string]any{"description": "Changed."} }),
			rest(200, "PUT", at(global, librariesPath+"%s/members/"+reader+"/"), func(*world) any { return map[string]any{"role": "reader"} }),
		},
		"Make a library global": {
			rest(201, "POST", fixed(librariesPath), func(*world) any { return map[string]any{"name": "New", "global": true} }),
		},
		"Delete a global library": {
			rest(204, "DELETE", func(w *world, _ string) string {
				return librariesPath + w.plant(global, "", extent{library: true}).library + "/"
			}, nil),
		},
		"See the administration": {visit(fixed("/admin/")), visit(fixed("/admin/users/")), visit(fixed("/admin/keys/"))},
		"Make and change people’s accounts": {
			form(303, account(reader, "email/"), url.Values{"email": {"new@example.org"}}), form(303, account(reader, "groups/"), url.Values{"groups": {"Staff"}}),
			form(200, account(manager, "password/"), url.Values{}),
			form(303, fixed("/admin/users/add/"), url.Values{"username": {"u" + uuid.NewString()[:8]}, "password": {"none"}}),
		},
		"Change a superuser’s account": {
			form(303, account(superReader, "email/"), url.Values{"email": {"new@example.org"}}), form(200, account(superReader, "password/"), url.Values{}),
			form(303, account(superReader, "groups/"), url.Values{}), form(303, account(superReader, "sign-out/"), url.Values{}),
		},
		"Make somebody a superuser": {
			form(303, account(coOwner, "superuser/give/"), url.Values{}),
			form(303, fixed("/admin/users/add/"), url.Values{"username": {"s" + uuid.NewString()[:8]}, "password": {"none"}, "superuser": {"yes"}}),
		},
		"Make and retire the keys that sign team JWTs": {
			form(303, fixed("/admin/keys/"), url.Values{"kid": {uuid.NewString()}}), form(303, spareKey, url.Values{}),
		},
		"Read others’ private libraries and workspaces": {
			rest(200, "GET", itemOf(workspace, "/library/api/items/%s/"), nil), rest(200, "GET", at(workspace, "/library/api/items/?library_uid=%s"), nil),
			tooled("list_items", workspace), tooled("search", workspace), visit(at(workspace, "/libraries/%s/")),
		},
	}
}

// pathFor is where to, for somebody.
type pathFor func(w *world, person string) string

func fixed(path string) pathFor { return func(*world, string) string { return path } }

func at(c class, format string) pathFor {
	return func(w *world, _ string) string { return fmt.Sprintf(format, w.places[c].library) }
}

func itemOf(c class, format string) pathFor {
	return func(w *world, _ string) string { return fmt.Sprintf(format, w.places[c].item) }
}

func jobOf(c class, format string) pathFor {
	return func(w *world, _ string) string { return fmt.Sprintf(format, w.places[c].job) }
}

func judging(c class) pathFor {
	return func(w *world, _ string) string {
		return "/libraries/" + w.places[c].library + "/items/" + w.places[c].item + "/judge/"
	}
}

func aMark() url.Values {
	return url.Values{"question": {common}, "start": {"0"}, "end": {"5"}, "grade": {"0"}, "back": {"/search/?q=" + common}}
}

func account(of, what string) pathFor {
	return func(w *world, _ string) string { return "/admin/users/" + w.ids[of] + "/" + what }
}

// spareKey makes a signing key and says where it is retired.
func spareKey(w *world, _ string) string {
	w.t.Helper()
	made, err := w.core.Keys.Seed(w.t.Context(), accounts.Operator(), "", false)
	must(w.t, err)
	return "/admin/keys/" + made.Kid + "/retire/"
}

func anotherSession(w *world, person string) string {
	w.t.Helper()
	cookie, err := w.core.Accounts.StartSession(w.t.Context(), accounts.Client{}, w.ids[person])
	must(w.t, err)
	s, err := w.core.Accounts.Session(w.t.Context(), cookie)
	must(w.t, err)
	return "/profile/settings/sessions/" + s.Credential.ID + "/end/"
}

func aDocument(c class) func(w *world) any {
	return func(w *world) any {
		return map[string]any{"library_uid": w.places[c].library, "text": "New: " + uuid.NewString()}
	}
}

// let tells whether an answer lets something through; ok is the status of that.
func let(t *testing.T, person, what string, a answer, ok int) bool {
	t.Helper()
	if a.status == ok {
		return true
	}
	if a.status != http.StatusForbidden && a.status != http.StatusNotFound {
		t.Errorf("%s as %s: %d %.300q", what, person, a.status, a.body)
	}
	return false
}

func rest(ok int, method string, path pathFor, body func(w *world) any) attempt {
	return attempt{"REST", func(t *testing.T, w *world, person string) bool {
		t.Helper()
		r := request{method: method, path: path(w, person), headers: w.who[person].headers()}
		if body != nil {
			r.body = body(w)
		}
		return let(t, person, method+" "+r.path, w.ask(r), ok)
	}}
}

// tooled calls an MCP tool on the library of a class.
func tooled(name string, c class) attempt {
	return attempt{"MCP", func(t *testing.T, w *world, person string) bool {
		t.Helper()
		arguments := map[string]any{"library": w.places[c].library}
		if name == "search" {
			arguments = map[string]any{"query": common, "libraries": []string{w.places[c].library}}
		}
		return succeeded(w.call(w.who[person], name, arguments))
	}}
}

// browserOf is a session of somebody, with the token that its forms need.
func (w *world) browserOf(person string) (headers map[string]string, token string) {
	w.t.Helper()
	cookie, err := w.core.Accounts.StartSession(w.t.Context(), accounts.Client{}, w.ids[person])
	must(w.t, err)
	headers = identity{cookie: cookie}.headers()
	headers["Accept"] = "text/html"
	settings := w.ask(request{method: "GET", path: "/profile/settings/", headers: headers})
	m := regexp.MustCompile(`name="csrf_token" value="([^"]+)"`).FindStringSubmatch(settings.body)
	if m == nil {
		w.t.Fatalf("the settings of %s have no form: %s", person, settings)
	}
	return headers, m[1]
}

func visit(path pathFor) attempt {
	return attempt{"pages", func(t *testing.T, w *world, person string) bool {
		t.Helper()
		headers, _ := w.browserOf(person)
		r := request{method: "GET", path: path(w, person), headers: headers}
		return let(t, person, r.path, w.ask(r), http.StatusOK)
	}}
}

func form(ok int, path pathFor, values url.Values) attempt {
	return attempt{"pages", func(t *testing.T, w *world, person string) bool {
		t.Helper()
		headers, token := w.browserOf(person)
		sent := url.Values{"csrf_token": {token}}
		maps.Copy(sent, values)
		if name := sent.Get("username"); name != "" {
			sent.Set("username", name+person)
		}
		if sent.Has("id") {
			sent.Set("id", uuid.NewString())
		}
		r := request{method: "POST", path: path(w, person), headers: headers, body: sent.Encode(), contentType: "application/x-www-form-urlencoded"}
		return let(t, person, r.path, w.ask(r), ok)
	}}
}

func upload(c class) attempt {
	return attempt{"pages", func(t *testing.T, w *world, person string) bool {
		t.Helper()
		headers, token := w.browserOf(person)
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		must(t, form.WriteField("csrf_token", token))
		file, err := form.CreateFormFile("file", uuid.NewString()+".md")
		must(t, err)
		_, err = file.Write([]byte("New: " + uuid.NewString()))
		must(t, err)
		must(t, form.Close())
		r := request{method: "POST", path: "/libraries/" + w.places[c].library + "/upload/", headers: headers, body: body.String(), contentType: form.FormDataContentType()}
		return let(t, person, r.path, w.ask(r), http.StatusSeeOther)
	}}
}

// command asks as `mnemosyne ingest --user` does before it sends a file.
func command(c class) attempt {
	return attempt{"command", func(t *testing.T, w *world, person string) bool {
		t.Helper()
		by, err := w.core.Actor(t.Context(), person)
		must(t, err)
		_, _, err = w.core.Access.Write(t.Context(), by.Principal, w.places[c].library)
		return err == nil
	}}
}

// permissions reads the table of groups: the columns, and for each row its
// cells.
func permissions(t *testing.T) (columns []string, rows map[string][]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "permissions.md"))
	must(t, err)
	rows = map[string][]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case strings.HasPrefix(line, "| | View Only"):
			columns = cells[1:]
		case columns == nil, strings.HasPrefix(line, "|---"):
		case !strings.HasPrefix(line, "|"):
			return columns, rows
		default:
			rows[cells[0]] = cells[1:]
		}
	}
	return columns, rows
}

func TestThePageOfPermissionsSaysWhatEachSurfaceDoes(t *testing.T) {
	t.Parallel()
	h := open(t, "sqlite")
	w := newWorld(h)
	for _, person := range []string{stranger, expert, administrator, superuser} {
		w.exec(`INSERT INTO library_membership (library_uid, user_id, role, created_at) VALUES ($1, $2, 'owner', $3)`,
			w.places[private].library, w.ids[person], sqldb.At(time.Now()))
	}
	columns, rows := permissions(t)
	tries := attempts()
	for name := range tries {
		if rows[name] == nil {
			t.Errorf("docs/permissions.md has no row %q", name)
		}
	}
	if len(columns) != len(columnsOfPermissions()) {
		t.Fatalf("the table has the columns %q", columns)
	}
	for name, cells := range rows {
		if len(tries[name]) == 0 {
			t.Errorf("nothing tries the row %q: add it to attempts", name)
		}
		for i, column := range columns {
			person, known := columnsOfPermissions()[column]
			if !known || !slices.Contains([]string{"yes", "no"}, cells[i]) {
				t.Errorf("%q, %q: %q is neither yes nor no for anybody known", name, column, cells[i])
			}
			for _, try := range tries[name] {
				if done := try.do(t, w, person); done != (cells[i] == "yes") {
					t.Errorf("%q, %s, through %s: done is %v, the page says %s", name, column, try.surface, done, cells[i])
				}
			}
		}
	}
}
