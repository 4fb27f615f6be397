package library

import (
	"context"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	namedSpaces = `SELECT embedding_space FROM library WHERE deleted_at IS NULL AND embedding_space <> ''
UNION SELECT other_space FROM library WHERE deleted_at IS NULL AND other_space <> '' ORDER BY 1`
	unnamedSpaces = `SELECT DISTINCT g.embedding_space FROM library l
JOIN item i ON i.library_uid = l.uid JOIN item_generation g ON g.item_uid = i.uid AND g.status = 'published'
WHERE l.deleted_at IS NULL AND l.embedding_space = '' AND i.deleted_at IS NULL AND g.embedding_space <> '' ORDER BY 1`
)

func scanSpace(row sqldb.Row) (space string, err error) { return space, row.Scan(&space) }

// SpacesInUse gives the embedding spaces of libraries that have moved or are
// on their way, and those that documents of all other libraries were embedded
// in.
func SpacesInUse(ctx context.Context, db *sqldb.DB) (named, unnamed []string, err error) {
	if named, err = sqldb.All(ctx, db.Read(), scanSpace, namedSpaces); err != nil {
		return nil, nil, fmt.Errorf("list the embedding spaces of libraries: %w", err)
	}
	if unnamed, err = sqldb.All(ctx, db.Read(), scanSpace, unnamedSpaces); err != nil {
		return nil, nil, fmt.Errorf("list the embedding spaces of documents: %w", err)
	}
	return named, unnamed, nil
}
