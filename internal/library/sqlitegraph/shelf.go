package sqlitegraph

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// shelf holds the files that are open, and closes the one that was not used
// for longest when there are too many, so that a thousand libraries need
// neither a thousand descriptors nor a thousand caches.
type shelf struct {
	mu     sync.Mutex
	room   int
	places map[string]*place
	clock  int64
	closed bool
}

// place is where one library's file stands, open or not. The lock is held for
// reading while the file is used, for writing while it is opened, closed or
// deleted.
type place struct {
	mu    sync.RWMutex
	store *store // nil: closed
	users int    // under shelf.mu, with used
	used  int64
}

func newShelf(room int) *shelf { return &shelf{room: room, places: map[string]*place{}} }

// borrow gives the open file, nil when there is none and none is to be made.
// What it gives goes back through giveBack.
func (sh *shelf) borrow(ctx context.Context, path string, create bool) (*store, error) {
	p, err := sh.enter(path)
	if err != nil {
		return nil, err
	}
	s, err := p.open(ctx, path, create)
	if err != nil || s == nil {
		sh.leave(path, p)
		return nil, err
	}
	sh.makeRoom()
	return s, nil
}

func (sh *shelf) giveBack(s *store) {
	s.place.mu.RUnlock()
	sh.leave(s.path, s.place)
}

func (sh *shelf) enter(path string) (*place, error) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.closed {
		return nil, errs.New(errs.Unavailable, "The index is closed.")
	}
	p := sh.places[path]
	if p == nil {
		p = &place{}
		sh.places[path] = p
	}
	sh.clock++
	p.users++
	p.used = sh.clock
	return p, nil
}

func (sh *shelf) leave(path string, p *place) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	p.users--
	if p.users == 0 && p.store == nil {
		delete(sh.places, path)
	}
}

// open gives the place's file with its lock held for reading.
func (p *place) open(ctx context.Context, path string, create bool) (*store, error) {
	for {
		info, err := os.Stat(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("find the index: %w", err)
		}
		p.mu.RLock()
		if s := p.store; s != nil && info != nil && os.SameFile(s.info, info) {
			return s, nil
		}
		p.mu.RUnlock()
		if info == nil && !create {
			return nil, p.renew(func() error { return nil })
		}
		if err := p.renew(func() error { return p.openNow(ctx, path, create) }); err != nil {
			return nil, err
		}
	}
}

// renew closes a file that another process has deleted or replaced, and runs
// next with the lock held.
func (p *place) renew(next func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.store != nil && !p.store.gone() {
		return nil
	}
	return errors.Join(p.closeNow(), next())
}

// openNow opens the file, unless it was deleted since somebody saw it there.
func (p *place) openNow(ctx context.Context, path string, create bool) error {
	s, err := openStore(ctx, path, create)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	s.place = p
	p.store = s
	return nil
}

func (p *place) closeNow() error {
	if p.store == nil {
		return nil
	}
	err := p.store.close()
	p.store = nil
	return err
}

// makeRoom closes idle files beyond the room there is. One that is in use
// stays open: the bound is on what is kept, not on what is needed.
func (sh *shelf) makeRoom() {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for len(sh.places) > sh.room {
		var oldest string
		for path, p := range sh.places {
			if p.users == 0 && (oldest == "" || p.used < sh.places[oldest].used) {
				oldest = path
			}
		}
		if oldest == "" {
			return
		}
		p := sh.places[oldest]
		delete(sh.places, oldest)
		p.mu.Lock()
		_ = p.closeNow() // everything in it was committed
		p.mu.Unlock()
	}
}

// remove deletes the library's files once nobody uses them.
func (sh *shelf) remove(path string) error {
	p, err := sh.enter(path)
	if err != nil {
		return err
	}
	defer sh.leave(path, p)
	p.mu.Lock()
	defer p.mu.Unlock()
	err = p.closeNow()
	// The database first: what is left of a deletion cut short is then no
	// library, only litter that the next deletion takes.
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if rm := os.Remove(path + suffix); rm != nil && !errors.Is(rm, fs.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("delete the index: %w", rm))
		}
	}
	return err
}

func (sh *shelf) close() error {
	sh.mu.Lock()
	sh.closed = true
	places := sh.places
	sh.places = map[string]*place{}
	sh.mu.Unlock()
	var faults []error
	for _, p := range places {
		p.mu.Lock()
		faults = append(faults, p.closeNow())
		p.mu.Unlock()
	}
	return errors.Join(faults...)
}
