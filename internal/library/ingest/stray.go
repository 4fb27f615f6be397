package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// strayObjects gives the objects that no generation knows. A young one may
// have been stored by an upload that is accepted this moment.
func (s *core) strayObjects(ctx context.Context) iter.Seq2[blob.Info, error] {
	const many = 500
	return func(yield func(blob.Info, error) bool) {
		var some []blob.Info
		pass := func() bool {
			strays, err := s.unknownOf(ctx, some)
			if err != nil {
				yield(blob.Info{}, err)
				return false
			}
			for _, object := range strays {
				if !yield(object, nil) {
					return false
				}
			}
			some = some[:0]
			return true
		}
		for object, err := range s.objects.List(ctx, "") {
			if err != nil {
				yield(blob.Info{}, err)
				return
			}
			if ours(object.Key) {
				some = append(some, object)
			}
			if len(some) == many && !pass() {
				return
			}
		}
		pass()
	}
}

// ours tells whether a key is of the kind that documents are kept under:
// library, upload, part. What others keep in the store is theirs.
func ours(key string) bool {
	folder, part := path.Split(key)
	switch part {
	case originalKey(""), textKey(""), structureKey(""), regionsKey(""):
		return strings.Count(folder, "/") == 2
	}
	return false
}

// unknownOf gives those objects that no generation knows and that are there
// still: a purge takes the object away before its row.
func (s *core) unknownOf(ctx context.Context, some []blob.Info) ([]blob.Info, error) {
	if len(some) == 0 {
		return nil, nil
	}
	originals := make([]string, len(some))
	for i, object := range some {
		originals[i] = originalKey(object.Key[:strings.LastIndexByte(object.Key, '/')+1])
	}
	rows, err := sqldb.All(ctx, s.db.Read(), scanString,
		`SELECT original_key FROM item_generation WHERE original_key IN (`+marks(len(some))+`)
UNION SELECT original_key FROM found_attachment WHERE original_key IN (`+marks(len(some))+`) ORDER BY original_key`, anys(originals)...)
	if err != nil {
		return nil, fmt.Errorf("look up objects: %w", err)
	}
	known := make(map[string]bool, len(rows))
	for _, key := range rows {
		known[key] = true
	}
	var out []blob.Info
	for i, object := range some {
		if known[originals[i]] {
			continue
		}
		body, _, err := s.objects.Open(ctx, object.Key)
		if errors.Is(err, blob.ErrMissing) {
			continue
		}
		if err == nil {
			_ = body.Close() // nothing was read
		}
		out = append(out, object)
	}
	return out, nil
}

// stray is something that the index holds and no row knows: a whole library
// when ItemUID is empty, a whole item when Generation is 0.
type stray = library.GenerationRef

const (
	listLibraries   = `SELECT uid FROM library ORDER BY uid`
	listGenerations = `SELECT g.item_uid, g.generation FROM item_generation g JOIN item i ON i.uid = g.item_uid WHERE i.library_uid = $1
ORDER BY g.item_uid, g.generation`
)

// strayIndex gives what the index holds and no row knows. A library that
// cannot be looked at is told of by its error, and the others are gone
// through all the same.
func (s *core) strayIndex(ctx context.Context) iter.Seq2[stray, error] {
	return func(yield func(stray, error) bool) {
		held, err := s.graph.Libraries(ctx) // before the rows: a new library's row comes first
		if err != nil {
			yield(stray{}, fmt.Errorf("list the libraries of the index: %w", err))
			return
		}
		libraries, err := sqldb.All(ctx, s.db.Read(), scanString, listLibraries)
		if err != nil {
			yield(stray{}, fmt.Errorf("list libraries: %w", err))
			return
		}
		for _, uid := range held {
			if len(uid) != 36 || uuid.Validate(uid) != nil {
				continue // what is no uid, somebody put there
			}
			if _, known := slices.BinarySearch(libraries, uid); !known {
				if !yield(stray{LibraryUID: uid}, nil) {
					return
				}
				continue
			}
			strays, err := s.straysOf(ctx, uid)
			if err != nil && !yield(stray{LibraryUID: uid}, err) {
				return
			}
			for _, ref := range strays {
				if !yield(ref, nil) {
					return
				}
			}
		}
	}
}

// straysOf gives what the index holds of a library and no row knows.
func (s *core) straysOf(ctx context.Context, uid string) ([]stray, error) {
	held, err := s.graph.Generations(ctx, uid)
	if err != nil || len(held) == 0 {
		return nil, err
	}
	known, items := map[stray]bool{}, map[string]bool{}
	_, err = sqldb.All(ctx, s.db.Read(), func(row sqldb.Row) (struct{}, error) {
		ref := stray{LibraryUID: uid}
		err := row.Scan(&ref.ItemUID, &ref.Generation)
		known[ref], items[ref.ItemUID] = true, true
		return struct{}{}, err
	}, listGenerations, uid)
	if err != nil {
		return nil, err
	}
	var out []stray
	for _, ref := range held {
		switch {
		case known[ref]:
			continue
		case !items[ref.ItemUID]:
			ref.Generation = 0
		}
		if !slices.Contains(out, ref) {
			out = append(out, ref)
		}
	}
	return out, nil
}
