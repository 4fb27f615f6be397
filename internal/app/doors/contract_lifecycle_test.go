package doors_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

// libraries are the names of the libraries that a bearer sees over MCP.
func (w *world) librariesOf(bearer string) string {
	w.t.Helper()
	a := w.call(bearing(bearer), "list_libraries", map[string]any{})
	if !succeeded(a) {
		w.t.Fatalf("list_libraries: %s", a)
	}
	return a.body
}

func (w *world) workspaceOf(person, id, name string) {
	w.t.Helper()
	w.insist(201, w.who[person], "POST", workspacesPath, map[string]any{"workspace_id": id, "name": name})
}

func TestSection7TheLifeOfATeam(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := inhabited(h)
		me, other, id := w.who[owner], w.who[stranger], uuid.NewString()
		path, body := teamsPath+id+"/", map[string]any{"id": id, "name": "Kottos"}
		const conflict = `{"detail":"Team id is already in use."}`

		made := w.insist(201, me, "POST", teamsPath, body)
		if made.text(h.t, "id") != id || made.text(h.t, "name") != "Kottos" {
			h.t.Errorf("§7.1 201: %s", made)
		}
		first := made.text(h.t, "jwt")
		if a := w.insist(200, me, "POST", teamsPath, map[string]any{"id": id, "name": "Another name"}); a.body != `{"id":"`+id+`","name":"Kottos"}` {
			h.t.Errorf("§7.1 200 has no new JWT: %s", a)
		}
		w.works("§7.1 the JWT after a repeated POST", first)
		for _, again := range []request{{method: "POST", path: teamsPath, body: body}, {method: "POST", path: path + "rotate/"}} {
			if a := w.insist(409, other, again.method, again.path, again.body); a.body != conflict {
				h.t.Errorf("§7.1, §7.4 409: %s", a)
			}
		}

		if a := w.insist(200, me, "PUT", path+"workspaces/", map[string]any{"workspace_ids": []string{"ws_abc", "ws_def"}}); a.body != `{"id":"`+id+`","workspace_ids":["ws_abc","ws_def"]}` {
			h.t.Errorf("§7.3: %s", a)
		}
		w.insist(200, me, "PUT", path+"workspaces/", map[string]any{"workspace_ids": []string{"ws_abc", "ws_def"}})
		detail := w.insist(200, me, "GET", path, nil)
		if strings.Contains(detail.body, "jwt") || !strings.Contains(detail.body, `"workspace_ids":["ws_abc","ws_def"]`) || detail.field(h.t, "active") != true {
			h.t.Errorf("§7.5: %s", detail)
		}

		second := w.insist(200, me, "POST", path+"rotate/", nil).text(h.t, "jwt")
		w.refusedWith("§7.4", "the JWT before a rotation", "Bearer "+first, "")
		w.works("§7.4 the JWT after a rotation", second)

		w.insist(204, me, "DELETE", path, nil)
		w.refusedWith("§7.2", "the JWT of a deleted team", "Bearer "+second, "inactive")
		w.insist(204, me, "DELETE", path, nil)
		w.insist(404, other, "DELETE", path, nil)
		if a := w.insist(200, me, "GET", path, nil); a.field(h.t, "active") != false {
			h.t.Errorf("§7.2 a deleted team: %s", a)
		}
		w.insist(409, me, "POST", path+"rotate/", nil)
		w.insist(409, me, "PUT", path+"workspaces/", map[string]any{"workspace_ids": []string{}})

		third := w.insist(201, me, "POST", teamsPath, body).text(h.t, "jwt")
		w.works("§7.4 an explicit recreate", third)
		w.refusedWith("§7.4", "a JWT from before the recreate", "Bearer "+second, "")
		if a := w.insist(200, me, "GET", path, nil); !strings.Contains(a.body, `"workspace_ids":[]`) {
			h.t.Errorf("§7.4 a recreated team has workspaces: %s", a)
		}
	})
}

