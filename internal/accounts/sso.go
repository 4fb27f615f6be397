package accounts

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Identity is somebody whom a sign-on server has vouched for.
type Identity struct {
	// Issuer and Subject are what an account is found by.
	Issuer, Subject string
	// Username is what a new account is called. It is never looked up by.
	Username string
	Email    string // empty: not told
	// Groups are names of groups and roles there, in whatever spelling. Those
	// of SSOGroups count here.
	Groups []string
}

// RefuseSSO records a sign-in that came to nothing.
func (a *Accounts) RefuseSSO(ctx context.Context, from Origin, why SSORefusal, detail ...slog.Attr) error {
	return a.audit.Record(ctx, Event{
		Name: "sign_in", Outcome: "refused", Actor: Actor{Origin: from},
		Detail: append([]slog.Attr{slog.String("through", throughSSO), slog.String("reason", string(why))}, detail...),
	})
}

// throughSSO is how the audit trail calls a sign-in that a server vouched for.
const throughSSO = "sso"

// SignInSSO starts a session for whom a sign-on server has vouched, and gives
// the cookie's value. Who comes for the first time gets an account; one that
// has the name already is never taken over. E-mail and the groups of SSOGroups
// become those of the identity; other groups stay.
func (a *Accounts) SignInSSO(ctx context.Context, c Client, id Identity) (cookie string, err error) {
	u, err := a.meet(ctx, c.Origin, id)
	if err == nil {
		c.through = throughSSO
		cookie, err = a.StartSession(ctx, c, u.ID)
	}
	if errs.Is(err, errs.Unauthenticated) { // disabled in this moment
		err = disabledSSO()
	}
	if why, ok := SSORefusalOf(err); ok {
		recorded := a.RefuseSSO(ctx, c.Origin, why, slog.String("username", id.Username), slog.String("issuer", id.Issuer), slog.String("subject", id.Subject))
		if recorded != nil {
			return "", recorded
		}
	}
	return cookie, err
}

// meet finds the account of an identity, or makes it, and brings it up to
// date.
func (a *Accounts) meet(ctx context.Context, from Origin, id Identity) (u User, err error) {
	name, err := checkUsername(id.Username)
	if err != nil {
		name = ""
	}
	// Of two first sign-ins at once one finds the account of the other.
	for range 2 {
		err = a.audit.Do(ctx, func(tx sqldb.Querier) (events []Event, err error) {
			u, events, err = a.known(ctx, tx, from, id, name)
			if err != nil {
				return nil, err
			}
			more, err := a.refresh(ctx, tx, from, u, id)
			return append(events, more...), err
		})
		if why, _ := SSORefusalOf(err); why != SSOTaken {
			return u, err
		}
	}
	return u, err
}

const (
	selectByIdentity = `SELECT ` + userColumns + ` FROM auth_user u JOIN sso_identity i ON i.user_id = u.id
		WHERE i.issuer = $1 AND i.subject = $2`
	insertIdentity = `INSERT INTO sso_identity (issuer, subject, user_id, created_at) VALUES ($1, $2, $3, $4)`
)

// known is the account of an identity, a new one with name where there is none.
func (a *Accounts) known(ctx context.Context, tx sqldb.Querier, from Origin, id Identity, name string) (User, []Event, error) {
	u, err := sqldb.One(ctx, tx, scanUser, selectByIdentity, id.Issuer, id.Subject)
	if err == nil && !u.Active {
		return User{}, nil, disabledSSO()
	}
	if err == nil || !sqldb.Missing(err) {
		return u, nil, err
	}
	if name == "" {
		return User{}, nil, refusedSSO(SSOUsername,
			"Your user name at the sign-on server cannot be one here: that has 1 to 150 letters, digits and @ . + - _ only. Ask an administrator.")
	}
	now := sqldb.At(a.opt.Now())
	u = User{ID: uuid.NewString(), Username: name, Active: true, Groups: []string{}, CreatedAt: now.Time, UpdatedAt: now.Time}
	_, err = sqldb.Exec(ctx, tx, insertUser, u.ID, name, UsernameKey(name), "", "", false, true, now)
	if sqldb.Duplicate(err) {
		return User{}, nil, refusedSSO(SSOTaken, fmt.Sprintf("Another account has the user name %q already. Ask an administrator to link it with yours at the sign-on server, if it is yours.", name))
	}
	if err != nil {
		return User{}, nil, fmt.Errorf("create user: %w", err)
	}
	if err := identify(ctx, tx, id.Issuer, id.Subject, u.ID, now); err != nil {
		return User{}, nil, err
	}
	return u, []Event{userEvent("user_create", "created", ssoActor(u, from), u, slog.Bool("superuser", false), slog.String("issuer", id.Issuer), slog.String("subject", id.Subject))}, nil
}

func identify(ctx context.Context, tx sqldb.Querier, issuer, subject, userID string, now sqldb.Time) error {
	_, err := sqldb.Exec(ctx, tx, insertIdentity, issuer, subject, userID, now)
	if sqldb.Duplicate(err) {
		return errs.New(errs.Conflict, "This subject of the sign-on server has an account already.")
	}
	if err != nil {
		return fmt.Errorf("keep who an account is at the sign-on server: %w", err)
	}
	return nil
}

