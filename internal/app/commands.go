package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/lifecycle"
)

// ActorFor is who a command acts for that may leave the user out: the one
// named or, on an installation of one person, that person.
func (c *Core) ActorFor(ctx context.Context, username string) (accounts.Actor, error) {
	if username != "" {
		by, err := c.Actor(ctx, username)
		if errs.Is(err, errs.NotFound) {
			err = fmt.Errorf("there is no user %q; `mnemosyne list-users` lists them", username)
		}
		return by, err
	}
	users, err := c.Accounts.Users(ctx)
	if err != nil {
		return accounts.Actor{}, err
	}
	var active []string
	for _, u := range users {
		if u.Active {
			active = append(active, u.Username)
		}
	}
	switch len(active) {
	case 0:
		return accounts.Actor{}, errors.New("nobody has an account yet; `mnemosyne up` or `mnemosyne create-user` makes one")
	case 1:
		return c.Actor(ctx, active[0])
	}
	return accounts.Actor{}, fmt.Errorf("say for whom with --user: %s", strings.Join(active, ", "))
}

// OneLibrary finds the library that a command names by uid or name.
func (c *Core) OneLibrary(ctx context.Context, p accounts.Principal, named string) (library.Library, error) {
	found, err := c.Access.Resolve(ctx, p, []string{named})
	if errs.Is(err, errs.NotFound) {
		return library.Library{}, c.noLibrary(ctx, p, named)
	}
	if err != nil {
		return library.Library{}, err
	}
	return found[0], nil
}

// noLibrary says which libraries there are in place of one that is not.
func (c *Core) noLibrary(ctx context.Context, p accounts.Principal, named string) error {
	const most = 20
	have, err := c.Access.Readable(ctx, p)
	if err != nil {
		return err
	}
	if len(have) == 0 {
		return fmt.Errorf("%s has no library %q, nor any other; /libraries/add/ in the browser makes one", p.Username, named)
	}
	var names []string
	for _, l := range have[:min(most, len(have))] {
		names = append(names, strconv.Quote(l.Name))
	}
	if len(have) > most {
		names = append(names, fmt.Sprintf("%d more", len(have)-most))
	}
	return fmt.Errorf("%s has no library %q; there are: %s", p.Username, named, strings.Join(names, ", "))
}

// IngestFiles takes files and folders in and tells of each. Where another
// process holds the data folder, that one does the work; else it is done here.
func (s *Services) IngestFiles(ctx context.Context, p accounts.Principal, libraryUID string, paths []string) iter.Seq2[ingest.FileEvent, error] {
	return func(yield func(ingest.FileEvent, error) bool) {
		stop, err := s.workHere(ctx)
		if err != nil {
			yield(ingest.FileEvent{}, err)
			return
		}
		for e, err := range s.Ingest.Files(ctx, p, libraryUID, paths) {
			if !yield(e, err) {
				break
			}
		}
		if err := stop(); err != nil {
			yield(ingest.FileEvent{}, err)
		}
	}
}

// workHere starts a worker in this process, unless another process holds the
// data folder and so has one.
func (s *Services) workHere(ctx context.Context) (stop func() error, err error) {
	lock, err := lockFolder(ctx, s.Dir, "ingest", "")
	if _, held := errors.AsType[*HeldError](err); held {
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, err
	}
	group := lifecycle.NewGroup(s.Log)
	if err := s.addWorker(group); err != nil {
		return nil, errors.Join(err, lock.release())
	}
	if err := group.Start(ctx); err != nil {
		return nil, errors.Join(err, lock.release())
	}
	return func() error {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		return errors.Join(group.Stop(stopping), lock.release())
	}, nil
}
