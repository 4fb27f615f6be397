package accounts_test

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
)

func (f fixture) trail(t *testing.T, q accounts.AuditQuery, limit int) []string {
	t.Helper()
	var out []string
	for after := (accounts.AuditPosition{}); ; {
		page, next, err := f.audit.Page(t.Context(), q, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			out = append(out, accounts.Title(e.Event, e.Outcome))
		}
		if next == nil {
			return out
		}
		after = *next
	}
}

func TestTheTrailIsReadBackwardsPageByPageAndFiltered(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		if got := f.trail(t, accounts.AuditQuery{}, 2); got != nil {
			t.Errorf("an empty trail holds %q", got)
		}
		record := func(name, outcome, who, address, detail string) {
			t.Helper()
			f.clock.Pass(time.Minute)
			err := f.audit.Record(t.Context(), accounts.Event{
				Name: name, Outcome: outcome, Detail: []slog.Attr{slog.String("name", detail)},
				Actor: accounts.Actor{Principal: accounts.Principal{Username: who}, Origin: accounts.Origin{Address: address}},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		start := f.clock.Now()
		record("team_create", "created", "ann", "192.0.2.1", `<Kottos> "100%"`)
		record("team_delete", "", "bob", "192.0.2.10", "Mentor")
		record("teamXcreate", "created", "bob", "198.51.100.7", "MENTOR")
		record("token_create", "created", "ann", "", "Ürgel")
		all := []string{"token_create created", "teamXcreate created", "team_delete", "team_create created"}
		for _, row := range []struct {
			q    accounts.AuditQuery
			want []string
		}{
			{accounts.AuditQuery{}, all},
			{accounts.AuditQuery{Event: "team_"}, all[2:]},
			{accounts.AuditQuery{Event: "team_create"}, all[3:]},
			{accounts.AuditQuery{Outcome: "created", Username: "ann"}, []string{all[0], all[3]}},
			{accounts.AuditQuery{Username: "nobody"}, nil},
			{accounts.AuditQuery{Address: "192.0.2."}, all[2:]},
			{accounts.AuditQuery{Address: "%"}, nil},
			{accounts.AuditQuery{Text: "mentor"}, all[1:3]},
			{accounts.AuditQuery{Text: `<kottos> "100%`}, all[3:]},
			{accounts.AuditQuery{Text: "Ürgel"}, all[:1]},
			{accounts.AuditQuery{Since: start.Add(2 * time.Minute), Until: start.Add(4 * time.Minute)}, all[1:3]},
			{accounts.AuditQuery{Text: "' OR 1=1 --"}, nil},
		} {
			for _, limit := range []int{1, 2, 100} {
				if got := f.trail(t, row.q, limit); !slices.Equal(got, row.want) {
					t.Errorf("%+v gives %q by %d, want %q", row.q, got, limit, row.want)
				}
			}
		}
	})
}
