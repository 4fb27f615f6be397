package admin

import (
	"net/http"
	"net/url"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

// listPer is how many rows a page of a list has.
const listPer = 50

// after reads where a list goes on. A cursor is good for the person, the list
// and the filter that it was made with.
func (p *Pages) after(r *http.Request, s httpx.Session, position any) error {
	cursor := page.Param(r, "after")
	if cursor == "" {
		return nil
	}
	return p.opt.Cursors.Open(listOf(r, s), cursor, position)
}

// next is the path of the page of a list that begins behind a position.
func (p *Pages) next(r *http.Request, s httpx.Session, behind any) (string, error) {
	cursor, err := p.opt.Cursors.Seal(listOf(r, s), behind)
	q := filterOf(r)
	q.Set("after", cursor)
	return r.URL.EscapedPath() + "?" + q.Encode(), err
}

func listOf(r *http.Request, s httpx.Session) []string {
	return []string{s.Principal.UserID, r.URL.Path, filterOf(r).Encode()}
}

// filterOf is the query without the page.
func filterOf(r *http.Request) url.Values {
	q := r.URL.Query()
	q.Del("after")
	return q
}

// listed reads a page of a list and the path of the next one, which is empty
// where there is none. behind is where a list goes on after one of its entries.
func listed[T, Row, Position any](p *Pages, r *http.Request, s httpx.Session,
	read func(after Position, limit int) ([]T, error), behind func(T) Position, row func(T) Row,
) (rows []Row, next string, err error) {
	var after Position
	if err := p.after(r, s, &after); err != nil {
		return nil, "", err
	}
	found, err := read(after, listPer+1)
	if err != nil {
		return nil, "", err
	}
	found, more := cut(found, listPer)
	for _, one := range found {
		rows = append(rows, row(one))
	}
	if more {
		next, err = p.next(r, s, behind(found[len(found)-1]))
	}
	return rows, next, err
}

// cut takes the row away that only tells whether more follow.
func cut[T any](rows []T, per int) (_ []T, more bool) {
	if len(rows) <= per {
		return rows, false
	}
	return rows[:per], true
}

// choices are options to pick from, one of which may be chosen. One that is
// not among them is Invalid.
func choices(field, chosen string, options ...string) ([]page.Choice, error) {
	out, found := make([]page.Choice, 0, len(options)), chosen == ""
	for _, o := range options {
		out = append(out, page.Choice{Value: o, Label: o, Chosen: o == chosen})
		found = found || o == chosen
	}
	if !found {
		return nil, errs.Field(field, "There is no such choice.")
	}
	return out, nil
}
