package httpx

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// Route is a line of a surface's table. The table is what is mounted and what
// the OpenAPI document is made from.
type Route struct {
	Method, Path string
	ID           string // operationId
	Summary      string
	Tag          string
	// Query, Body and Form are zero structs that say what is taken: Query as
	// the function Query reads it, Body as the function Body does, Form as
	// multipart beside it. Nil takes none.
	Query, Body, Form any
	// Responses are zero values of what is answered, by status; nil answers
	// no body, Content another kind than JSON. Errors are not listed.
	Responses map[int]any
	// Exactly one of these answers. Public routes ask nobody who they are.
	Handler AuthedHandler
	Public  Handler
}

// Content is the media type of an answer that is not JSON.
type Content string

// Surface mounts tables of routes that share authentication and errors.
type Surface struct {
	Name   string // in metrics
	Auth   *Auth
	Errors ErrorWriter
}

// Mount puts the routes on a router. Every path answers HEAD where it answers
// GET, and 405 with Allow to methods that it does not have.
func (s *Surface) Mount(router chi.Router, routes []Route) {
	methods := map[string][]string{}
	for _, rt := range routes {
		methods[rt.Path] = append(methods[rt.Path], rt.Method)
		if rt.Method == http.MethodGet {
			methods[rt.Path] = append(methods[rt.Path], http.MethodHead)
		}
	}
	for path, allowed := range methods {
		router.Handle(path, s.named(path, notAllowed(allowed)))
	}
	for _, rt := range routes {
		h := s.named(rt.Path, s.handler(rt))
		router.Method(rt.Method, rt.Path, h)
		if rt.Method == http.MethodGet {
			router.Method(http.MethodHead, rt.Path, h)
		}
	}
}

func (s *Surface) named(path string, h Handler) http.Handler {
	return Named(s.Name, path, Guard(h, s.Errors))
}

func (s *Surface) handler(rt Route) Handler {
	var known map[string]reflect.StructField
	if rt.Query != nil {
		known = queryNames(reflect.TypeOf(rt.Query))
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		if rt.Public != nil {
			return rt.Public(w, r)
		}
		p, err := s.Auth.Principal(r)
		if err != nil {
			return err
		}
		if r.URL.RawQuery != "" {
			values, err := url.ParseQuery(r.URL.RawQuery)
			if err != nil {
				return errs.New(errs.Invalid, "The query is not well formed.")
			}
			if err := checkQuery(values, known); err != nil {
				return err
			}
		}
		return rt.Handler(w, r, p)
	}
}

func notAllowed(methods []string) Handler {
	slices.Sort(methods)
	allow := strings.Join(slices.Compact(methods), ", ")
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Allow", allow)
		return refuseMethod(w, r)
	}
}

func refuseMethod(w http.ResponseWriter, r *http.Request) error {
	return JSON(w, http.StatusMethodNotAllowed, Fault{Detail: "Method \"" + r.Method + "\" not allowed."})
}

// UnknownMethod answers methods that no route of the router has, as PROPFIND:
// which path was asked for plays no part.
func UnknownMethod(onError ErrorWriter) http.HandlerFunc { return Guard(refuseMethod, onError) }

// Unmatched answers what no route takes: a path that lacks only its final
// slash leads there, when it is asked with GET or HEAD; anything else is not
// found.
func Unmatched(router chi.Routes, onError ErrorWriter) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		if reads && !strings.HasSuffix(path, "/") && router.Match(chi.NewRouteContext(), http.MethodGet, path+"/") {
			to := url.URL{Path: r.URL.Path + "/", RawPath: path + "/", RawQuery: r.URL.RawQuery}
			w.Header().Set("Location", to.String())
			w.WriteHeader(http.StatusMovedPermanently)
			return
		}
		onError(w, r, notFound())
	}
}
