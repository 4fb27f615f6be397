package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// The stores that something may be left in.
const (
	storeDatabase = "database"
	storeGraph    = "graph"
	storeObjects  = "objects"
)

// How old what is left may be before somebody should look: longer than it
// takes the Reconciler to come round for certain.
const (
	rowGrace    = 10 * time.Minute
	objectGrace = 2 * time.Hour
)

// Residue is one kind of thing that is left in a store of what was deleted,
// or that no row knows.
type Residue struct {
	Store string `json:"store"` // database, graph or objects
	Kind  string `json:"kind"`  // as "items deleted and not purged"
	Count int64  `json:"count"`
	// Overdue is how many of them are older than they should get. The index
	// does not say how old a thing is: there, all are.
	Overdue int64      `json:"overdue"`
	Oldest  *time.Time `json:"oldest"` // null where nothing is left, or no time is known
	Example string     `json:"example,omitempty"`
}

func (r *Residue) add(example string, at *time.Time, grace time.Duration, now time.Time) {
	r.Count++
	if at == nil || now.Sub(*at) > grace {
		r.Overdue++
	}
	if r.Example == "" {
		r.Example = example
	}
	if at != nil && (r.Oldest == nil || at.Before(*r.Oldest)) {
		r.Oldest, r.Example = at, example
	}
}

const (
	leftLibraries = `SELECT uid, deleted_at FROM library WHERE deleted_at IS NOT NULL AND` + notImporting + ` ORDER BY deleted_at, uid`
	leftItems     = `SELECT i.uid, i.deleted_at FROM item i JOIN library l ON l.uid = i.library_uid
WHERE i.deleted_at IS NOT NULL AND l.deleted_at IS NULL ORDER BY i.deleted_at, i.uid`
)

// Residue looks through every store for what is left of deleted libraries and
// items, and for what no row knows. It changes nothing. A store that cannot be
// looked at is in the error, and the others are looked at all the same. A
// negative grace is ten minutes for rows, and two hours for objects, which an
// upload stores before it is accepted.
func (s *Service) Residue(ctx context.Context, grace time.Duration) ([]Residue, error) {
	rows, objects := rowGrace, objectGrace
	if grace >= 0 {
		rows, objects = grace, grace
	}
	var all []Residue
	var faults []error
	for _, kind := range []struct {
		name, query string
		args        []any
	}{
		{"libraries deleted and not purged", leftLibraries, []any{sqldb.At(s.now())}},
		{"items deleted and not purged", leftItems, nil},
	} {
		left, err := s.leftRows(ctx, kind.name, rows, kind.query, kind.args...)
		all, faults = append(all, left), append(faults, err)
	}
	index, err := s.leftIndex(ctx)
	all, faults = append(all, index...), append(faults, err)
	kept, err := s.leftObjects(ctx, objects)
	return append(all, kept), errors.Join(append(faults, err)...)
}

func (s *core) leftRows(ctx context.Context, kind string, grace time.Duration, query string, args ...any) (Residue, error) {
	left := Residue{Store: storeDatabase, Kind: kind}
	_, err := sqldb.All(ctx, s.db.Read(), func(row sqldb.Row) (struct{}, error) {
		var uid string
		var at sqldb.Time
		err := row.Scan(&uid, &at)
		left.add(uid, &at.Time, grace, s.now())
		return struct{}{}, err
	}, query, args...)
	if err != nil {
		return left, fmt.Errorf("look for %s: %w", kind, err)
	}
	return left, nil
}

func (s *core) leftIndex(ctx context.Context) ([]Residue, error) {
	libraries := Residue{Store: storeGraph, Kind: "libraries that no row knows"}
	generations := Residue{Store: storeGraph, Kind: "generations that no row knows"}
	var faults []error
	for ref, err := range s.strayIndex(ctx) {
		switch {
		case err != nil:
			faults = append(faults, fmt.Errorf("look through the index of library %s: %w", ref.LibraryUID, err))
		case ref.ItemUID == "":
			libraries.add(ref.LibraryUID, nil, 0, s.now())
		default:
			generations.add(fmt.Sprintf("%s/%s/%d", ref.LibraryUID, ref.ItemUID, ref.Generation), nil, 0, s.now())
		}
	}
	return []Residue{libraries, generations}, errors.Join(faults...)
}

func (s *core) leftObjects(ctx context.Context, grace time.Duration) (Residue, error) {
	left := Residue{Store: storeObjects, Kind: "objects that no row knows"}
	if err := s.ownObjects(ctx, false); err != nil {
		return left, err
	}
	for object, err := range s.strayObjects(ctx) {
		if err != nil {
			return left, fmt.Errorf("look through the objects: %w", err)
		}
		left.add(object.Key, &object.Modified, grace, s.now())
	}
	return left, nil
}

const countLeft = `SELECT (SELECT COUNT(*) FROM library WHERE deleted_at IS NOT NULL AND` + notImporting + `) +
	(SELECT COUNT(*) FROM item i JOIN library l ON l.uid = i.library_uid WHERE i.deleted_at IS NOT NULL AND l.deleted_at IS NULL)`

// countLeft puts what the database still has of deleted things into the
// metrics, once everything was tried. What the other stores hold is counted
// when they are swept.
func (r *Reconciler) countLeft(ctx context.Context) error {
	n, err := sqldb.One(ctx, r.db.Read(), scanInt, countLeft, sqldb.At(r.now()))
	if err != nil {
		return fmt.Errorf("count what is left: %w", err)
	}
	r.metrics.left(storeDatabase, int(n))
	return nil
}
