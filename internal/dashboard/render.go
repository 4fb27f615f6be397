package dashboard

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"

	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/web"
)

// policy lets a page load what is ours and run nothing that is written in it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// views are the templates of all pages, each bound to what it shows.
type views struct {
	login        view[loginPage]
	err          view[errorPage]
	confirm      view[confirmPage]
	tokens       view[tokensPage]
	tokenForm    view[tokenFormPage]
	tokenCreated view[tokenCreatedPage]
	libraries    view[librariesPage]
	libraryForm  view[libraryFormPage]
	library      view[libraryPage]
	item         view[itemPage]
	search       view[searchPage]
	jobs         view[jobsPage]
}

func newViews(fsys fs.FS, assets *web.Assets) (*views, error) {
	l := &loader{fsys: fsys}
	l.base, l.err = template.New("base.html").Funcs(funcs(assets)).ParseFS(fsys, "templates/base.html", "templates/parts.html")
	return &views{
		login:        load[loginPage](l, "login.html"),
		err:          load[errorPage](l, "error.html"),
		confirm:      load[confirmPage](l, "confirm.html"),
		tokens:       load[tokensPage](l, "tokens.html"),
		tokenForm:    load[tokenFormPage](l, "token_form.html"),
		tokenCreated: load[tokenCreatedPage](l, "token_created.html"),
		libraries:    load[librariesPage](l, "libraries.html"),
		libraryForm:  load[libraryFormPage](l, "library_form.html"),
		library:      load[libraryPage](l, "library.html"),
		item:         load[itemPage](l, "item.html"),
		search:       load[searchPage](l, "search.html"),
		jobs:         load[jobsPage](l, "jobs.html"),
	}, l.err
}

// loader keeps the first error of loading templates.
type loader struct {
	fsys fs.FS
	base *template.Template
	err  error
}

// view is a template that shows a P.
type view[P any] struct{ template *template.Template }

// heading is what a handler tells the layout of its page.
type heading struct {
	Title string // of the document
	Area  string // of the navigation: libraries, search, jobs or tokens
}

// frame is what a template is given: the layout's part, and the page's own.
type frame[P any] struct {
	heading

	Username string // empty: nobody is signed in
	CSRF     string
	Flash    *flash
	Page     P
}

// load reads a page's template and proves it: with nothing in the page, and
// with something in every part of it.
func load[P any](l *loader, name string) view[P] {
	if l.err != nil {
		return view[P]{}
	}
	t, err := l.base.Clone()
	if err == nil {
		t, err = t.ParseFS(l.fsys, "templates/"+name)
	}
	if err != nil {
		l.err = fmt.Errorf("read a page's template: %w", err)
		return view[P]{}
	}
	for _, f := range []frame[P]{{}, sample[frame[P]]()} {
		if err := t.Execute(io.Discard, f); err != nil {
			l.err = fmt.Errorf("prove a page's template: %w", err)
			return view[P]{}
		}
	}
	return view[P]{t}
}

// show answers with a page. It is rendered whole before anything is written,
// so that a fault gives an error page and not half of this one.
func (v view[P]) show(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, h heading, page P) error {
	s = ensureVisitor(w, r, s)
	f := frame[P]{heading: h, Username: s.Principal.Username, CSRF: httpx.CSRFToken(s), Flash: takeFlash(w, r, s), Page: page}
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
