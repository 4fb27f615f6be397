package libraryapi

import (
	"net/http"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

func (a *API) meRoutes() []httpx.Route {
	return []httpx.Route{{
		Method: http.MethodGet, Path: "/library/api/me/", ID: "getMe", Tag: "me", Summary: "Who the caller is",
		Responses: map[int]any{http.StatusOK: meBody{}}, Handler: a.getMe,
	}}
}

type meBody struct {
	Username string     `json:"username"`
	Groups   []string   `json:"groups" nullable:"false"`
	Token    *tokenBody `json:"token" description:"Null for a session."`
}

type tokenBody struct {
	Name      string     `json:"name"`
	Masked    string     `json:"masked"`
	ExpiresAt *time.Time `json:"expires_at"`
}

func (a *API) getMe(w http.ResponseWriter, _ *http.Request, p accounts.Principal) error {
	me := meBody{Username: p.Username, Groups: append([]string{}, p.Groups...)}
	if c := p.Credential; c.Kind == accounts.CredentialUserToken {
		me.Token = &tokenBody{Name: c.Name, Masked: c.Masked, ExpiresAt: c.ExpiresAt}
	}
	return httpx.JSON(w, http.StatusOK, me)
}
