package archive

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

func hasNUL(s string) bool { return strings.IndexByte(s, 0) >= 0 }

const insertMember = `INSERT INTO library_membership (library_uid, user_id, role, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (library_uid, user_id) DO NOTHING`

// members gives the roles that people have who are here, too.
func (m *imports) members(ctx context.Context) error {
	return m.r.lines(membersFolder, func(line []byte) error {
		var r memberRecord
		if err := decode("a member", line, &r); err != nil {
			return err
		}
		m.made.Counts.Members++
		role := library.Role(r.Role)
		if role != library.RoleOwner && role != library.RoleManager && role != library.RoleReader {
			return damaged("%s is no role.", printable(r.Role))
		}
		id, err := m.user(ctx, r.Username)
		switch {
		case err != nil:
			return err
		case m.opt.WithoutMembers:
			return nil
		case id == "":
			m.made.Notes.add(fmt.Sprintf("left out the %s %s: there is no such user here", r.Role, printable(r.Username)))
			return nil
		case r.Username == m.made.Owner:
			return nil
		}
		if _, err := sqldb.Exec(ctx, m.db.Write(), insertMember, m.made.LibraryUID, id, r.Role, m.past(r.CreatedAt)); err != nil {
			return fmt.Errorf("write a member: %w", err)
		}
		m.made.Notes.add(fmt.Sprintf("%s is %s, as in the archive", r.Username, r.Role))
		return nil
	})
}

const insertCollection = `INSERT INTO collection (uid, library_uid, name, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (uid) DO NOTHING`

func (m *imports) collections(ctx context.Context) error {
	return m.r.lines(collectionsFolder, func(line []byte) error {
		var r collectionRecord
		if err := decode("a collection", line, &r); err != nil {
			return err
		}
		m.made.Counts.Collections++
		if err := library.CheckLine("name", r.Name, library.MaxCollection); err != nil || r.Name == "" || !canonical(r.UID) {
			return damaged("a collection is not one that a library can have: %s.", printable(r.Name))
		}
		for _, uid := range []string{r.UID, uuid.NewString()} {
			n, err := sqldb.Exec(ctx, m.db.Write(), insertCollection, uid, m.made.LibraryUID, r.Name, m.past(r.CreatedAt))
			if sqldb.Duplicate(err) {
				return damaged("it has two collections of the name %s.", printable(r.Name))
			}
			if err != nil {
				return fmt.Errorf("write a collection: %w", err)
			}
			if n > 0 {
				break
			}
			m.made.NewUIDs++
		}
		return nil
	})
}
