package dashboard_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

const addForm = `form[action="/profile/tokens/add/"]`

func TestATokenIsShownOnceAndWorks(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	b := w.SignedIn(ann)
	created := b.Submit(b.Get("/profile/tokens/add/"), addForm, url.Values{"name": {"Laptop"}}).Want(http.StatusCreated)
	plaintext := created.Text("#plaintext")
	if w.Bearer(plaintext) != http.StatusOK {
		t.Errorf("the token %q is not accepted", plaintext)
	}
	if created.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control is %q", created.Header.Get("Cache-Control"))
	}
	for _, entry := range []struct{ selector, part string }{
		{"#claude-desktop", `"AUTH_HEADER": "Bearer ` + plaintext + `"`},
		{"#claude-desktop", `"--header", "Authorization:${AUTH_HEADER}"`},
		{"#cline", `"type": "streamableHttp", "url": "` + w.URL + `/mcp/"`},
		{"#generic", `"Authorization": "Bearer ` + plaintext + `"`},
		{"#fast-agent", `url: "` + w.URL + `/mcp/"`},
		{"#fast-agent", "oauth: false headers: Authorization: \"Bearer " + plaintext + `"`},
		{"#curl", "curl -H 'Authorization: Bearer " + plaintext + "' '" + w.URL + "/library/api/me/'"},
	} {
		created.Says(entry.selector, entry.part)
	}
	list := b.Get("/profile/tokens/").Want(http.StatusOK)
	if strings.Contains(list.Body, plaintext) {
		t.Error("the list shows the plaintext")
	}
	token := w.OnlyToken(ann)
	list.Says("tbody", "Laptop").Says("tbody", token.Masked).Says("tbody", "active").Says("tbody", "All that you may read")
	if !slices.Equal(token.AllowedLibraries, []string{accounts.AllLibraries}) || len(token.AllowedTools) != 0 || token.ExpiresAt != nil {
		t.Errorf("the token is %+v", token)
	}
}

func TestARestrictedTokenReachesWhatItsFormSays(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	one := w.Library(ann, "One")
	w.Library(ann, "Two")
	b := w.SignedIn(ann)
	b.Submit(b.Get("/profile/tokens/add/"), addForm, url.Values{
		"name": {"Narrow"}, "reach": {"some"}, "allowed_libraries": {one}, "allowed_tools": {"search"}, "expires": {"day"}, "expires_on": {"2099-12-31"},
	}).Want(http.StatusCreated)
	token := w.OnlyToken(ann)
	end := time.Date(2099, 12, 31, 23, 59, 59, 0, time.UTC)
	if !slices.Equal(token.AllowedLibraries, []string{one}) || !slices.Equal(token.AllowedTools, []string{"search"}) || !token.ExpiresAt.Equal(end) {
		t.Errorf("the token is %+v", token)
	}
	b.Get("/profile/tokens/").Says(`td[data-label="MCP libraries"]`, "One").Says(`td[data-label="MCP tools"]`, "search")
	edit := b.Get("/profile/tokens/" + token.ID + "/edit/").Want(http.StatusOK)
	if got := dashboardtest.Attr(edit.One("#expires_on"), "value"); got != "2099-12-31" {
		t.Errorf("the form says %q", got)
	}
	b.Submit(edit, "main form", url.Values{"name": {"Wider"}, "reach": {"none"}}).Want(http.StatusSeeOther)
	changed := w.OnlyToken(ann)
	if changed.Name != "Wider" || len(changed.AllowedLibraries) != 0 || !changed.ExpiresAt.Equal(end) || !slices.Equal(changed.AllowedTools, []string{"search"}) {
		t.Errorf("the changed token is %+v", changed)
	}
	b.Get("/profile/tokens/").Says("[role=status]", "Wider").Says(`td[data-label="MCP libraries"]`, "None")
}

func TestAFormThatSaysNothingOfLibrariesGivesNone(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	b := w.SignedIn(ann)
	b.Submit(b.Get("/profile/tokens/add/"), addForm, url.Values{"name": {"x"}, "reach": nil}).Want(http.StatusCreated)
	if got := w.OnlyToken(ann).AllowedLibraries; len(got) != 0 {
		t.Errorf("the token reaches %q", got)
	}
}

