package rebuild

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Move is where a library stands on its way to another embedding space.
type Move struct {
	LibraryUID  string
	LibraryName string
	From, To    string // To is empty when it is on no way
	Switched    bool   // searches use To already; From is kept until confirmed
}

func (l lib) move() Move {
	m := Move{LibraryUID: l.uid, LibraryName: l.name, From: l.space, To: l.other, Switched: l.switched}
	if l.switched {
		m.From, m.To = l.other, l.space
	}
	return m
}

// Moves tells where libraries stand, all of them when none is named.
func (s *Service) Moves(ctx context.Context, libraryUIDs []string) ([]Move, error) {
	libraries, err := s.libraries(ctx, libraryUIDs)
	if err != nil {
		return nil, err
	}
	var moves []Move
	for _, l := range libraries {
		moves = append(moves, l.move())
	}
	return moves, nil
}

// errNothing says that a library needs nothing of what was asked.
var errNothing = errors.New("rebuild: nothing to do")

const beginMove = `UPDATE library SET embedding_space = $2, other_space = $3, space_switched = FALSE, revision = revision + 1, updated_at = $4
WHERE uid = $1 AND embedding_space = $5 AND other_space = $6 AND deleted_at IS NULL`

// Reembed begins to fill the Target's space beside the one that searches use.
// Libraries that are in it already are left out.
func (s *Service) Reembed(ctx context.Context, by accounts.Actor, libraryUIDs []string) ([]Task, error) {
	target, err := embedding.KnownSpace(ctx, s.Target())
	if err != nil {
		return nil, noEmbedder(err, "")
	}
	libraries, err := s.libraries(ctx, libraryUIDs)
	if err != nil {
		return nil, err
	}
	var tasks []Task
	for _, l := range libraries {
		t, err := s.beginReembed(ctx, by, l, target.ID())
		if errors.Is(err, errNothing) {
			continue
		}
		if err != nil {
			return tasks, err
		}
		tasks = append(tasks, t)
	}
	s.poke()
	return tasks, nil
}

func (s *Service) beginReembed(ctx context.Context, by accounts.Actor, l lib, target string) (t Task, err error) {
	now, err := s.spaceNow(ctx, l)
	switch {
	case err != nil:
		return t, err
	case l.switched && l.space == target:
		return t, errs.Newf(errs.Conflict, "Library %s has been switched to %s already. Confirm it, or abort to go back.", l.name, target)
	case now == target:
		return t, errNothing
	case l.other != "" && l.other != target:
		return t, errs.Newf(errs.Conflict, "Library %s is on its way to %s. Abort that first.", l.name, l.other)
	}
	err = s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		n, err := sqldb.Exec(ctx, tx, beginMove, l.uid, now, target, sqldb.At(s.now()), l.space, l.other)
		if err != nil {
			return nil, fmt.Errorf("note the new space: %w", err)
		}
		if n == 0 {
			return nil, changedMeanwhile(l)
		}
		// One that fills another space, as the one in use, is taken up again later.
		if _, err := sqldb.Exec(ctx, tx, cancelTasks, l.uid, Reembed, sqldb.At(s.now()), target); err != nil {
			return nil, fmt.Errorf("cancel tasks: %w", err)
		}
		if t, err = s.begin(ctx, tx, Reembed, l.uid, target, false); err != nil {
			return nil, err
		}
		return []accounts.Event{event("begun", by, l, now, target)}, nil
	})
	return t, err
}

// spaceNow is the space that a library's searches use. One that never moved
// is in the space of its vectors or, when it has none, in the main embedder's.
func (s *Service) spaceNow(ctx context.Context, l lib) (string, error) {
	if l.space != "" {
		return l.space, nil
	}
	spaces, err := s.graph.Spaces(ctx, []string{l.uid})
	if err != nil {
		return "", fmt.Errorf("list the spaces of library %s: %w", l.uid, err)
	}
	main, err := embedding.KnownSpace(ctx, s.embedders.Main)
	switch {
	case len(spaces) == 1:
		return spaces[0], nil
	case err != nil:
		return "", noEmbedder(err, "")
	}
	return main.ID(), nil
}

func event(outcome string, by accounts.Actor, l lib, from, to string) accounts.Event {
	return accounts.Event{Name: "library_reembed", Outcome: outcome, Actor: by, Detail: []slog.Attr{
		slog.String("library_uid", l.uid), slog.String("from", from), slog.String("to", to),
	}}
}

func changedMeanwhile(l lib) error {
	return errs.Newf(errs.Conflict, "Library %s was changed by somebody else this moment. Try again.", l.name)
}

const swapSpaces = `UPDATE library SET embedding_space = $2, other_space = $3, space_switched = $4, revision = revision + 1, updated_at = $5
WHERE uid = $1 AND embedding_space = $6 AND other_space = $7 AND space_switched = $8 AND deleted_at IS NULL`