// ssoActor is somebody on the way in.
func ssoActor(u User, from Origin) Actor {
	return Actor{Principal: Principal{UserID: u.ID, Username: u.Username, Credential: Credential{Kind: CredentialSSO, Masked: throughSSO}}, Origin: from}
}

func refusedSSO(why SSORefusal, message string) error {
	return errs.Wrap(errs.Forbidden, why, message)
}

// disabledSSO is given too where an account is disabled in this moment.
func disabledSSO() error {
	return refusedSSO(SSODisabled, "Your account is disabled. Ask an administrator.")
}

const touchUser = `UPDATE auth_user SET updated_at = $2 WHERE id = $1`

// refresh gives an account the e-mail and the groups that its identity has
// now. Whoever has none of SSOGroups there may view only.
func (a *Accounts) refresh(ctx context.Context, tx sqldb.Querier, from Origin, u User, id Identity) (events []Event, err error) {
	if id.Email != "" && checkEmail(id.Email) == nil {
		if events, err = a.setEmail(ctx, tx, ssoActor(u, from), u, id.Email); err != nil {
			return nil, err
		}
	}
	groups := slices.DeleteFunc(slices.Clone(u.Groups), func(name string) bool { return slices.Contains(SSOGroups(), name) })
	mapped := GroupsOf(id.Groups)
	if len(mapped) == 0 {
		mapped = []string{GroupViewOnly} // to lose a group never gives a right
	}
	groups = sortedUnique(append(groups, mapped...))
	if slices.Equal(groups, u.Groups) {
		return events, nil
	}
	// Two sign-ins of one person take turns from here.
	if _, err := sqldb.Exec(ctx, tx, touchUser, u.ID, sqldb.At(a.opt.Now())); err != nil {
		return nil, fmt.Errorf("note the change: %w", err)
	}
	for _, name := range groups {
		if _, err := sqldb.Exec(ctx, tx, insertGroup, uuid.NewString(), name); err != nil {
			return nil, fmt.Errorf("make group %q: %w", name, err)
		}
	}
	if _, err := sqldb.Exec(ctx, tx, deleteMemberships, u.ID); err != nil {
		return nil, fmt.Errorf("leave groups: %w", err)
	}
	if err := joinGroups(ctx, tx, u.ID, groups); err != nil {
		return nil, err
	}
	return append(events, userEvent("user_groups", "set", ssoActor(u, from), u, slog.Any("groups", groups), slog.Any("before", u.Groups))), nil
}

// GroupsOf is which of SSOGroups somebody is in who has groups and roles of
// these names at the sign-on server. Case does not matter there, nor whether
// words are parted by a space, a hyphen or an underscore.
func GroupsOf(names []string) []string {
	plain := strings.NewReplacer("-", " ", "_", " ")
	groups := []string{}
	for _, group := range SSOGroups() {
		if slices.ContainsFunc(names, func(name string) bool {
			return strings.EqualFold(strings.Join(strings.Fields(plain.Replace(name)), " "), group)
		}) {
			groups = append(groups, group)
		}
	}
	return groups
}

const identified = `SELECT user_id FROM sso_identity WHERE issuer = $1 AND subject = $2`

// LinkIdentity lets somebody at a sign-on server sign in to an account that is
// there already. An operator vouches for its being the same person. Where they
// do so already, nothing changes; where they have another account, it is a
// Conflict.
func (a *Accounts) LinkIdentity(ctx context.Context, by Actor, userID, issuer, subject string) error {
	if strings.TrimSpace(issuer) == "" || strings.TrimSpace(subject) == "" {
		return errs.Field("subject", "Say who it is at the sign-on server: issuer and subject, as `mnemosyne audit --event sign_in` shows them of a refused sign-in.")
	}
	return a.change(ctx, userID, func(tx sqldb.Querier, u User) ([]Event, error) {
		has, err := sqldb.One(ctx, tx, func(row sqldb.Row) (id string, err error) { return id, row.Scan(&id) }, identified, issuer, subject)
		if err == nil && has == u.ID {
			return nil, nil
		}
		if err != nil && !sqldb.Missing(err) {
			return nil, fmt.Errorf("find who an account is at the sign-on server: %w", err)
		}
		if err := identify(ctx, tx, issuer, subject, u.ID, sqldb.At(a.opt.Now())); err != nil {
			return nil, err
		}
		return []Event{userEvent("user_link", "linked", by, u, slog.String("issuer", issuer), slog.String("subject", subject))}, nil
	})
}

const deleteIdentities = `DELETE FROM sso_identity WHERE user_id = $1`

// UnlinkIdentities ends that somebody signs in through a sign-on server, and
// the sessions that they have. It tells how many identities there were.
func (a *Accounts) UnlinkIdentities(ctx context.Context, by Actor, userID string) (n int64, err error) {
	err = a.change(ctx, userID, func(tx sqldb.Querier, u User) ([]Event, error) {
		if n, err = sqldb.Exec(ctx, tx, deleteIdentities, userID); err != nil || n == 0 {
			return nil, err
		}
		if _, err := sqldb.Exec(ctx, tx, deleteSessions, userID); err != nil {
			return nil, fmt.Errorf("end sessions: %w", err)
		}
		return []Event{userEvent("user_link", "unlinked", by, u, slog.Int64("identities", n))}, nil
	})
	return n, err
}