func TestATokensFormSaysWhatIsWrongBesideTheField(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	w.Library(ann, "One")
	b := w.SignedIn(ann)
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
		{url.Values{"name": {"x"}, "expires": {"day"}, "expires_on": {"soon"}}, "expires_on", "Write a day"},
		{url.Values{"name": {"x"}, "expires": {"day"}, "expires_on": {"2001-01-01"}}, "expires_on", "past"},
	} {
		answer := b.Submit(b.Get("/profile/tokens/add/"), addForm, row.change).Want(http.StatusBadRequest)
		answer.Says("#"+row.field+"-fault", row.says)
	}
	tokens, err := w.Tokens.List(t.Context(), ann.UserID)
	dashboardtest.Check(t, err)
	if len(tokens) != 0 {
		t.Errorf("%d tokens were made", len(tokens))
	}
}

func TestARevokedTokenStopsAndStaysInTheList(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	plaintext, token, err := w.Tokens.Create(t.Context(), accounts.Operator(), ann.UserID, mcpserver.TokenSpec{Name: "Old"})
	dashboardtest.Check(t, err)
	b := w.SignedIn(ann)
	confirm := b.Get("/profile/tokens/" + token.ID + "/revoke/").Want(http.StatusOK)
	if w.Bearer(plaintext) != http.StatusOK {
		t.Error("asking already revokes")
	}
	answer := b.Submit(confirm, "main form", nil).Want(http.StatusSeeOther)
	if w.Bearer(plaintext) != http.StatusUnauthorized {
		t.Error("the token still works")
	}
	list := b.Follow(answer).Says("[role=status]", "revoked").Says(".badge", "revoked")
	if len(list.All(`a[href$="/edit/"]`)) != 0 {
		t.Error("a revoked token can be edited")
	}
	b.Get("/profile/tokens/").Want(http.StatusOK)
	if len(b.Get("/profile/tokens/").All(".notice")) != 0 {
		t.Error("the message is shown twice")
	}
	b.Get("/profile/tokens/" + token.ID + "/edit/").Want(http.StatusConflict)
}

func TestAnothersTokenIsAsOneThatIsNotThere(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann, bob := w.User("ann"), w.User("bob")
	plaintext, token, err := w.Tokens.Create(t.Context(), accounts.Operator(), ann.UserID, mcpserver.TokenSpec{Name: "Ann's"})
	dashboardtest.Check(t, err)
	b := w.SignedIn(bob)
	for _, action := range []string{"edit", "revoke"} {
		foreign := b.Get("/profile/tokens/" + token.ID + "/" + action + "/").Want(http.StatusNotFound)
		none := b.Get("/profile/tokens/7d3f2b0e-3f6e-4f55-9d8c-0f6f6c1f8a11/" + action + "/").Want(http.StatusNotFound)
		if foreign.Text("main") != none.Text("main") {
			t.Errorf("%q and %q tell them apart", foreign.Text("main"), none.Text("main"))
		}
		csrf := dashboardtest.Attr(b.Get("/libraries/").One(`form [name=csrf_token]`), "value")
		b.Post("/profile/tokens/"+token.ID+"/"+action+"/", url.Values{"csrf_token": {csrf}, "name": {"mine"}}).Want(http.StatusNotFound)
	}
	if w.Bearer(plaintext) != http.StatusOK || w.OnlyToken(ann).Name != "Ann's" {
		t.Error("the token was changed")
	}
}

func TestPlainHTTPToAnotherMachineNeedsMCPRemotesConsent(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t, func(o *dashboardtest.Options) { o.Pages.MCPURL = "http://memory.example:8000/mcp/" })
	b := w.SignedIn(w.User("ann"))
	b.Submit(b.Get("/profile/tokens/add/"), addForm, url.Values{"name": {"x"}}).Says("#claude-desktop", `"--allow-http"`)
	local := dashboardtest.New(t)
	b = local.SignedIn(local.User("ann"))
	if strings.Contains(b.Submit(b.Get("/profile/tokens/add/"), addForm, url.Values{"name": {"x"}}).Body, "allow-http") {
		t.Error("the loopback needs no consent")
	}
}
