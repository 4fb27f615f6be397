package page

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

// LoginPath is where people sign in.
const LoginPath = "/accounts/login/"

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
	// Keeps tells that the form is filled in again when its session has ended
	// meanwhile. The page of the same path asks Restored.
	Keeps bool
}

// Mount puts pages and the assets on a router. What no route takes is the
// router's to answer: give it httpx.Unmatched with Errors.
func (s *Site) Mount(router chi.Router, tables ...[]Route) {
	methods := map[string][]string{}
	routes := slices.Concat(tables...)
	for _, rt := range routes {
		methods[rt.Path] = append(methods[rt.Path], rt.Method)
		if rt.Method == http.MethodGet {
			methods[rt.Path] = append(methods[rt.Path], http.MethodHead)
		}
	}
	for path, allowed := range methods {
		router.Handle(path, s.named(path, s.notAllowed(allowed)))
	}
	for _, rt := range routes {
		h := s.named(rt.Path, s.handler(rt))
		router.Method(rt.Method, rt.Path, h)
		if rt.Method == http.MethodGet {
			router.Method(http.MethodHead, rt.Path, h)
		}
	}
	static := s.named(web.Prefix, s.asset)
	router.Method(http.MethodGet, web.Prefix+"{name}", static)
	router.Method(http.MethodHead, web.Prefix+"{name}", static)
}

func (s *Site) named(path string, h httpx.Handler) http.Handler {
	return httpx.Named("pages", path, httpx.Guard(h, s.fail))
}

// handler finds out who asks, and reads the form of a POST.
func (s *Site) handler(rt Route) httpx.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		who, err := s.auth.Session(r)
		if errs.Is(err, errs.Unauthenticated) {
			if !rt.Public {
				return toLogin(w, r, rt.Keeps && s.keep(w, r))
			}
			// A neighbour below the same domain can choose the visitor's cookie.
			who, err = httpx.Session{CSRFSecret: visitor(r)}, s.auth.FromOurs(r)
		}
		if err != nil {
			return err
		}
		if r.Method == http.MethodPost && !rt.Streams {
			if err := readForm(w, r, who); err != nil {
				return err
			}
		}
		if r.Method == http.MethodGet {
			s.whoActs(w, r, who)
			r = s.restore(w, r, who)
		}
		return rt.Handler(w, r, who)
	}
}

// toLogin sends whoever is not signed in to do so, and back to the page that
// they asked for, or whose form was kept.
func toLogin(w http.ResponseWriter, r *http.Request, kept bool) error {
	to := LoginPath
	if kept || (r.Method == http.MethodGet && r.URL.Path != "/") {
		to += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func (s *Site) notAllowed(methods []string) httpx.Handler {
	slices.Sort(methods)
	allow := strings.Join(slices.Compact(methods), ", ")
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Allow", allow)
		return s.showError(w, r, http.StatusMethodNotAllowed, "This page does not take the method "+r.Method+".", "")
	}
}

func (s *Site) asset(w http.ResponseWriter, r *http.Request) error {
	if !s.assets.Serve(w, r, chi.URLParam(r, "name")) {
		return errs.New(errs.NotFound, "Not found.")
	}
	return nil
}