func TestSection143RotatingATeamThatWasNeverSeen(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := inhabited(h)
		me, id := w.who[owner], uuid.NewString()
		made := w.insist(200, me, "POST", teamsPath+id+"/rotate/", nil)
		first := made.text(h.t, "jwt")
		if made.text(h.t, "name") != id {
			h.t.Errorf("§7.4 the name of an upserted team: %s", made)
		}
		second := w.insist(200, me, "POST", teamsPath+id+"/rotate/", nil).text(h.t, "jwt")
		if claimsOf(h.t, first)["jti"] == claimsOf(h.t, second)["jti"] {
			h.t.Error("§14.3 the second rotate has the same jti")
		}
		w.refusedWith("§14.3", "the first JWT", "Bearer "+first, "")
		w.works("§14.3 the second JWT", second)
		w.insist(409, w.who[stranger], "POST", teamsPath+id+"/rotate/", nil)
		w.insist(200, me, "GET", teamsPath+id+"/", nil)
	})
}

func TestSection132EachLeverStopsTheNextRequest(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := inhabited(h)
		w.workspaceOf(owner, "ws_1", "Harbour")
		paused, deleted, rotated, nuked := w.newTeam(owner, "ws_1"), w.newTeam(owner, "ws_1"), w.newTeam(owner, "ws_1"), w.newTeam(owner, "ws_1")
		for _, of := range []team{paused, deleted, rotated, nuked} {
			if !strings.Contains(w.librariesOf(of.jwt), "Harbour") {
				h.t.Fatal("a team does not see its workspace")
			}
		}
		w.attach(owner, paused.id)
		if strings.Contains(w.librariesOf(paused.jwt), "Harbour") {
			h.t.Error("§13.2 PUT []: the team still sees its workspace")
		}
		w.attach(owner, paused.id, "ws_1")
		if !strings.Contains(w.librariesOf(paused.jwt), "Harbour") {
			h.t.Error("§13.2 PUT back: the same JWT does not see the workspace again")
		}
		w.insist(204, w.who[owner], "DELETE", teamsPath+deleted.id+"/", nil)
		w.refusedWith("§13.2", "DELETE of a team", "Bearer "+deleted.jwt, "inactive")
		w.insist(200, w.who[owner], "POST", teamsPath+rotated.id+"/rotate/", nil)
		w.refusedWith("§13.2", "a rotated team", "Bearer "+rotated.jwt, "")

		token, id := w.mint(owner, mcpserver.TokenSpec{AllowedLibraries: []string{"*"}})
		w.works("a UserToken", token)
		w.insist(200, bearing(token), "GET", mePath, nil)
		must(h.t, w.core.Tokens.Revoke(h.t.Context(), accounts.Operator(), w.ids[owner], id))
		w.refusedWith("§13.2", "a revoked UserToken", "Bearer "+token, "revoked")

		if _, err := w.core.Keys.Seed(h.t.Context(), accounts.Operator(), "next", true); err != nil {
			h.t.Fatal(err)
		}
		for _, of := range []team{paused, nuked} {
			w.refusedWith("§13.2", "the nuclear option", "Bearer "+of.jwt, "")
		}
		w.works("§13.2 a JWT of the new key", w.insist(200, w.who[owner], "POST", teamsPath+nuked.id+"/rotate/", nil).text(h.t, "jwt"))
		w.works("§13.2 UserTokens after the nuclear option", w.who[owner].bearer)
	})
}

func TestSection143SearchIsScopedToTheBearer(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := newWorld(h)
		one, two := w.places[private], w.places[workspace]
		of := w.newTeam(owner, two.workspace, w.places[elsewhere].workspace)
		search := func(bearer string) string {
			a := w.call(bearing(bearer), "search", map[string]any{"query": common, "limit": 50})
			if !succeeded(a) {
				h.t.Fatalf("search: %s", a)
			}
			return a.body
		}
		for _, row := range []struct {
			what, bearer string
			finds        []place
			misses       []place
		}{
			{"a UserToken of one library", w.token(owner, one.library), []place{one}, []place{two, w.places[global], w.places[elsewhere]}},
			{"a UserToken of a foreign library", w.token(owner, w.places[elsewhere].library), nil, []place{one, two, w.places[global], w.places[elsewhere]}},
			{"a UserToken of none", w.token(owner), nil, []place{one, two, w.places[global], w.places[elsewhere]}},
			{"a team", of.jwt, []place{two}, []place{one, w.places[global], w.places[elsewhere]}},
		} {
			found := search(row.bearer)
			for _, p := range row.finds {
				if !strings.Contains(found, p.canary) {
					h.t.Errorf("§14.3 %s does not find what is in the %s", row.what, p.class)
				}
			}
			for _, p := range row.misses {
				if strings.Contains(found, p.canary) {
					h.t.Errorf("§14.3 %s finds what is in the %s", row.what, p.class)
				}
			}
		}
		who := w.call(bearing(of.jwt), "whoami", map[string]any{})
		if !strings.Contains(who.body, `"username":"`+owner+`"`) || !strings.Contains(who.body, `"kind":"team"`) {
			h.t.Errorf("§5.1 a team acts as its owner: %s", who)
		}
	})
}

