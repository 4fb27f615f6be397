package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

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

// IngestFiles takes files and folders in and tells of each. Where other
// processes do the work it only hands them over, and says through stalled, if
// nobody takes them up. Where the data folder is nobody's, the work is done
// here, also when its holder ends meanwhile.
func (s *Services) IngestFiles(ctx context.Context, p accounts.Principal, libraryUID string, paths []string, stalled func(why string)) iter.Seq2[ingest.FileEvent, error] {
	return func(yield func(ingest.FileEvent, error) bool) {
		help := &helper{s: s, stalled: stalled}
		if err := help.start(ctx); err != nil {
			yield(ingest.FileEvent{}, err)
			return
		}
		for e, err := range s.Ingest.Files(ctx, p, libraryUID, paths) {
			if !yield(e, err) {
				break
			}
		}
		if err := help.stop(ctx); err != nil {
			yield(ingest.FileEvent{}, err)
		}
	}
}

// helper sees that somebody works while a command waits for jobs.
type helper struct {
	s       *Services
	stalled func(why string)
	group   *lifecycle.Group // of the worker in this process; nil: none
	lock    *folderLock
	watch   *lifecycle.Loop
}

// helpEvery is how often it is looked whether anybody works.
const helpEvery = time.Second

func (h *helper) start(ctx context.Context) error {
	if h.s.Settings.Embedded() {
		if err := h.workHere(ctx); err != nil {
			return err
		}
	}
	h.watch = lifecycle.NewLoop(h.look)
	return h.watch.Start(ctx)
}

// look takes over when the holder of the data folder has ended, and where
// workers are processes of their own, says when none of them takes jobs.
func (h *helper) look(ctx context.Context) error {
	tick := time.NewTicker(helpEvery)
	defer tick.Stop()
	const patience = 15
	for idle := 0; ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		if h.s.Settings.Embedded() {
			if h.group == nil {
				if err := h.workHere(context.WithoutCancel(ctx)); err != nil {
					return err
				}
			}
			continue
		}
		waits, err := h.s.Ingest.Unattended(ctx)
		if err != nil || !waits {
			idle = 0
			continue
		}
		if idle++; idle == patience {
			h.stalled("The files are accepted, and no worker has taken them up; see that `mnemosyne worker` or `mnemosyne up` runs. They may be left to it.")
		}
	}
}

// workHere starts a worker in this process, unless another process holds the
// data folder and so has one.
func (h *helper) workHere(ctx context.Context) error {
	lock, err := lockFolder(ctx, h.s.Dir, "ingest", "")
	if _, held := errors.AsType[*HeldError](err); held {
		return nil
	}
	if err != nil {
		return err
	}
	group := lifecycle.NewGroup(h.s.Log)
	if err := h.s.addWorker(ctx, group); err != nil {
		return errors.Join(err, lock.release())
	}
	if err := group.Start(ctx); err != nil {
		return errors.Join(err, lock.release())
	}
	h.group, h.lock = group, lock
	return nil
}

func (h *helper) stop(ctx context.Context) error {
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err := h.watch.Stop(stopping)
	if h.group == nil {
		return err
	}
	return errors.Join(err, h.group.Stop(stopping), h.lock.release())
}
