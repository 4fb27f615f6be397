package dashboard

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/web"
)

// Handler answers for a session, or returns why it cannot.
type Handler func(w http.ResponseWriter, r *http.Request, s httpx.Session) error

// Route is a line of the table of pages.
type Route struct {
	Method, Path string
	Handler      Handler
	// Public pages are shown to those who are not signed in, too.
	Public bool
	// Streams tells that the handler reads the form by itself, its token
	// included.
	Streams bool
}

// Routes is every page and every form's target.
func (d *Dashboard) Routes() []Route {
	const get, post = http.MethodGet, http.MethodPost
	return []Route{
		{Method: get, Path: "/", Handler: d.home},

		{Method: get, Path: loginPath, Handler: d.showLogin, Public: true},
		{Method: post, Path: loginPath, Handler: d.signIn, Public: true},
		{Method: post, Path: "/accounts/logout/", Handler: d.signOut},

		{Method: get, Path: tokensPath, Handler: d.listTokens},
		{Method: get, Path: tokensPath + "add/", Handler: d.newToken},
		{Method: post, Path: tokensPath + "add/", Handler: d.createToken},
		{Method: get, Path: tokensPath + "{id}/edit/", Handler: d.editToken},
		{Method: post, Path: tokensPath + "{id}/edit/", Handler: d.updateToken},
		{Method: get, Path: tokensPath + "{id}/revoke/", Handler: d.confirmRevoke},
		{Method: post, Path: tokensPath + "{id}/revoke/", Handler: d.revokeToken},

		{Method: get, Path: librariesPath, Handler: d.listLibraries},
		{Method: get, Path: librariesPath + "add/", Handler: d.newLibrary},
		{Method: post, Path: librariesPath + "add/", Handler: d.createLibrary},
		{Method: get, Path: librariesPath + "{uid}/", Handler: d.showLibrary},
		{Method: post, Path: librariesPath + "{uid}/upload/", Handler: d.upload, Streams: true},
		{Method: get, Path: librariesPath + "{uid}/items/{item}/", Handler: d.showItem},
		{Method: get, Path: librariesPath + "{uid}/items/{item}/delete/", Handler: d.confirmDelete},
		{Method: post, Path: librariesPath + "{uid}/items/{item}/delete/", Handler: d.deleteItem},

		{Method: get, Path: "/search/", Handler: d.search},

		{Method: get, Path: jobsPath, Handler: d.listJobs},
		{Method: post, Path: jobsPath + "{id}/retry/", Handler: d.retryJob},
		{Method: post, Path: jobsPath + "{id}/cancel/", Handler: d.cancelJob},
	}
}

// Mount puts the pages and the assets on a router. What no route takes is the
// router's to answer: give it httpx.Unmatched with Errors.
func (d *Dashboard) Mount(router chi.Router) {
	methods := map[string][]string{}
	for _, rt := range d.Routes() {
		methods[rt.Path] = append(methods[rt.Path], rt.Method)
		if rt.Method == http.MethodGet {
			methods[rt.Path] = append(methods[rt.Path], http.MethodHead)
		}
	}
	for path, allowed := range methods {
		router.Handle(path, d.named(path, d.notAllowed(allowed)))
	}
	for _, rt := range d.Routes() {
		h := d.named(rt.Path, d.handler(rt))
		router.Method(rt.Method, rt.Path, h)
		if rt.Method == http.MethodGet {
			router.Method(http.MethodHead, rt.Path, h)
		}
	}
	static := d.named(web.Prefix, d.asset)
	router.Method(http.MethodGet, web.Prefix+"{name}", static)
	router.Method(http.MethodHead, web.Prefix+"{name}", static)
}

func (d *Dashboard) named(path string, h httpx.Handler) http.Handler {
	return httpx.Named("pages", path, httpx.Guard(h, d.fail))
}

// handler finds out who asks, and reads the form of a POST.
func (d *Dashboard) handler(rt Route) httpx.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		s, err := d.opt.Auth.Session(r)
		if errs.Is(err, errs.Unauthenticated) {
			if !rt.Public {
				return toLogin(w, r)
			}
			s, err = httpx.Session{CSRFSecret: visitor(r)}, nil
		}
		if err != nil {
			return err
		}
		if r.Method == http.MethodPost && !rt.Streams {
			if err := readForm(w, r, s); err != nil {
				return err
			}
		}
		return rt.Handler(w, r, s)
	}
}

// toLogin sends whoever is not signed in to do so, and back to the page that
// they asked for. A form that was sent is lost.
func toLogin(w http.ResponseWriter, r *http.Request) error {
	to := loginPath
	if r.Method == http.MethodGet && r.URL.Path != "/" {
		to += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func (d *Dashboard) notAllowed(methods []string) httpx.Handler {
	slices.Sort(methods)
	allow := strings.Join(slices.Compact(methods), ", ")
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Allow", allow)
		return d.showError(w, r, http.StatusMethodNotAllowed, "This page does not take the method "+r.Method+".", "")
	}
}

func (d *Dashboard) asset(w http.ResponseWriter, r *http.Request) error {
	if !d.assets.Serve(w, r, chi.URLParam(r, "name")) {
		return errs.New(errs.NotFound, "Not found.")
	}
	return nil
}

func (d *Dashboard) home(w http.ResponseWriter, r *http.Request, _ httpx.Session) error {
	http.Redirect(w, r, librariesPath, http.StatusSeeOther)
	return nil
}
