package sqlitegraph

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const publishedSpaces = `SELECT name FROM space WHERE EXISTS (
SELECT 1 FROM vector v JOIN item i ON i.id = v.item_id AND i.generation = v.generation WHERE v.space_id = space.id)`

// Spaces lists the embedding spaces of published vectors, in order.
func (g *Graph) Spaces(ctx context.Context, libraryUIDs []string) ([]string, error) {
	lists := make([][]string, len(libraryUIDs))
	err := each(ctx, libraryUIDs, func(ctx context.Context, i int, uid string) error {
		return g.read(ctx, uid, func(s *snapshot) (err error) {
			lists[i], err = sqldb.All(ctx, s, scanString, publishedSpaces)
			return err
		})
	})
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all), err
}

// Libraries lists the files.
func (g *Graph) Libraries(context.Context) ([]string, error) {
	entries, err := os.ReadDir(g.dir)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The index folder cannot be read.")
	}
	var out []string
	for _, entry := range entries {
		uid, isFile := strings.CutSuffix(entry.Name(), fileSuffix)
		if isFile && entry.Type().IsRegular() && libraryName.MatchString(uid) {
			out = append(out, uid)
		}
	}
	return out, nil
}

const listGenerations = `SELECT i.uid, c.generation FROM chunk c JOIN item i ON i.id = c.item_id
GROUP BY i.uid, c.generation ORDER BY i.uid, c.generation`

// Generations lists what is stored, whether it is seen or not.
func (g *Graph) Generations(ctx context.Context, libraryUID string) ([]library.GenerationRef, error) {
	var out []library.GenerationRef
	err := g.read(ctx, libraryUID, func(s *snapshot) (err error) {
		out, err = sqldb.All(ctx, s, func(r sqldb.Row) (library.GenerationRef, error) {
			ref := library.GenerationRef{LibraryUID: libraryUID}
			err := r.Scan(&ref.ItemUID, &ref.Generation)
			return ref, err
		}, listGenerations)
		return err
	})
	return out, err
}

const countStored = `SELECT (SELECT COUNT(*) FROM item), (SELECT COUNT(*) FROM chunk),
(SELECT visible FROM total), (SELECT COUNT(*) FROM vector), (SELECT COUNT(*) FROM concept)`

// Stats counts what is stored.
func (g *Graph) Stats(ctx context.Context, libraryUID string) (library.GraphStats, error) {
	var st library.GraphStats
	err := g.read(ctx, libraryUID, func(s *snapshot) error {
		row := s.QueryRowContext(ctx, countStored)
		if err := row.Scan(&st.Items, &st.Chunks, &st.Visible, &st.Vectors, &st.Concepts); err != nil {
			return fmt.Errorf("count: %w", err)
		}
		for _, suffix := range []string{"", "-wal"} {
			info, err := os.Stat(s.store.path + suffix)
			if err != nil {
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				return fmt.Errorf("size of the index: %w", err)
			}
			st.Bytes += info.Size()
		}
		return nil
	})
	return st, err
}
