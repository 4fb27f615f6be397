package dashboard_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/admin"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

func TestTheAdministrationIsNotThereForThoseWhoDoNotAdminister(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	b := w.SignedIn(w.User("ann"))
	missing := b.Get("/nothing/").Want(http.StatusNotFound)
	csrf := dashboardtest.Attr(b.Get("/libraries/add/").One(`main input[name=csrf_token]`), "value")
	for _, rt := range w.Routes {
		if !strings.HasPrefix(rt.Path, "/admin/") {
			continue
		}
		path := strings.NewReplacer("{id}", "x", "{uid}", "x").Replace(rt.Path)
		got := b.Get(path)
		if rt.Method == http.MethodPost {
			got = b.Post(path, url.Values{"csrf_token": {csrf}})
		}
		if got.Status != http.StatusNotFound || got.Text("main") != missing.Text("main") || got.Text("title") != missing.Text("title") {
			t.Errorf("%s %s answers %d: %s", rt.Method, rt.Path, got.Status, got.Text("main"))
		}
	}
}

func TestAnAdministratorRevokesAnybodysToken(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	plaintext, token, err := w.Tokens.Create(t.Context(), accounts.Operator(), ann.UserID, mcpserver.TokenSpec{Name: "Laptop"})
	dashboardtest.Check(t, err)
	b := w.SignedIn(grouped(t, w, "root", accounts.GroupAdmin))
	list := b.Get("/admin/tokens/?user=ANN&state=active").Want(http.StatusOK).Says("tbody", "Laptop").Says("tbody", token.Masked).Says("tbody", "ann")
	if strings.Contains(list.Body, plaintext) {
		t.Error("the page shows the plaintext")
	}
	if got := w.Bearer(plaintext); got != http.StatusOK {
		t.Fatalf("the token answers %d", got)
	}
	at := "/admin/tokens/" + token.ID + "/revoke/"
	b.Follow(b.Submit(b.Get(at).Want(http.StatusOK), action(at), nil)).Says(".notice", "Laptop").Says("tbody", "revoked")
	if got := w.Bearer(plaintext); got != http.StatusUnauthorized {
		t.Errorf("the revoked token answers %d", got)
	}
	b.Get("/admin/tokens/?state=active").Says("main", "No such token")
	b.Get("/admin/tokens/?state=nonsense").Want(http.StatusBadRequest)
	b.Get("/admin/tokens/?after=nonsense").Want(http.StatusBadRequest)
	b.Get("/admin/tokens/x/revoke/").Want(http.StatusNotFound)
	b.Get("/admin/audit/?event=token_revoke").Says("tbody", "root").Says("tbody", "Laptop")
}

func TestListsOfEverybodysThingsComeInPages(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	for range 60 {
		_, _, err := w.Tokens.Create(t.Context(), accounts.Operator(), ann.UserID, mcpserver.TokenSpec{Name: "T"})
		dashboardtest.Check(t, err)
		w.Library(ann, "L")
	}
	b := w.SignedIn(grouped(t, w, "root", "superuser"))
	for _, path := range []string{"/admin/tokens/?user=ann", "/admin/libraries/?user=ann", "/admin/audit/?text=t"} {
		first := b.Get(path).Want(http.StatusOK)
		next := dashboardtest.Attr(first.One(".more a"), "href")
		second := b.Get(next).Want(http.StatusOK)
		if n, m := len(first.All("tbody tr")), len(second.All("tbody tr")); n != 50 || m < 10 {
			t.Errorf("%s has pages of %d and %d", path, n, m)
		}
		b.Get(strings.Replace(next, "=ann", "=bob", 1) + "&event=x").Want(http.StatusBadRequest) // of another filter
	}
}