func TestSection143IngestIsTheOwnersAlone(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := newWorld(h)
		p, other := w.places[workspace], w.who[stranger]
		into := map[string]any{"workspace_id": p.workspace, "text": "Mine now."}
		none := map[string]any{"workspace_id": "ws_none", "text": "Mine now."}
		foreign, missing := w.insist(404, other, "POST", "/library/api/ingest/", into), w.insist(404, other, "POST", "/library/api/ingest/", none)
		if !same(foreign, missing) || foreign.body != `{"detail":"Workspace is not registered."}` {
			h.t.Errorf("§7.6 ingest: %s, into a missing workspace %s", foreign, missing)
		}
		w.insist(404, other, "GET", "/library/api/jobs/"+p.job+"/", nil)
		w.insist(404, other, "POST", "/library/api/jobs/"+p.job+"/retry/", nil)
		w.insist(404, other, "POST", "/library/api/jobs/"+p.job+"/cancel/", nil)
		for _, query := range []string{"library_uid=" + p.library, "workspace_id=" + p.workspace} {
			if a := w.insist(200, other, "GET", "/library/api/jobs/?"+query, nil); a.body != "[]" {
				h.t.Errorf("§7.6 a foreign list: %s", a)
			}
		}
	})
}

func TestSection14TheChallengeAndTheAnswerToAValidBearer(t *testing.T) {
	t.Parallel()
	w := inhabited(open(t, "sqlite"))
	for _, path := range []string{mePath, "/library/api/jobs/", teamsPath, workspacesPath} {
		a := w.ask(request{method: "GET", path: path})
		if a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("§14.3 GET %s without a bearer: %s", path, a)
		}
	}
	token, _ := w.mint(owner, mcpserver.TokenSpec{})
	me := w.insist(200, bearing(token), "GET", mePath, nil)
	shown, _ := me.field(t, "token").(map[string]any)
	if masked, _ := shown["masked"].(string); !strings.HasPrefix(masked, "tok_…") || strings.Contains(me.body, token) || me.text(t, "username") != owner {
		t.Errorf("§14.1 me: %s", me)
	}
	a := w.insist(401, bearing(w.newTeam(owner).jwt), "GET", mePath, nil)
	if a.header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("§3.2 a team JWT on REST: %s", a)
	}
}

func TestSection134EachRequestIsAttributedToAPerson(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := inhabited(h)
		id := uuid.NewString()
		body := map[string]any{"id": id, "name": "Kottos"}
		w.insist(201, w.who[owner], "POST", teamsPath, body)
		w.insist(200, w.who[owner], "POST", teamsPath, body)
		w.insist(409, w.who[stranger], "POST", teamsPath, body)
		w.insist(200, w.who[owner], "POST", teamsPath+id+"/rotate/", nil)
		w.insist(200, w.who[owner], "POST", teamsPath+uuid.NewString()+"/rotate/", nil)
		w.insist(204, w.who[owner], "DELETE", teamsPath+id+"/", nil)
		var told []string
		for e, err := range w.core.Audit.List(h.t.Context(), accounts.AuditFilter{}) {
			must(h.t, err)
			if strings.HasPrefix(e.Event, "team_") {
				told = append(told, e.Username+" "+e.Event+" "+e.Outcome)
				if !strings.HasPrefix(e.Credential, "tok_…") || e.RequestID == "" || e.Address == "" {
					h.t.Errorf("§13.4 %s %s by %q from %q, request %q", e.Event, e.Outcome, e.Credential, e.Address, e.RequestID)
				}
			}
		}
		want := []string{"owner team_create created", "owner team_create idempotent_hit", "stranger team_create owner_conflict"}
		for i, line := range want {
			if i >= len(told) || told[i] != line {
				h.t.Errorf("§13.4 the audit trail is %q, want first %q", told, want)
				break
			}
		}
		if all := strings.Join(told, "; "); !strings.Contains(all, "team_rotate upserted_missing") || !strings.Contains(all, "owner team_delete") || len(told) != 6 {
			h.t.Errorf("§13.4 the audit trail is %q", told)
		}
	})
}
