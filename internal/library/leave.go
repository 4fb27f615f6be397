package library

import (
	"context"
	"log/slog"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// MembershipOf gives the role that somebody was given in a library, or
// nothing. Being its owner, or a superuser, is none.
func (s *Service) MembershipOf(ctx context.Context, p accounts.Principal, uid string) (Role, error) {
	g, err := s.access.grant(ctx, p, uid)
	if err != nil || !g.member {
		return "", err
	}
	return g.Role, nil
}

// Leave gives up the role that the caller was given in a library, whatever
// role that is: nobody has to stay.
func (s *Service) Leave(ctx context.Context, p accounts.Principal, uid string) error {
	l, _, err := s.access.Read(ctx, p, uid)
	if err != nil {
		return err
	}
	if err := p.Need(accounts.RightWrite); err != nil {
		return err
	}
	err = s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		n, err := sqldb.Exec(ctx, tx, dropMember, uid, p.UserID)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, errs.New(errs.Conflict, "You were given no role in this library that you could give up.")
		}
		return event(ctx, p, l, "member", "left", slog.String("username", p.Username)), Bump(ctx, tx, uid, 0, 0, s.now())
	})
	return goneAs(err, NoLibrary(), "leave library")
}
