package admin

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

const (
	mostExported = 50_000 // events of a file
	exportPer    = 500    // events in memory at a time
)

// eventJSON is an event as a line of a file, as the command audit writes it.
type eventJSON struct {
	At         time.Time      `json:"at"`
	Event      string         `json:"event"`
	Outcome    string         `json:"outcome"`
	Username   string         `json:"username"`
	Credential string         `json:"credential"`
	Address    string         `json:"address"`
	RequestID  string         `json:"request_id"`
	Detail     map[string]any `json:"detail"`
}

// eventWriter writes events as some kind of file.
type eventWriter struct {
	kind  string // media type
	begin func() error
	event func(accounts.Entry) error
	end   func() error
}

func newEventWriter(w io.Writer, format string) (eventWriter, bool) {
	nothing := func() error { return nil }
	switch format {
	case "jsonl":
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return eventWriter{"application/jsonl; charset=utf-8", nothing, func(e accounts.Entry) error {
			return enc.Encode(eventJSON{e.At, e.Event, e.Outcome, e.Username, e.Credential, e.Address, e.RequestID, e.Detail})
		}, nothing}, true
	case "csv":
		table := csv.NewWriter(w)
		return eventWriter{
			"text/csv; charset=utf-8",
			func() error {
				return table.Write([]string{"at", "event", "outcome", "username", "credential", "address", "request_id", "detail"})
			},
			func(e accounts.Entry) error {
				detail, err := json.Marshal(e.Detail)
				if err != nil {
					return fmt.Errorf("spell an event's detail: %w", err)
				}
				return table.Write([]string{
					e.At.Format(time.RFC3339Nano), cell(e.Event), cell(e.Outcome), cell(e.Username), cell(e.Credential), cell(e.Address),
					cell(e.RequestID), cell(string(detail)),
				})
			},
			func() error { table.Flush(); return table.Error() },
		}, true
	}
	return eventWriter{}, false
}

// cell keeps a spreadsheet from taking a text for a formula.
func cell(text string) string {
	if strings.IndexAny(text, "=+-@\t\r") == 0 {
		return "'" + text
	}
	return text
}

// exportAudit answers with a file of the newest events that a query chooses.
func (p *Pages) exportAudit(w http.ResponseWriter, r *http.Request, q accounts.AuditQuery, format string) error {
	out, ok := newEventWriter(w, format)
	if !ok {
		return errs.Field("format", "Use csv or jsonl.")
	}
	var after accounts.AuditPosition
	entries, next, err := p.opt.Audit.Trail.Page(r.Context(), q, after, exportPer)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", out.kind)
	w.Header().Set("Content-Disposition", `attachment; filename="audit.`+format+`"`)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if err := out.begin(); err != nil {
		return nil //nolint:nilerr // the caller has gone
	}
	for written := 0; ; {
		for _, e := range entries {
			if err := out.event(e); err != nil {
				return nil //nolint:nilerr // the caller has gone
			}
		}
		if written += len(entries); next == nil || written >= mostExported {
			break
		}
		if entries, next, err = p.opt.Audit.Trail.Page(r.Context(), q, *next, exportPer); err != nil {
			panic(http.ErrAbortHandler) // a file that ends early must not look whole
		}
	}
	_ = out.end() // the caller has gone: nobody to tell
	return nil
}
