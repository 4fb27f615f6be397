package dashboard

import (
	"maps"
	"net/http"
	"net/url"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

// cursorParam is where a list's address says where it goes on.
const cursorParam = "after"

// narrowing is the part of a list's address that narrows it: the values of
// these names that are given.
func narrowing(r *http.Request, names ...string) url.Values {
	q := url.Values{}
	for _, name := range names {
		if v := page.Param(r, name); v != "" {
			q.Set(name, v)
		}
	}
	return q
}

// cursor reads where the list of a path goes on. Its beginning leaves the
// position as it is.
func (d *Dashboard) cursor(r *http.Request, s httpx.Session, narrowed url.Values, position any) error {
	cursor := page.Param(r, cursorParam)
	if cursor == "" {
		return nil
	}
	return d.opt.Cursors.Open([]string{s.Principal.UserID, r.URL.Path, narrowed.Encode()}, cursor, position)
}

// pageAt is the path of the page of the same list at a position.
func (d *Dashboard) pageAt(r *http.Request, s httpx.Session, narrowed url.Values, position any) (string, error) {
	cursor, err := d.opt.Cursors.Seal([]string{s.Principal.UserID, r.URL.Path, narrowed.Encode()}, position)
	q := url.Values{cursorParam: {cursor}}
	maps.Copy(q, narrowed)
	return r.URL.EscapedPath() + "?" + q.Encode(), err
}
