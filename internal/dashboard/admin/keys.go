package admin

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

// KeysOptions are what the pages of signing keys are made of.
type KeysOptions struct {
	// Keys keeps the keys that sign team JWTs (mcpserver.SigningKeys).
	Keys interface {
		List(ctx context.Context) ([]mcpserver.SigningKey, error)
		Seed(ctx context.Context, by accounts.Actor, kid string, retireOther bool) (mcpserver.Seeded, error)
		RetireSpare(ctx context.Context, by accounts.Actor, kid string) error
	}
}

type keysViews struct {
	list   page.View[keysPage]
	retire page.View[retirePage]
}

func loadKeys(l *page.Loader) keysViews {
	return keysViews{
		list:   page.Load[keysPage](l, "admin_keys.html"),
		retire: page.Load[retirePage](l, "admin_key_retire.html"),
	}
}

func (p *Pages) keysRoutes() []page.Route {
	return []page.Route{
		{Method: get, Path: pathKeys, Handler: p.listKeys},
		{Method: post, Path: pathKeys, Handler: p.addKey},
		{Method: get, Path: pathKeys + "{id}/retire/", Handler: p.confirmRetire},
		{Method: post, Path: pathKeys + "{id}/retire/", Handler: p.retireKey},
	}
}

// keysPage lists the signing keys, without their secrets.
type keysPage struct {
	Keys    []keyRow
	May     bool // make and retire keys
	Active  int64
	Unknown int64 // active teams whose key was not noted
	Kid     string
	Faults  page.Faults
}

// keyRow is a signing key as the list shows it.
type keyRow struct {
	Kid       string
	State     string // active or retired
	Signs     bool   // it signs what is minted now
	Teams     int64  // active ones whose JWT it signed
	CreatedAt time.Time
	RetiredAt *time.Time
}

func (p *Pages) listKeys(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return p.keysForm(w, r, s, http.StatusOK, "", nil)
}

func (p *Pages) keysForm(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, kid string, faults page.Faults) error {
	keys, err := p.opt.Keys.Keys.List(r.Context())
	if err != nil {
		return err
	}
	teams, err := p.opt.Teams.Teams.CountByKey(r.Context())
	if err != nil {
		return err
	}
	out := keysPage{May: s.Principal.May(accounts.RightSuperusers), Kid: kid, Faults: faults, Unknown: teams[""]}
	for _, k := range keys {
		row := keyRow{Kid: k.Kid, State: "retired", Teams: teams[k.Kid], CreatedAt: k.CreatedAt, RetiredAt: k.RetiredAt}
		if k.Active {
			row.State, row.Signs = "active", out.Active == 0 // the list begins with the newest
			out.Active++
		}
		out.Keys = append(out.Keys, row)
	}
	return p.keys.list.Show(w, r, s, status, p.heading("Signing keys", pathKeys), out)
}

func (p *Pages) addKey(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	kid := strings.TrimSpace(page.Field(r, "kid"))
	made, err := p.opt.Keys.Keys.Seed(r.Context(), page.Actor(s, httpx.Origin(r)), kid, false)
	if errs.Is(err, errs.Conflict) {
		return p.keysForm(w, r, s, http.StatusBadRequest, kid, page.Faults{"kid": "A key of this name is retired, and names are not used again. Choose another one."})
	}
	if found, ok := page.FaultsOf(err); ok {
		return p.keysForm(w, r, s, http.StatusBadRequest, kid, found)
	}
	if err != nil {
		return err
	}
	if !made.Created {
		return p.keysForm(w, r, s, http.StatusBadRequest, kid, page.Faults{"kid": "There is an active key of this name already."})
	}
	return page.Done(w, r, s, "The signing key “"+made.Kid+"” signs team JWTs from now on. Those of the other active keys stay valid.", pathKeys)
}

// retirePage asks before a key is retired, and says what stops working.
type retirePage struct {
	Key     keyRow
	Last    bool // it is the only active one, and stays
	Teams   []teamRow
	Unsure  []teamRow // those whose key was not noted
	More    bool      // than are named
	Unknown int64
}

func (p *Pages) confirmRetire(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	if err := s.Principal.Need(accounts.RightSuperusers); err != nil {
		return err
	}
	kid := httpx.PathParam(r, "id")
	keys, err := p.opt.Keys.Keys.List(r.Context())
	if err != nil {
		return err
	}
	at := slices.IndexFunc(keys, func(k mcpserver.SigningKey) bool { return k.Kid == kid && k.Active })
	if at < 0 {
		return errs.New(errs.NotFound, "No such signing key.")
	}
	active := 0
	for _, k := range keys {
		if k.Active {
			active++
		}
	}
	teams, err := p.opt.Teams.Teams.CountByKey(r.Context())
	if err != nil {
		return err
	}
	out := retirePage{
		Key: keyRow{Kid: kid, State: "active", Teams: teams[kid], CreatedAt: keys[at].CreatedAt}, Last: active == 1, Unknown: teams[""],
	}
	const named = 100
	found, err := p.opt.Teams.Teams.Page(r.Context(), mcpserver.TeamFilter{Kid: kid}, mcpserver.TeamPosition{}, named+1)
	if err != nil {
		return err
	}
	found, out.More = cut(found, named)
	for _, t := range found {
		if t.Kid == kid {
			out.Teams = append(out.Teams, teamRowOf(t))
		} else {
			out.Unsure = append(out.Unsure, teamRowOf(t))
		}
	}
	return p.keys.retire.Show(w, r, s, http.StatusOK, p.heading("Retire a signing key", pathKeys), out)
}

func (p *Pages) retireKey(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	kid := httpx.PathParam(r, "id")
	err := p.opt.Keys.Keys.RetireSpare(r.Context(), page.Actor(s, httpx.Origin(r)), kid)
	if e := errs.As(err); e != nil && e.Kind == errs.Conflict {
		return page.Refused(w, r, s, e.Message, pathKeys)
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, "The signing key “"+kid+"” is retired. JWTs that it signed are refused.", pathKeys)
}
