package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

// AuditOptions are what the pages of the audit trail are made of.
type AuditOptions struct {
	// Trail holds what was done (accounts.Audit).
	Trail interface {
		Page(ctx context.Context, q accounts.AuditQuery, after accounts.AuditPosition, limit int) ([]accounts.Entry, *accounts.AuditPosition, error)
	}
	// Accounts knows how names are written (accounts.Accounts).
	Accounts interface {
		UserByName(ctx context.Context, username string) (accounts.User, error)
	}
}

type auditViews struct {
	list page.View[auditPage]
}

func loadAudit(l *page.Loader) auditViews {
	return auditViews{list: page.Load[auditPage](l, "admin_audit.html")}
}

func (p *Pages) auditRoutes() []page.Route {
	return []page.Route{
		{Method: get, Path: pathAudit, Handler: p.listAudit},
	}
}

// auditPage lists events, newest first.
type auditPage struct {
	Filter auditFilter
	Any    bool
	Faults page.Faults
	Events []eventRow
	Next   string
	CSV    string // paths of the same events as a file
	JSON   string
	Most   int64 // events of a file
}

// auditFilter is the form above the list, as typed.
type auditFilter struct {
	Event, Outcome, User, Address, Text string
	Since, Until                        string // UTC
}

// eventRow is an event as the list shows it.
type eventRow struct {
	At             time.Time
	Event, Outcome string
	User           string
	Credential     string // masked
	Address        string
	RequestID      string
	Detail         []detailRow
}

type detailRow struct{ Name, Value string }

func eventRowOf(e accounts.Entry) eventRow {
	row := eventRow{
		At: e.At, Event: e.Event, Outcome: e.Outcome, User: e.Username, Credential: e.Credential, Address: e.Address, RequestID: e.RequestID,
	}
	for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
		if value := spelt(e.Detail[name]); value != "" {
			row.Detail = append(row.Detail, detailRow{strings.ReplaceAll(name, "_", " "), value})
		}
	}
	return row
}

// spelt is a value of an event's detail as people read it.
func spelt(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64: // as JSON has them
		return fmt.Sprintf("%.15g", v)
	case bool:
		return map[bool]string{true: "yes", false: "no"}[v]
	case nil:
		return ""
	case []any:
		parts := make([]string, len(v))
		for i, one := range v {
			parts[i] = spelt(one)
		}
		return strings.Join(parts, ", ")
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}

const (
	formTime = "2006-01-02T15:04" // of a field of date and time
	formDay  = "2006-01-02"
)

// readTime reads a moment of the form, or the beginning of a day.
func readTime(text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	for _, layout := range []string{formTime, formTime + ":05", formDay, time.RFC3339} {
		if t, err := time.ParseInLocation(layout, text, time.UTC); err == nil {
			return t.UTC(), t.Year() > 0 && t.Year() < 9999
		}
	}
	return time.Time{}, false
}

// auditQuery reads the form.
func (p *Pages) auditQuery(r *http.Request) (auditFilter, accounts.AuditQuery, page.Faults, error) {
	read := func(name string) string { return strings.TrimSpace(page.Param(r, name)) }
	f := auditFilter{
		Event: read("event"), Outcome: read("outcome"), User: read("user"), Address: read("address"), Text: read("text"),
		Since: read("since"), Until: read("until"),
	}
	q, faults := accounts.AuditQuery{Event: f.Event, Outcome: f.Outcome, Username: f.User, Address: f.Address, Text: f.Text}, page.Faults{}
	var ok bool
	const notATime = "Write a day and a time, as 2026-05-01T12:00."
	if q.Since, ok = readTime(f.Since); !ok {
		faults["since"] = notATime
	}
	if q.Until, ok = readTime(f.Until); !ok {
		faults["until"] = notATime
	}
	if f.User == "" {
		return f, q, faults, nil
	}
	switch u, err := p.opt.Audit.Accounts.UserByName(r.Context(), f.User); {
	case err == nil:
		q.Username = u.Username // in the case that the trail has it in
	case !errs.Is(err, errs.NotFound): // somebody who never had an account may have tried
		return f, q, nil, err
	}
	return f, q, faults, nil
}

func (p *Pages) listAudit(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	f, q, faults, err := p.auditQuery(r)
	if err != nil {
		return err
	}
	out := auditPage{Filter: f, Faults: faults, Any: f != auditFilter{}, Most: mostExported}
	if len(faults) > 0 {
		return p.audit.list.Show(w, r, s, http.StatusBadRequest, p.heading("Audit", pathAudit), out)
	}
	if format := page.Param(r, "format"); format != "" {
		return p.exportAudit(w, r, q, format)
	}
	out.CSV, out.JSON = fileOf(r, "csv"), fileOf(r, "jsonl")
	var after accounts.AuditPosition
	if err := p.after(r, s, &after); err != nil {
		return err
	}
	entries, next, err := p.opt.Audit.Trail.Page(r.Context(), q, after, listPer)
	if err != nil {
		return err
	}
	for _, e := range entries {
		out.Events = append(out.Events, eventRowOf(e))
	}
	if next != nil {
		if out.Next, err = p.next(r, s, *next); err != nil {
			return err
		}
	}
	return p.audit.list.Show(w, r, s, http.StatusOK, p.heading("Audit", pathAudit), out)
}

// fileOf is the path of what a page lists, as a file.
func fileOf(r *http.Request, format string) string {
	q := url.Values{}
	for name, values := range filterOf(r) {
		if strings.Join(values, "") != "" {
			q[name] = values
		}
	}
	q.Set("format", format)
	return pathAudit + "?" + q.Encode()
}
