package accounts

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// User is a person with an account. Users are never deleted and their names
// never change, so that a name in an audit trail or on a library means one
// person for ever.
type User struct {
	ID          string
	Username    string
	Email       string
	Superuser   bool
	Active      bool
	HasPassword bool // may sign in here, not only through single sign-on
	Groups      []string
	CreatedAt   time.Time
	UpdatedAt   time.Time
	LastLoginAt *time.Time
}

// NewUser is what an account is made of.
type NewUser struct {
	Username  string
	Email     string
	Password  string // empty: no local sign-in
	Superuser bool
	Groups    []string // each must be there
}

const insertUser = `INSERT INTO auth_user
	(id, username, username_key, email, password, is_superuser, is_active, created_at, updated_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)`

// CreateUser makes an account. A name that another has, or had, or that looks
// like it, is a Conflict.
func (a *Accounts) CreateUser(ctx context.Context, by Actor, n NewUser) (User, error) {
	if err := mayCreate(by, n); err != nil {
		return User{}, err
	}
	name, err := checkUsername(n.Username)
	if err != nil {
		return User{}, err
	}
	if err := checkEmail(n.Email); err != nil {
		return User{}, err
	}
	encoded := ""
	if n.Password != "" {
		if encoded, err = a.encode(ctx, n.Password, name); err != nil {
			return User{}, err
		}
	}
	now := sqldb.At(a.opt.Now())
	u := User{
		ID: uuid.NewString(), Username: name, Email: n.Email, Superuser: n.Superuser, Active: true, HasPassword: encoded != "",
		Groups: sortedUnique(n.Groups), CreatedAt: now.Time, UpdatedAt: now.Time,
	}
	err = a.audit.Do(ctx, func(tx sqldb.Querier) ([]Event, error) {
		_, err := sqldb.Exec(ctx, tx, insertUser, u.ID, name, UsernameKey(name), n.Email, encoded, n.Superuser, true, now)
		if sqldb.Duplicate(err) {
			return nil, errs.Newf(errs.Conflict, "The user name %q is taken.", name)
		}
		if err != nil {
			return nil, fmt.Errorf("create user: %w", err)
		}
		if err := joinGroups(ctx, tx, u.ID, n.Groups); err != nil {
			return nil, err
		}
		return []Event{userEvent("user_create", "created", by, u, slog.Bool("superuser", u.Superuser))}, nil
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

func checkEmail(email string) error {
	if email == "" {
		return nil
	}
	name, host, found := strings.Cut(email, "@")
	if !found || name == "" || host == "" || len(email) > 254 || !utf8.ValidString(email) || strings.ContainsAny(email, " \t\r\n<>,;\x00") {
		return errs.Field("email", "This is no e-mail address.")
	}
	return nil
}

func (a *Accounts) encode(ctx context.Context, password, username string) (string, error) {
	if err := checkPassword(password, username); err != nil {
		return "", err
	}
	return a.hasher.hash(ctx, password)
}

const userColumns = `u.id, u.username, u.email, u.is_superuser, u.is_active, u.password, u.created_at, u.updated_at, u.last_login_at, ` + GroupsColumn

func scanUser(r sqldb.Row) (User, error) {
	row, err := scanUserRow(r)
	return row.User, err
}

// userRow is a User with the hash that nobody else sees.
type userRow struct {
	User

	password string
}

func scanUserRow(r sqldb.Row) (u userRow, err error) {
	var created, updated sqldb.Time
	var login sqldb.NullTime
	var groups string
	err = r.Scan(&u.ID, &u.Username, &u.Email, &u.Superuser, &u.Active, &u.password, &created, &updated, &login, &groups)
	u.HasPassword = u.password != ""
	u.CreatedAt, u.UpdatedAt, u.LastLoginAt = created.Time, updated.Time, login.Ptr()
	u.Groups = SplitGroups(groups)
	return u, err
}

const selectUserByID = `SELECT ` + userColumns + ` FROM auth_user u WHERE u.id = $1`

// User finds an account by its id; NotFound when there is none.
func (a *Accounts) User(ctx context.Context, id string) (User, error) {
	return userByID(ctx, a.db.Read(), id)
}

func userByID(ctx context.Context, q sqldb.Querier, id string) (User, error) {
	return found(sqldb.One(ctx, q, scanUser, selectUserByID, id))
}

const selectUserByKey = `SELECT ` + userColumns + ` FROM auth_user u WHERE u.username_key = $1`

// UserByName finds an account by its name, in whatever case it is written;
// NotFound when there is none.
func (a *Accounts) UserByName(ctx context.Context, username string) (User, error) {
	return found(sqldb.One(ctx, a.db.Read(), scanUser, selectUserByKey, UsernameKey(username)))
}

func found[T any](v T, err error) (T, error) {
	if sqldb.Missing(err) {
		return v, errs.New(errs.NotFound, "No such user.")
	}
	if err != nil {
		return v, fmt.Errorf("find user: %w", err)
	}
	return v, nil
}

const selectUsers = `SELECT ` + userColumns + ` FROM auth_user u ORDER BY u.username_key`

// Users lists every account by name.
func (a *Accounts) Users(ctx context.Context) ([]User, error) {
	users, err := sqldb.All(ctx, a.db.Read(), scanUser, selectUsers)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return users, nil
}

const countUsers = `SELECT COUNT(*) FROM auth_user`

// CountUsers tells how many accounts there are.
func (a *Accounts) CountUsers(ctx context.Context) (n int64, err error) {
	return sqldb.One(ctx, a.db.Read(), func(r sqldb.Row) (n int64, err error) {
		err = r.Scan(&n)
		return n, err
	}, countUsers)
}

const countActive = `SELECT COUNT(CASE WHEN is_active THEN 1 END), COUNT(*) FROM auth_user`

// CountActive tells how many accounts may be used, of how many there are.
func (a *Accounts) CountActive(ctx context.Context) (active, all int64, err error) {
	_, err = sqldb.One(ctx, a.db.Read(), func(r sqldb.Row) (struct{}, error) { return struct{}{}, r.Scan(&active, &all) }, countActive)
	if err != nil {
		return 0, 0, fmt.Errorf("count users: %w", err)
	}
	return active, all, nil
}

const (
	updateActive    = `UPDATE auth_user SET is_active = $2, updated_at = $3 WHERE id = $1 AND is_active <> $2`
	updateSuperuser = `UPDATE auth_user SET is_superuser = $2, updated_at = $3 WHERE id = $1 AND is_superuser <> $2`
	updateHash      = `UPDATE auth_user SET password = $2, updated_at = $3 WHERE id = $1`
	deleteSessions  = `DELETE FROM session WHERE user_id = $1`
)

// SetActive disables or enables an account. A disabled user's sessions end;
// tokens and teams stop at their next request and work again once enabled. The
// last active superuser is a Conflict.
func (a *Accounts) SetActive(ctx context.Context, by Actor, userID string, active bool) error {
	name, outcome := "user_disable", "disabled"
	if active {
		name, outcome = "user_enable", "enabled"
	}
	return a.change(ctx, userID, func(tx sqldb.Querier, u User) ([]Event, error) {
		if err := mayAdminister(by, u); err != nil {
			return nil, err
		}
		if !active {
			if err := keepSuperuser(ctx, tx, u); err != nil {
				return nil, err
			}
		}
		n, err := sqldb.Exec(ctx, tx, updateActive, userID, active, sqldb.At(a.opt.Now()))
		if err != nil || n == 0 {
			return nil, err
		}
		if !active {
			if _, err := sqldb.Exec(ctx, tx, deleteSessions, userID); err != nil {
				return nil, fmt.Errorf("end sessions: %w", err)
			}
		}
		return []Event{userEvent(name, outcome, by, u)}, nil
	})
}

// SetSuperuser gives or takes the rights of a superuser. The last active one is
// a Conflict.
func (a *Accounts) SetSuperuser(ctx context.Context, by Actor, userID string, superuser bool) error {
	return a.change(ctx, userID, func(tx sqldb.Querier, u User) ([]Event, error) {
		if err := maySetSuperuser(ctx, tx, by, u, superuser); err != nil {
			return nil, err
		}
		n, err := sqldb.Exec(ctx, tx, updateSuperuser, userID, superuser, sqldb.At(a.opt.Now()))
		if err != nil || n == 0 {
			return nil, err
		}
		return []Event{userEvent("user_superuser", "set", by, u, slog.Bool("superuser", superuser))}, nil
	})
}

// SetPassword sets a password and ends the user's sessions. Tokens stay.
func (a *Accounts) SetPassword(ctx context.Context, by Actor, userID, password string) error {
	u, err := a.User(ctx, userID)
	if err != nil {
		return err
	}
	if err := mayAdminister(by, u); err != nil {
		return err
	}
	encoded, err := a.encode(ctx, password, u.Username)
	if err != nil {
		return err
	}
	return a.change(ctx, userID, func(tx sqldb.Querier, u User) ([]Event, error) {
		if err := mayAdminister(by, u); err != nil { // they may be a superuser since
			return nil, err
		}
		if _, err := sqldb.Exec(ctx, tx, updateHash, userID, encoded, sqldb.At(a.opt.Now())); err != nil {
			return nil, fmt.Errorf("set password: %w", err)
		}
		if _, err := sqldb.Exec(ctx, tx, deleteSessions, userID); err != nil {
			return nil, fmt.Errorf("end sessions: %w", err)
		}
		return []Event{userEvent("user_password", "set", by, u)}, nil
	})
}

// change runs a change of one user in a transaction, with its audit.
func (a *Accounts) change(ctx context.Context, userID string, fn func(tx sqldb.Querier, u User) ([]Event, error)) error {
	return a.audit.Do(ctx, func(tx sqldb.Querier) ([]Event, error) {
		u, err := userByID(ctx, tx, userID)
		if err != nil {
			return nil, err
		}
		return fn(tx, u)
	})
}

func userEvent(name, outcome string, by Actor, u User, more ...slog.Attr) Event {
	detail := append([]slog.Attr{slog.String("user_id", u.ID), slog.String("username", u.Username)}, more...)
	return Event{Name: name, Outcome: outcome, Actor: by, Detail: detail}
}
