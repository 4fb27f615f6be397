package dashboard_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

const addForm = `form[action="/profile/tokens/add/"]`

func (w *world) onlyToken(p accounts.Principal) mcpserver.UserToken {
	w.t.Helper()
	tokens, err := w.tokens.List(w.t.Context(), p.UserID)
	check(w.t, err)
	if len(tokens) != 1 {
		w.t.Fatalf("there are %d tokens, want one", len(tokens))
	}
	return tokens[0]
}

func TestATokenIsShownOnceAndWorks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	b := w.signedIn(ann)
	created := b.submit(b.get("/profile/tokens/add/"), addForm, url.Values{"name": {"Laptop"}}).want(http.StatusCreated)
	plaintext := created.text("#plaintext")
	if w.bearer(plaintext) != http.StatusOK {
		t.Errorf("the token %q is not accepted", plaintext)
	}
	if created.header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control is %q", created.header.Get("Cache-Control"))
	}
	for _, entry := range []struct{ selector, part string }{
		{"#claude-desktop", `"AUTH_HEADER": "Bearer ` + plaintext + `"`},
		{"#claude-desktop", `"--header", "Authorization:${AUTH_HEADER}"`},
		{"#cline", `"type": "streamableHttp", "url": "` + w.url + `/mcp/"`},
		{"#generic", `"Authorization": "Bearer ` + plaintext + `"`},
		{"#curl", "curl -H 'Authorization: Bearer " + plaintext + "' '" + w.url + "/library/api/me/'"},
	} {
		created.says(entry.selector, entry.part)
	}
	list := b.get("/profile/tokens/").want(http.StatusOK)
	if strings.Contains(list.body, plaintext) {
		t.Error("the list shows the plaintext")
	}
	token := w.onlyToken(ann)
	list.says("tbody", "Laptop").says("tbody", token.Masked).says("tbody", "active").says("tbody", "All that you may read")
	if !slices.Equal(token.AllowedLibraries, []string{accounts.AllLibraries}) || len(token.AllowedTools) != 0 || token.ExpiresAt != nil {
		t.Errorf("the token is %+v", token)
	}
}

func TestARestrictedTokenReachesWhatItsFormSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	one := w.library(ann, "One")
	w.library(ann, "Two")
	b := w.signedIn(ann)
	b.submit(b.get("/profile/tokens/add/"), addForm, url.Values{
		"name": {"Narrow"}, "reach": {"some"}, "allowed_libraries": {one}, "allowed_tools": {"search"}, "expires_on": {"2099-12-31"},
	}).want(http.StatusCreated)
	token := w.onlyToken(ann)
	end := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	if !slices.Equal(token.AllowedLibraries, []string{one}) || !slices.Equal(token.AllowedTools, []string{"search"}) || !token.ExpiresAt.Equal(end) {
		t.Errorf("the token is %+v", token)
	}
	b.get("/profile/tokens/").says(`td[data-label="MCP libraries"]`, "One").says(`td[data-label="MCP tools"]`, "search")
	edit := b.get("/profile/tokens/" + token.ID + "/edit/").want(http.StatusOK)
	if got := attr(edit.one("#expires_on"), "value"); got != "2099-12-31" {
		t.Errorf("the form says %q", got)
	}
	b.submit(edit, "main form", url.Values{"name": {"Wider"}, "reach": {"none"}}).want(http.StatusSeeOther)
	changed := w.onlyToken(ann)
	if changed.Name != "Wider" || len(changed.AllowedLibraries) != 0 || !changed.ExpiresAt.Equal(end) || !slices.Equal(changed.AllowedTools, []string{"search"}) {
		t.Errorf("the changed token is %+v", changed)
	}
	b.get("/profile/tokens/").says("[role=status]", "Wider").says(`td[data-label="MCP libraries"]`, "None")
}

func TestAFormThatSaysNothingOfLibrariesGivesNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	b := w.signedIn(ann)
	b.submit(b.get("/profile/tokens/add/"), addForm, url.Values{"name": {"x"}, "reach": nil}).want(http.StatusCreated)
	if got := w.onlyToken(ann).AllowedLibraries; len(got) != 0 {
		t.Errorf("the token reaches %q", got)
	}
}

