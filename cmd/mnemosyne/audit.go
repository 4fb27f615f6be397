package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
)

type auditCmd struct {
	Since time.Time `format:"2006-01-02T15:04:05Z07:00" placeholder:"RFC3339" help:"Only what happened from then on."`
	Event string    `placeholder:"NAME" help:"Only these, as team_create."`
	JSON  bool      `name:"json" help:"One JSON object a line."`
}

type auditJSON struct {
	At         time.Time      `json:"at"`
	Event      string         `json:"event"`
	Outcome    string         `json:"outcome"`
	Username   string         `json:"username"`
	Credential string         `json:"credential"`
	Address    string         `json:"address"`
	RequestID  string         `json:"request_id"`
	Detail     map[string]any `json:"detail"`
}

// Run writes the oldest first, as it reads them.
func (c auditCmd) Run(ctx context.Context, p *program) error {
	return p.operate(ctx, func(o operator) error {
		enc := json.NewEncoder(p.stdout)
		enc.SetEscapeHTML(false)
		for e, err := range o.audit.List(ctx, accounts.AuditFilter{Since: c.Since, Event: c.Event}) {
			if err != nil {
				return err
			}
			if c.JSON {
				err = enc.Encode(auditJSON{e.At, e.Event, e.Outcome, e.Username, e.Credential, e.Address, e.RequestID, e.Detail})
			} else {
				_, err = fmt.Fprintln(p.stdout, auditLine(e))
			}
			if err != nil {
				return fmt.Errorf("write the audit trail: %w", err)
			}
		}
		return nil
	})
}

// auditLine shows an event as operators search for it.
func auditLine(e accounts.Entry) string {
	parts := []string{e.At.Format(time.RFC3339), accounts.Title(e.Event, e.Outcome)}
	for _, key := range slices.Sorted(maps.Keys(e.Detail)) {
		parts = append(parts, fmt.Sprintf("%s=%q", key, fmt.Sprint(e.Detail[key])))
	}
	if e.Username != "" {
		parts = append(parts, "by="+e.Username)
	}
	if e.Credential != "" {
		parts = append(parts, "with="+e.Credential)
	}
	if e.Address != "" {
		parts = append(parts, "from="+e.Address)
	}
	return strings.Join(parts, " ")
}
