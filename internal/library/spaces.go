package library

import (
	"context"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	namedSpaces = `SELECT embedding_space FROM library WHERE deleted_at IS NULL AND embedding_space <> ''
UNION SELECT other_space FROM library WHERE deleted_at IS NULL AND other_space <> '' ORDER BY 1`
	// Each space is looked up behind the one before, and asked of its documents
	// until one is in a library without a space of its own.
	unnamedSpaces = `WITH RECURSIVE spaces (space) AS (
	SELECT MIN(embedding_space) FROM item_generation WHERE status = 'published' AND embedding_space > ''
	UNION ALL
	SELECT (SELECT MIN(g.embedding_space) FROM item_generation g WHERE g.status = 'published' AND g.embedding_space > spaces.space)
	FROM spaces WHERE spaces.space IS NOT NULL)
SELECT space FROM spaces WHERE space IS NOT NULL AND EXISTS (
	SELECT 1 FROM item_generation g JOIN item i ON i.uid = g.item_uid JOIN library l ON l.uid = i.library_uid
	WHERE g.status = 'published' AND g.embedding_space = spaces.space
	AND i.deleted_at IS NULL AND l.deleted_at IS NULL AND l.embedding_space = '')
ORDER BY space`
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
