package sqlitegraph

import (
	"fmt"
	"testing"
)

// OpenFiles counts the files that are open.
func (g *Graph) OpenFiles() int {
	g.shelf.mu.Lock()
	defer g.shelf.mu.Unlock()
	n := 0
	for _, p := range g.shelf.places {
		if p.store != nil {
			n++
		}
	}
	return n
}

// VectorBytes is the memory that vectors take.
func (g *Graph) VectorBytes() int64 {
	g.vectors.mu.Lock()
	defer g.vectors.mu.Unlock()
	return g.vectors.total
}

// ForgetChanges empties a library's log of changes.
func ForgetChanges(t *testing.T, g *Graph, uid string) {
	t.Helper()
	exec(t, g, uid, `DELETE FROM change`)
}

// SetVersion marks a library's file as made by another version.
func SetVersion(t *testing.T, g *Graph, uid string, version int) {
	t.Helper()
	exec(t, g, uid, fmt.Sprintf(`PRAGMA user_version = %d`, version))
}

func exec(t *testing.T, g *Graph, uid, statement string) {
	t.Helper()
	if err := g.write(t.Context(), uid, false, func(s *snapshot) error {
		_, err := s.ExecContext(t.Context(), statement)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// Loaded returns when no load of a library's vectors is under way.
func (g *Graph) Loaded(library, space string) {
	<-g.loads.DoChan(library+" "+space, func() (any, error) { return struct{}{}, nil })
}

// Downgrade makes of a library's file what version 1 made.
func Downgrade(t *testing.T, g *Graph, uid string) {
	t.Helper()
	exec(t, g, uid, `DROP TABLE mention;
DROP TABLE concept;
ALTER TABLE change DROP COLUMN space_id;
ALTER TABLE vector RENAME TO newer;
CREATE TABLE vector (
    item_id    INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    ordinal    INTEGER NOT NULL,
    space_id   INTEGER NOT NULL,
    hash       TEXT NOT NULL,
    value      BLOB NOT NULL, -- [dimensions]float32, little-endian
    UNIQUE (item_id, generation, ordinal)
);
INSERT INTO vector SELECT item_id, generation, ordinal, space_id, hash, value FROM newer;
DROP TABLE newer;
CREATE INDEX vector_hash ON vector (item_id, generation, hash);
DROP INDEX item_language;
ALTER TABLE item DROP COLUMN language;
PRAGMA user_version = 1`)
}

// BoundWords lets a search by words rate few chunks and read so many again,
// as if the library were large.
func BoundWords(g *Graph, rows, reread int) {
	g.bounds.rows, g.bounds.rated, g.bounds.held, g.bounds.past, g.bounds.reread = rows, rows, int64(rows), rows, reread
}

// UnboundWords lets a search rate everything.
func UnboundWords(g *Graph) { BoundWords(g, 1<<40, 1) }
