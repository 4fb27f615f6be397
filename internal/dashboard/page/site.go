// Package page is what every page of the site is made with: the layout and
// its templates, forms and their faults, the messages of what was just done,
// error pages, and the table of routes.
//
// It owns how a page is rendered, how a form is read and what proves that the
// form is ours. It knows no app: what a page shows is for the packages of the
// pages to say.
package page

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/web"
)

// Site is what all pages share. It is safe for concurrent use once every
// package has loaded its templates.
type Site struct {
	auth   *httpx.Auth
	log    *slog.Logger
	assets *web.Assets
	base   *template.Template

	keptKey []byte // what was typed into a form is signed with it

	confirm View[Confirm]
	fault   View[errorPage]
}

// NewSite reads the layout and the static files. Processes of the same secret
// take up each other's kept forms. Times are written in the zone, nil for UTC,
// until a script shows the reader's own.
func NewSite(auth *httpx.Auth, secret []byte, log *slog.Logger, zone *time.Location) (*Site, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "mnemosyne kept form", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("make the key for kept forms: %w", err)
	}
	static, err := fs.Sub(web.FS, "static")
	if err != nil {
		return nil, fmt.Errorf("find the static files: %w", err)
	}
	s := &Site{auth: auth, log: log, keptKey: key}
	if s.assets, err = web.NewAssets(static); err != nil {
		return nil, err
	}
	s.base, err = template.New("base.html").Funcs(funcs(s.assets, zone)).ParseFS(web.FS, "templates/base.html", "templates/parts.html", "templates/chart.html", "templates/library_parts.html")
	if err != nil {
		return nil, fmt.Errorf("read the layout: %w", err)
	}
	l := s.Loader()
	s.confirm, s.fault = Load[Confirm](l, "confirm.html"), Load[errorPage](l, "error.html")
	return s, l.Err()
}

// Actor is who does something in a page, for the audit trail.
func Actor(s httpx.Session, from accounts.Origin) accounts.Actor {
	return accounts.Actor{Principal: s.Principal, Origin: from}
}
