package dashboard_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/accounts/oidc"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/testkit"
)

const ssoPath = "/accounts/oidc/casdoor/login/"

// signOn is a site whose people sign in at a real OpenID provider.
type signOn struct {
	*dashboardtest.World

	t      *testing.T
	origin string // of the provider
}

// newSignOn is such a site. Only superusers sign in to it by a password.
func newSignOn(t *testing.T, change ...func(*oidc.Options)) signOn {
	t.Helper()
	opt := oidc.Options{
		Origin: testkit.OIDC(t), ClientID: "mnemosyne", ClientSecret: "mnemosyne-secret", Organisation: "helu", SecretKey: []byte("secret"),
	}
	for _, c := range change {
		c(&opt)
	}
	provider, err := oidc.New(opt)
	dashboardtest.Check(t, err)
	w := dashboardtest.NewWith(t, accounts.Options{PasswordsOfSuperusersOnly: true}, func(o *dashboardtest.Options) {
		o.SignIn.SignOn, o.SignIn.SuperusersOnly = provider, true
	})
	return signOn{w, t, testkit.OIDC(t)}
}

// account makes an account at the provider, in one of its formats of token,
// that nobody else has.
func (s signOn) account(format string, about map[string]any) (login string) {
	s.t.Helper()
	login = "p" + strings.ReplaceAll(uuid.NewString(), "-", "") + "+" + format
	s.tell(login, about)
	return login
}

// tell changes what the provider says of an account.
func (s signOn) tell(login string, about map[string]any) {
	s.t.Helper()
	said := map[string]any{}
	said["name"], _, _ = strings.Cut(login, "+")
	maps.Copy(said, about)
	body, err := json.Marshal(said)
	dashboardtest.Check(s.t, err)
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPut, s.origin+"/accounts/"+url.PathEscape(login), bytes.NewReader(body))
	dashboardtest.Check(s.t, err)
	resp, err := http.DefaultClient.Do(r)
	dashboardtest.Check(s.t, err)
	dashboardtest.Check(s.t, resp.Body.Close())
	if resp.StatusCode != http.StatusNoContent {
		s.t.Fatalf("the provider answers %s", resp.Status)
	}
}

// atProvider takes a browser that is sent to the provider through the sign-in
// there, and gives the path of ours that it comes back to.
func (s signOn) atProvider(sent dashboardtest.Page, login string) (back string) {
	s.t.Helper()
	there := s.Browser() // cookies there are none of ours
	there.Base = s.origin
	at := func(p dashboardtest.Page) string {
		return strings.TrimPrefix(p.Want(http.StatusSeeOther).Location, s.origin)
	}
	answered := there.Post(at(there.Get(at(sent))), url.Values{"login": {login}})
	return strings.TrimPrefix(there.Get(at(answered)).Want(http.StatusSeeOther).Location, s.URL)
}

// signIn takes a browser through the whole of it, to the answer of ours.
func (s signOn) signIn(b *dashboardtest.Browser, login string) dashboardtest.Page {
	s.t.Helper()
	return b.Get(s.atProvider(b.Get(ssoPath), login))
}

// user is the account of a login.
func (s signOn) user(login string) accounts.User {
	s.t.Helper()
	name, _, _ := strings.Cut(login, "+")
	u, err := s.Accounts.UserByName(s.t.Context(), name)
	dashboardtest.Check(s.t, err)
	return u
}

// trail is the last event of a name.
func (s signOn) trail(event string) (last accounts.Entry) {
	s.t.Helper()
	for e, err := range accounts.NewAudit(s.DB, nil, nil).List(s.t.Context(), accounts.AuditFilter{Event: event}) {
		dashboardtest.Check(s.t, err)
		last = e
	}
	return last
}

// refused complains unless a sign-in came to nothing, for this reason.
func (s signOn) refused(p dashboardtest.Page, status int, why accounts.SSORefusal, says string) {
	s.t.Helper()
	p.Want(status).Says("[role=alert]", says)
	if e := s.trail("sign_in"); e.Outcome != "refused" || e.Detail["reason"] != string(why) {
		s.t.Errorf("the trail says %s of %v, want a refusal because of %s", e.Outcome, e.Detail, why)
	}
}