func TestAnAdministratorSeesALibraryByNameAndOwnerAlone(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	g, err := w.Libraries.Create(t.Context(), ann, library.NewLibrary{Name: "Letters", Description: "What nobody may know"})
	dashboardtest.Check(t, err)
	w.Submit(ann, g.Library.UID, "secret-title.md", "# Hush")
	b := w.SignedIn(grouped(t, w, "root", "superuser"))
	at := "/admin/libraries/" + g.Library.UID + "/"
	for _, path := range []string{"/admin/libraries/", at, "/admin/", "/admin/health/"} {
		p := b.Get(path).Want(http.StatusOK)
		for _, secret := range []string{"nobody may know", "secret-title", "Hush"} {
			if strings.Contains(p.Body, secret) {
				t.Errorf("%s shows %q", path, secret)
			}
		}
	}
	b.Get("/libraries/" + g.Library.UID + "/").Want(http.StatusNotFound)
	form := b.Get(at).Says("h1", "Letters").Says("main", "ann")
	b.Submit(form, action(at+"rename/"), url.Values{"name": {"  "}}).Want(http.StatusBadRequest).Says("#name-fault", "blank")
	b.Follow(b.Submit(form, action(at+"rename/"), url.Values{"name": {canary}})).Says("h1", canary).Says(".notice", canary)
	wrong := b.Submit(b.Get(at), action(at+"delete/"), url.Values{"confirm": {"Letters"}}).Want(http.StatusBadRequest)
	wrong.Says("#confirm-fault", "Nothing was deleted")
	b.Follow(b.Submit(wrong, action(at+"delete/"), url.Values{"confirm": {canary}})).Says(".notice", "is deleted")
	b.Get(at).Want(http.StatusNotFound)
	w.SignedIn(ann).Get("/libraries/" + g.Library.UID + "/").Want(http.StatusNotFound)
	b.Get("/admin/audit/?event=library_").Says("tbody", "by administrator yes").Says("tbody", "former name Letters")
}

func TestAnAdministratorDeactivatesATeamAndKeepsTheLastKey(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	team := aTeam(t, w, ann, "Kottos")
	keys, err := w.Keys.List(t.Context())
	dashboardtest.Check(t, err)
	first := "/admin/keys/" + keys[0].Kid + "/retire/"
	b := w.SignedIn(grouped(t, w, "root", "superuser"))
	b.Get("/admin/keys/").Says("tbody", keys[0].Kid).Says("tbody", "1")
	if forms := b.Get(first).Says("main", "last active key").All(action(first)); len(forms) != 0 {
		t.Error("the last key can be retired")
	}
	b.Submit(b.Get("/admin/keys/"), `main form[method=post]`, url.Values{"kid": {"not a kid"}}).Want(http.StatusBadRequest).Says("#kid-fault", "kid")
	made := b.Follow(b.Submit(b.Get("/admin/keys/"), `main form[method=post]`, url.Values{"kid": {"second"}})).Says(".notice", "second")
	if len(made.All("[data-key]")) != 2 {
		t.Errorf("there are %d keys", len(made.All("[data-key]")))
	}
	b.Submit(made, `main form[method=post]`, url.Values{"kid": {"second"}}).Want(http.StatusBadRequest).Says("#kid-fault", "already")
	ask := b.Get(first).Want(http.StatusOK).Says("main", "1 team stops working").Says("main", "Kottos of ann")
	b.Follow(b.Submit(ask, action(first), nil)).Says(".notice", "is retired")
	b.Get("/admin/").Says("main", "1 active team holds a JWT of a key that is retired")
	b.Get(first).Want(http.StatusNotFound)
	b.Follow(b.Submit(ask, action(first), nil)).Want(http.StatusOK) // again
	at := "/admin/teams/" + team.ID + "/deactivate/"
	b.Follow(b.Submit(b.Get(at), action(at), nil)).Says(".notice", "inactive").Says("tbody", "inactive")
	w.SignedIn(ann).Get("/teams/"+team.ID+"/").Says("main", "inactive")
}

