package accounts_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

func TestTheTrailHoldsWhoDidWhatFromWhere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		u := f.user(t, "ann", "")
		err := f.audit.Record(t.Context(), accounts.Event{
			Name: "team_create", Outcome: "created",
			Actor: accounts.Actor{
				Principal: accounts.Principal{
					UserID: u.ID, Username: "ann", Credential: accounts.Credential{Kind: accounts.CredentialUserToken, Masked: "tok_…01234567"},
				},
				Origin: accounts.Origin{Address: "192.0.2.1", RequestID: "r1"},
			},
			Detail: []slog.Attr{slog.String("team_id", "t1"), slog.String("name", "Kottos"), slog.Int("members", 3)},
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []accounts.Entry
		for e, err := range f.audit.List(t.Context(), accounts.AuditFilter{Event: "team_create"}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e)
		}
		want := "[{2026-05-01 12:00:00 +0000 UTC team_create created ann user_token tok_…01234567 192.0.2.1 r1 map[members:3 name:Kottos team_id:t1]}]"
		if fmt.Sprint(got) != want {
			t.Errorf("the trail holds\n%v\nwant\n%v", got, want)
		}
		if line := f.log.String(); !strings.Contains(line, `level=INFO msg="team_create created" team_id=t1 name=Kottos members=3 by=ann credential=tok_…01234567 address=192.0.2.1`) {
			t.Errorf("the log holds %s", line)
		}
	})
}

func TestAnEventWithoutAnOutcomeIsToldByItsNameAlone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) { // section 13.4: team_delete team_id=…
		if err := f.audit.Record(t.Context(), accounts.Event{Name: "team_delete", Detail: []slog.Attr{slog.String("team_id", "t1")}}); err != nil {
			t.Fatal(err)
		}
		if line := f.log.String(); !strings.Contains(line, `level=INFO msg=team_delete team_id=t1 `) {
			t.Errorf("the log holds %s", line)
		}
	})
}

func TestTheTrailIsGivenOldestFirstAndFiltered(t *testing.T) {
	t.Parallel()
	const events = 1203 // more than two pages, many of one moment
	each(t, func(t *testing.T, f fixture) {
		for i := 0; i < events; i += 401 {
			f.clock.Pass(time.Minute)
			err := f.audit.Do(t.Context(), func(sqldb.Querier) (page []accounts.Event, err error) {
				for j := i; j < i+401; j++ {
					page = append(page, accounts.Event{Name: []string{"even", "odd"}[j%2], Outcome: fmt.Sprint(j)})
				}
				return page, nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := f.audit.Record(t.Context(), accounts.Event{Name: "odd", Outcome: "last"}); err != nil {
			t.Fatal(err)
		}
		all := f.events(t, accounts.AuditFilter{})
		if len(all) != events+1 || all[0] != "even 0" || all[501] != "odd 501" || all[events] != "odd last" {
			t.Errorf("%d events, from %v to %v", len(all), all[0], all[len(all)-1])
		}
		odd := f.events(t, accounts.AuditFilter{Since: f.clock.Now(), Event: "odd"})
		if len(odd) != 201 || odd[0] != "odd 803" || odd[200] != "odd last" {
			t.Errorf("odd ones since the last minute: %d, %v …", len(odd), odd[:1])
		}
	})
}

func TestNothingIsRecordedThatWasNotDone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		refused := errors.New("refused")
		err := f.audit.Do(t.Context(), func(sqldb.Querier) ([]accounts.Event, error) {
			return []accounts.Event{{Name: "team_create", Outcome: "created"}}, refused
		})
		if !errors.Is(err, refused) || len(f.events(t, accounts.AuditFilter{})) != 0 || strings.Contains(f.log.String(), "team_create") {
			t.Errorf("Do = %v; the trail %v, the log %s", err, f.events(t, accounts.AuditFilter{}), f.log)
		}
	})
}

func TestWhatHappensToAccountsIsRecorded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.member(t, "root", "superuser") // so that another can be disabled
		u := f.user(t, "ann", "correct horse")
		_, _ = f.Authenticate(t.Context(), accounts.Origin{}, "ann", "wrong")
		cookie, err := f.SignIn(t.Context(), accounts.Client{}, "ann", "correct horse")
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.EnsureGroups(t.Context(), accounts.Operator(), "SME")
		for _, err := range []error{
			err,
			f.SetGroups(t.Context(), accounts.Operator(), u.ID, []string{"SME"}),
			f.SignOut(t.Context(), accounts.Operator(), cookie),
			f.SetPassword(t.Context(), accounts.Operator(), u.ID, "another horse"),
			f.SetSuperuser(t.Context(), accounts.Operator(), u.ID, true),
			f.SetSuperuser(t.Context(), accounts.Operator(), u.ID, true),
			f.SetActive(t.Context(), accounts.Operator(), u.ID, false),
			f.SetActive(t.Context(), accounts.Operator(), u.ID, true),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		want := []string{
			"user_create created", "user_create created", "sign_in refused", "sign_in accepted", "group_create created", "user_groups set", "sign_out done",
			"user_password set", "user_superuser set", "user_disable disabled", "user_enable enabled",
		}
		if got := f.events(t, accounts.AuditFilter{}); !slices.Equal(got, want) {
			t.Errorf("the trail holds\n%v\nwant\n%v", got, want)
		}
	})
}
