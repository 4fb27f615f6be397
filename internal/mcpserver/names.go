package mcpserver

import (
	"context"
	"fmt"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	nameOfToken = `SELECT name FROM user_token WHERE token_hash >= $1 AND token_hash < $2 ORDER BY created_at, id LIMIT 1`
	nameOfTeam  = `SELECT name FROM team WHERE id = $1`
)

// NamesOf tells what anybody's tokens and teams are called, by their masked
// form, for those who run the place. What is not known any more has no name.
func (s *Tokens) NamesOf(ctx context.Context, masked []string) (map[string]string, error) {
	names := map[string]string{}
	for _, m := range masked {
		query, args := nameOfToken, []any(nil)
		if prefix, ok := strings.CutPrefix(m, maskedPrefix); ok {
			args = []any{prefix, prefix + "g"} // behind every hex digit
		} else if id, ok := strings.CutPrefix(m, subPrefix); ok {
			query, args = nameOfTeam, []any{id}
		} else {
			continue
		}
		name, err := sqldb.One(ctx, s.db.Read(), func(r sqldb.Row) (name string, err error) { return name, r.Scan(&name) }, query, args...)
		switch {
		case sqldb.Missing(err):
		case err != nil:
			return nil, fmt.Errorf("name a credential: %w", err)
		default:
			names[m] = name
		}
	}
	return names, nil
}
