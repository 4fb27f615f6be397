package page

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/web"
)

// policy lets a page load what is ours and run nothing that is written in it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// Loader reads templates, and keeps the first error of it.
type Loader struct {
	fsys fs.FS
	base *template.Template
	err  error
}

// Loader begins to read the templates of a package's pages.
func (s *Site) Loader() *Loader { return &Loader{fsys: web.FS, base: s.base} }

// Err is what went wrong first.
func (l *Loader) Err() error { return l.err }

// View is a template that shows a P.
type View[P any] struct{ template *template.Template }

// Heading is what a handler tells the layout of its page.
type Heading struct {
	Title string // of the document
	Area  string // of the navigation: libraries, search, jobs, teams, usage, tokens, settings or admin
	Tabs  []Tab  // of the area; nil: it has none
}

// Tab leads to a part of an area.
type Tab struct {
	Name, Path string
	Current    bool // the page is in this part
}

// frame is what a template is given: the layout's part, and the page's own.
type frame[P any] struct {
	Heading

	Username    string // empty: nobody is signed in
	Administers bool   // the administration is shown
	CSRF        string
	Flash       *flash
	Page        P
}

// Load reads a page's template, a file of web/templates, and proves it: with
// nothing in the page, and with something in every part of it. A page that
// cannot be rendered so keeps the program from starting.
func Load[P any](l *Loader, name string) View[P] {
	if l.err != nil {
		return View[P]{}
	}
	t, err := l.base.Clone()
	if err == nil {
		t, err = t.ParseFS(l.fsys, "templates/"+name)
	}
	if err != nil {
		l.err = fmt.Errorf("read a page's template: %w", err)
		return View[P]{}
	}
	for _, f := range []frame[P]{{}, sample[frame[P]]()} {
		if err := t.Execute(io.Discard, f); err != nil {
			l.err = fmt.Errorf("prove a page's template: %w", err)
			return View[P]{}
		}
	}
	return View[P]{t}
}

// Part renders a template that the page's file defines beside its content: one
// that is the same for everybody, to be kept and put into pages as it is.
func (v View[P]) Part(name string, data any) (template.HTML, error) {
	var buf bytes.Buffer
	if err := v.template.ExecuteTemplate(&buf, name, data); err != nil {
		return "", fmt.Errorf("render %s: %w", name, err)
	}
	return template.HTML(buf.String()), nil //nolint:gosec // html/template wrote it
}

// Show answers with a page. It is rendered whole before anything is written,
// so that a fault gives an error page and not half of this one.
func (v View[P]) Show(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, h Heading, page P) error {
	s = ensureVisitor(w, r, s)
	f := frame[P]{
		Heading: h, Username: s.Principal.Username, Administers: accounts.Administers(s.Principal),
		CSRF: httpx.CSRFToken(s), Flash: takeFlash(w, r, s), Page: page,
	}
	if f.Flash == nil && Restored(r) {
		f.Flash = &flash{Kind: "warning", Text: "Your session had ended. What you typed is here again: look it over and send it."}
	}
	var buf bytes.Buffer
	if err := v.template.Execute(&buf, f); err != nil {
		return fmt.Errorf("render a page: %w", err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy)
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // the caller has gone: nobody to tell
	return nil
}

// Confirm asks before something is done that cannot be undone.
type Confirm struct {
	Title  string
	Text   string
	Verb   string // of the button
	Action string
	Back   string
	Keep   string   // of the way back; empty: "Keep it"
	List   []string // what is meant, one by one
	Hidden []Hidden // what the form carries
	Typed  string   // what has to be typed, so that nobody does it by a slip; empty: nothing
	Fault  string   // what was wrong with what was typed
}

// Hidden is a field that a form carries without showing it.
type Hidden struct{ Name, Value string }

// TypedField is the field of what has to be typed.
const TypedField = "typed"

// Confirm shows the question.
func (s *Site) Confirm(w http.ResponseWriter, r *http.Request, who httpx.Session, h Heading, c Confirm) error {
	status := http.StatusOK
	if c.Fault != "" {
		status = http.StatusBadRequest
	}
	return s.confirm.Show(w, r, who, status, h, c)
}

// Choice is a box to tick, or an option to pick.
type Choice struct {
	Value, Label string
	Chosen       bool
}