func TestATokensFormSaysWhatIsWrongBesideTheField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	w.library(ann, "One")
	b := w.signedIn(ann)
	for _, row := range []struct {
		change url.Values
		field  string
		says   string
	}{
		{url.Values{"name": {" "}}, "name", "1 to 100 characters"},
		{url.Values{"name": {strings.Repeat("x", 101)}}, "name", "1 to 100 characters"},
		{url.Values{"name": {"x"}, "reach": {"some"}}, "allowed_libraries", "at least one library"},
		{url.Values{"name": {"x"}, "reach": {"some"}, "allowed_libraries": {"nonsense"}}, "allowed_libraries", "neither the uid"},
		{url.Values{"name": {"x"}, "allowed_tools": {"rm -rf"}}, "allowed_tools", "no name of a tool"},
		{url.Values{"name": {"x"}, "expires_on": {"soon"}}, "expires_on", "Write a day"},
		{url.Values{"name": {"x"}, "expires_on": {"2001-01-01"}}, "expires_on", "past"},
	} {
		answer := b.submit(b.get("/profile/tokens/add/"), addForm, row.change).want(http.StatusBadRequest)
		answer.says("#"+row.field+"-fault", row.says)
	}
	tokens, err := w.tokens.List(t.Context(), ann.UserID)
	check(t, err)
	if len(tokens) != 0 {
		t.Errorf("%d tokens were made", len(tokens))
	}
}

func TestARevokedTokenStopsAndStaysInTheList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	plaintext, token, err := w.tokens.Create(t.Context(), accounts.Operator(), ann.UserID, mcpserver.TokenSpec{Name: "Old"})
	check(t, err)
	b := w.signedIn(ann)
	confirm := b.get("/profile/tokens/" + token.ID + "/revoke/").want(http.StatusOK)
	if w.bearer(plaintext) != http.StatusOK {
		t.Error("asking already revokes")
	}
	answer := b.submit(confirm, "main form", nil).want(http.StatusSeeOther)
	if w.bearer(plaintext) != http.StatusUnauthorized {
		t.Error("the token still works")
	}
	list := b.follow(answer).says("[role=status]", "revoked").says(".badge", "revoked")
	if len(list.all(`a[href$="/edit/"]`)) != 0 {
		t.Error("a revoked token can be edited")
	}
	b.get("/profile/tokens/").want(http.StatusOK)
	if len(b.get("/profile/tokens/").all(".notice")) != 0 {
		t.Error("the message is shown twice")
	}
	b.get("/profile/tokens/" + token.ID + "/edit/").want(http.StatusConflict)
}

func TestAnothersTokenIsAsOneThatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	plaintext, token, err := w.tokens.Create(t.Context(), accounts.Operator(), ann.UserID, mcpserver.TokenSpec{Name: "Ann's"})
	check(t, err)
	b := w.signedIn(bob)
	for _, action := range []string{"edit", "revoke"} {
		foreign := b.get("/profile/tokens/" + token.ID + "/" + action + "/").want(http.StatusNotFound)
		none := b.get("/profile/tokens/7d3f2b0e-3f6e-4f55-9d8c-0f6f6c1f8a11/" + action + "/").want(http.StatusNotFound)
		if foreign.text("main") != none.text("main") {
			t.Errorf("%q and %q tell them apart", foreign.text("main"), none.text("main"))
		}
		csrf := attr(b.get("/libraries/").one(`form [name=csrf_token]`), "value")
		b.post("/profile/tokens/"+token.ID+"/"+action+"/", url.Values{"csrf_token": {csrf}, "name": {"mine"}}).want(http.StatusNotFound)
	}
	if w.bearer(plaintext) != http.StatusOK || w.onlyToken(ann).Name != "Ann's" {
		t.Error("the token was changed")
	}
}

func TestPlainHTTPToAnotherMachineNeedsMCPRemotesConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *dashboard.Options) { o.MCPURL = "http://memory.example:8000/mcp/" })
	b := w.signedIn(w.user("ann"))
	b.submit(b.get("/profile/tokens/add/"), addForm, url.Values{"name": {"x"}}).says("#claude-desktop", `"--allow-http"`)
	local := newWorld(t)
	b = local.signedIn(local.user("ann"))
	if strings.Contains(b.submit(b.get("/profile/tokens/add/"), addForm, url.Values{"name": {"x"}}).body, "allow-http") {
		t.Error("the loopback needs no consent")
	}
}
