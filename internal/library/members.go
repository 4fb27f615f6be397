package library

import (
	"context"
	"fmt"
	"log/slog"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const listMembers = `SELECT u.username, m.role FROM library_membership m JOIN auth_user u ON u.id = m.user_id
WHERE m.library_uid = $1 ORDER BY m.created_at DESC, u.username`

// Members lists who was given a role in a library: the newest first, its
// owner last.
func (s *Service) Members(ctx context.Context, p accounts.Principal, uid string) ([]Member, error) {
	l, _, err := s.access.Read(ctx, p, uid)
	if err != nil {
		return nil, err
	}
	members, err := sqldb.All(ctx, s.db.Read(), func(row sqldb.Row) (m Member, err error) {
		return m, row.Scan(&m.Username, &m.Role)
	}, listMembers, uid)
	if err != nil {
		return nil, fmt.Errorf("list members of %s: %w", uid, err)
	}
	if !l.Global() {
		members = append(members, Member{Username: *l.OwnerUsername, Role: RoleOwner})
	}
	return members, nil
}

const (
	userNamed  = `SELECT id FROM auth_user WHERE username = $1`
	memberRole = `SELECT role FROM library_membership WHERE library_uid = $1 AND user_id = $2`
	putMember  = `INSERT INTO library_membership (library_uid, user_id, role, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (library_uid, user_id) DO UPDATE SET role = excluded.role`
	dropMember = `DELETE FROM library_membership WHERE library_uid = $1 AND user_id = $2`
)

// PutMember gives somebody a role in a library. Only an owner makes or
// unmakes owners, and the one who made the library stays its owner.
func (s *Service) PutMember(ctx context.Context, p accounts.Principal, uid, username string, role Role) (Member, error) {
	if role != RoleOwner && role != RoleManager && role != RoleReader {
		return Member{}, errs.Field("role", "This is no role. Use one of: owner, manager, reader.")
	}
	at := sqldb.At(s.now())
	change := memberChange{outcome: "set", role: role, noUser: errs.New(errs.NotFound, "No such user.")}
	err := s.changeMember(ctx, p, uid, username, change, func(tx sqldb.Querier, userID string) error {
		_, err := sqldb.Exec(ctx, tx, putMember, uid, userID, role, at)
		return err
	})
	return Member{Username: username, Role: role}, err
}

// DropMember takes somebody's role away. Whoever had none is left without.
func (s *Service) DropMember(ctx context.Context, p accounts.Principal, uid, username string) error {
	return s.changeMember(ctx, p, uid, username, memberChange{outcome: "removed"}, func(tx sqldb.Querier, userID string) error {
		_, err := sqldb.Exec(ctx, tx, dropMember, uid, userID)
		return err
	})
}

// memberChange is what becomes of a member.
type memberChange struct {
	outcome string // for the audit trail
	role    Role   // that they get; empty: none
	noUser  error  // what to answer when there is no such user
}

// changeMember runs change for a user under the rules of members.
func (s *Service) changeMember(ctx context.Context, p accounts.Principal, uid, username string, to memberChange,
	change func(tx sqldb.Querier, userID string) error,
) error {
	l, mine, err := s.access.Administer(ctx, p, uid)
	if err != nil {
		return err
	}
	if !l.Global() && *l.OwnerUsername == username {
		return errs.New(errs.Conflict, "The owner of a library stays its owner.")
	}
	text := func(row sqldb.Row) (v string, err error) { return v, row.Scan(&v) }
	err = s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		userID, err := sqldb.One(ctx, tx, text, userNamed, username)
		if sqldb.Missing(err) {
			return nil, to.noUser
		} else if err != nil {
			return nil, err
		}
		had, err := sqldb.One(ctx, tx, text, memberRole, uid, userID)
		if err != nil && !sqldb.Missing(err) {
			return nil, err
		}
		if mine != RoleOwner && (to.role == RoleOwner || Role(had) == RoleOwner) {
			return nil, errs.New(errs.Forbidden, "Only an owner of this library may make or unmake owners.")
		}
		if err := change(tx, userID); err != nil {
			return nil, err
		}
		if err := Bump(ctx, tx, uid, 0, 0, s.now()); err != nil || had == string(to.role) {
			return nil, err
		}
		return event(ctx, p, l, "member", to.outcome,
			slog.String("username", username), slog.String("role", string(to.role)), slog.String("before", had)), nil
	})
	return goneAs(err, NoLibrary(), "change members")
}