func TestTheAuditTrailIsAFileThatASpreadsheetTakesForText(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	trail := accounts.NewAudit(w.DB, slog.New(slog.DiscardHandler), nil)
	for _, name := range []string{`=HYPERLINK("http://x")`, "+1", "@x"} {
		dashboardtest.Check(t, trail.Record(t.Context(), accounts.Event{
			Name: "probe", Outcome: name, Actor: accounts.Actor{Principal: accounts.Principal{Username: "eve"}},
			Detail: []slog.Attr{slog.String("note", canary)},
		}))
	}
	b := w.SignedIn(grouped(t, w, "root", "superuser"))
	list := b.Get("/admin/audit/?event=probe&user=eve").Want(http.StatusOK).Says("tbody", canary)
	links := list.All("a[download]")
	if len(links) != 2 {
		t.Fatalf("%d files are offered", len(links))
	}
	file := b.Get(dashboardtest.Attr(links[0], "href")).Want(http.StatusOK)
	if !strings.HasPrefix(file.Header.Get("Content-Type"), "text/csv") || !strings.Contains(file.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the file is %v", file.Header)
	}
	rows, err := csv.NewReader(strings.NewReader(file.Body)).ReadAll()
	if err != nil || len(rows) != 4 || rows[3][2] != `'=HYPERLINK("http://x")` || rows[1][2] != "'@x" {
		t.Errorf("the rows are %q, %v", rows, err)
	}
	lines := strings.Split(strings.TrimSpace(b.Get(dashboardtest.Attr(links[1], "href")).Want(http.StatusOK).Body), "\n")
	var e struct {
		Event, Outcome, Username string
		Detail                   map[string]string
	}
	if len(lines) != 3 || json.Unmarshal([]byte(lines[0]), &e) != nil || e.Outcome != "@x" || e.Username != "eve" || e.Detail["note"] != canary {
		t.Errorf("the lines are %q", lines)
	}
	b.Get("/admin/audit/?format=xml").Want(http.StatusBadRequest)
	b.Get("/admin/audit/?since=yesterday").Want(http.StatusBadRequest).Says("#since-fault", "2026-05-01T12:00")
	b.Get("/admin/audit/?until=2020-01-01").Says("main", "No such event")
}

func TestWhatAilsIsOnTheOverviewAndSaidInHealth(t *testing.T) {
	t.Parallel()
	ailing := func(context.Context) admin.Health {
		return admin.Health{
			Parts: []admin.Part{
				{Name: "database", Engine: "SQLite", OK: true},
				{Name: "queue", Engine: "RabbitMQ", Where: "oberon:5672/m", Mend: "RabbitMQ takes no messages: " + canary},
			},
			Queues:   []admin.Queue{{Name: "celery", Depth: 7}},
			Workers:  []admin.Worker{{Host: "puck", PID: 7, Problem: "no broker", Fresh: true}, {Host: "robin", PID: 8}},
			Warnings: []admin.Warning{{Text: "MCP is open."}},
		}
	}
	w := dashboardtest.New(t, func(o *dashboardtest.Options) { o.Admin.Health.Check, o.Admin.Health.Glance = ailing, ailing })
	b := w.SignedIn(grouped(t, w, "root", "superuser"))
	b.Get("/admin/").Want(http.StatusOK).Says("main", "Not every part is well").Says("main", canary).
		Says("main", "MCP is open.").Says("main", "No signing key is active")
	b.Get("/admin/health/").Want(http.StatusOK).Says(`[data-part=queue]`, "failed").Says(`[data-part=queue]`, canary).
		Says(`[data-part=database]`, "ok").Says("main", "celery").Says("main", "no broker").Says("main", "silent")
	residue := b.Get("/admin/health/residue/").Want(http.StatusOK).Says("main", "Nobody has looked")
	b.Follow(b.Submit(residue, "main form", nil).Want(http.StatusSeeOther)).Says("main", "Nothing is left").Says("tbody", "objects")
}

func TestSigningKeysAreSeenByAdminAndChangedBySuperusers(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	for _, kid := range []string{"k1", "k2"} {
		_, err := w.Keys.Seed(t.Context(), accounts.Operator(), kid, false)
		dashboardtest.Check(t, err)
	}
	b := w.SignedIn(grouped(t, w, "admin", "Admin"))
	p := b.Get("/admin/keys/").Says("tbody", "k1").Says("main", "Superusers make and retire keys")
	if len(p.All("main form, .dangerous")) != 0 {
		t.Error("Admin is offered what is refused")
	}
	b.Post("/admin/keys/", withToken(p, url.Values{"kid": {"k3"}})).Want(http.StatusForbidden)
	b.Get("/admin/keys/k1/retire/").Want(http.StatusForbidden)
	b.Post("/admin/keys/k1/retire/", withToken(p, url.Values{})).Want(http.StatusForbidden)
	keys, err := w.Keys.List(t.Context())
	dashboardtest.Check(t, err)
	if len(keys) != 2 || !keys[0].Active || !keys[1].Active {
		t.Errorf("the keys are %+v", keys)
	}
}