// set moves a library from one state to another, unless it is in another by
// now.
func (s *Service) set(ctx context.Context, by accounts.Actor, l, next lib, outcome string) error {
	m := l.move()
	return s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		at := sqldb.At(s.now())
		n, err := sqldb.Exec(ctx, tx, swapSpaces, l.uid, next.space, next.other, next.switched, at, l.space, l.other, l.switched)
		if err != nil {
			return nil, fmt.Errorf("note the space: %w", err)
		}
		if n == 0 {
			return nil, changedMeanwhile(l)
		}
		if outcome == "aborted" || outcome == "confirmed" {
			if _, err := sqldb.Exec(ctx, tx, cancelTasks, l.uid, Reembed, at, ""); err != nil {
				return nil, fmt.Errorf("cancel tasks: %w", err)
			}
		}
		return []accounts.Event{event(outcome, by, l, m.From, m.To)}, nil
	})
}

const openReembed = `SELECT EXISTS (SELECT 1 FROM index_task WHERE library_uid = $1 AND kind = 'reembed' AND status IN ('queued', 'running'))`

// Switch makes searches use the new space of each library, whose old one is
// kept. All of them must be whole; otherwise nothing is switched.
func (s *Service) Switch(ctx context.Context, by accounts.Actor, libraryUIDs []string) ([]Move, error) {
	moving, err := s.moving(ctx, libraryUIDs, func(l lib) bool { return l.other != "" && !l.switched })
	if err != nil {
		return nil, err
	}
	for _, l := range moving {
		if err := s.ready(ctx, l); err != nil {
			return nil, err
		}
	}
	return s.each(ctx, moving, func(l lib) (lib, error) {
		next := l
		next.space, next.other, next.switched = l.other, l.space, true
		return next, s.set(ctx, by, l, next, "switched")
	})
}

// ready tells why a library cannot be switched yet.
func (s *Service) ready(ctx context.Context, l lib) error {
	open, err := sqldb.One(ctx, s.db.Read(), scanBool, openReembed, l.uid)
	if err != nil {
		return fmt.Errorf("look for tasks: %w", err)
	}
	lacking, err := s.graph.WithoutVector(ctx, l.uid, l.other, 1)
	if err != nil {
		return fmt.Errorf("look for chunks without a vector: %w", err)
	}
	if open || len(lacking) > 0 {
		return errs.Newf(errs.Conflict, "Library %s is not whole in %s yet. Run `mnemosyne reembed` and wait for it.", l.name, l.other)
	}
	return nil
}

// Confirm ends moves that were switched: the old spaces are dropped.
func (s *Service) Confirm(ctx context.Context, by accounts.Actor, libraryUIDs []string) ([]Move, error) {
	moving, err := s.moving(ctx, libraryUIDs, func(l lib) bool { return l.switched })
	if err != nil {
		return nil, err
	}
	return s.each(ctx, moving, func(l lib) (lib, error) {
		next := l
		next.other, next.switched = "", false
		if err := s.set(ctx, by, l, next, "confirmed"); err != nil {
			return l, err
		}
		return next, s.graph.DropSpace(ctx, l.uid, l.other)
	})
}

// Abort ends moves where they began: searches use the old spaces, and the new
// ones are dropped.
func (s *Service) Abort(ctx context.Context, by accounts.Actor, libraryUIDs []string) ([]Move, error) {
	moving, err := s.moving(ctx, libraryUIDs, func(l lib) bool { return l.other != "" })
	if err != nil {
		return nil, err
	}
	return s.each(ctx, moving, func(l lib) (lib, error) {
		next, drop := l, l.other
		if l.switched {
			next.space, drop = l.other, l.space
		}
		next.other, next.switched = "", false
		if err := s.set(ctx, by, l, next, "aborted"); err != nil {
			return l, err
		}
		return next, s.graph.DropSpace(ctx, l.uid, drop)
	})
}

// moving gives the libraries that a step is for. Of those that were named,
// each must be.
func (s *Service) moving(ctx context.Context, libraryUIDs []string, suits func(lib) bool) ([]lib, error) {
	libraries, err := s.libraries(ctx, libraryUIDs)
	if err != nil {
		return nil, err
	}
	var out []lib
	for _, l := range libraries {
		switch {
		case suits(l):
			out = append(out, l)
		case len(libraryUIDs) > 0:
			return nil, errs.Newf(errs.Conflict, "Library %s is not at this step: %s.", l.name, l.standing())
		}
	}
	return out, nil
}

// standing says where a library stands, for people.
func (l lib) standing() string {
	switch {
	case l.switched:
		return "searches use " + l.space + ", and " + l.other + " is kept until it is confirmed"
	case l.other != "":
		return l.other + " is filled beside " + l.space
	}
	return "it is on its way to no other embedding space"
}

func (s *Service) each(ctx context.Context, libraries []lib, step func(lib) (lib, error)) ([]Move, error) {
	var moves []Move
	for _, l := range libraries {
		next, err := step(l)
		if err != nil {
			return moves, err
		}
		moves = append(moves, next.move())
	}
	s.poke()
	return moves, ctx.Err()
}
