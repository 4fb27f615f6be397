package sqlitegraph

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph/dense"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// vectorCache holds libraries' vectors in memory, rounded to a byte a
// dimension, up to a number of bytes; beyond it, those that were not used for
// longest go.
type vectorCache struct {
	budget int64
	mu     sync.Mutex
	held   map[vectorKey]*held
	total  int64 // bytes of what is held
	clock  int64
}

type vectorKey struct{ library, space string }

// held is one library's vectors in one space, as of a change of the library.
type held struct {
	key  vectorKey
	file os.FileInfo // another file under the same name starts anew
	dim  int

	// Under the cache's lock.
	used    int64
	bytes   int64
	users   int
	dropped bool

	mu     sync.RWMutex
	matrix *dense.Matrix
	items  *itemTable
	loaded bool
	seq    int64 // the change that was seen last
}

func newVectorCache(budget int64) *vectorCache {
	return &vectorCache{budget: budget, held: map[vectorKey]*held{}}
}

// hold gives what is held of a library, nothing yet perhaps. Who has it gives
// it back through settle.
func (c *vectorCache) hold(library, space string, file os.FileInfo, dim int) *held {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := vectorKey{library, space}
	h := c.held[key]
	if h == nil || !os.SameFile(h.file, file) || h.dim != dim {
		c.drop(h)
		h = &held{key: key, file: file, dim: dim, matrix: dense.New(dim), items: newItemTable()}
		c.held[key] = h
	}
	c.clock++
	h.used = c.clock
	h.users++
	return h
}

// has tells whether vectors are in memory, without waiting for who changes
// them.
func (c *vectorCache) has(key vectorKey) bool {
	c.mu.Lock()
	h := c.held[key]
	c.mu.Unlock()
	if h == nil || !h.mu.TryRLock() {
		return false
	}
	defer h.mu.RUnlock()
	return h.loaded
}

// drop forgets what is held; who is searching it now may finish.
func (c *vectorCache) drop(h *held) {
	if h == nil || c.held[h.key] != h {
		return
	}
	c.total -= h.bytes
	delete(c.held, h.key)
	h.dropped = true
	h.freeUnused()
}

// freeUnused gives memory back once nobody searches what was dropped.
func (h *held) freeUnused() {
	if h.dropped && h.users == 0 {
		h.matrix.Free()
	}
}

// settle gives back what hold gave, counts what it holds now and makes room.
func (c *vectorCache) settle(h *held) {
	h.mu.RLock()
	bytes := h.matrix.Bytes() + h.items.bytes()
	h.mu.RUnlock()
	c.account(h, bytes)
	c.mu.Lock()
	defer c.mu.Unlock()
	h.users--
	h.freeUnused()
}

// account says how many bytes are or will be held, and makes room for them.
func (c *vectorCache) account(h *held, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held[h.key] != h {
		return
	}
	c.total += bytes - h.bytes
	h.bytes = bytes
	if h.bytes > c.budget {
		c.drop(h)
	}
	for c.total > c.budget {
		var oldest *held
		for _, other := range c.held {
			if other != h && (oldest == nil || other.used < oldest.used) {
				oldest = other
			}
		}
		if oldest == nil {
			return
		}
		c.drop(oldest)
	}
}

func (c *vectorCache) forget(library string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, h := range c.held {
		if key.library == library {
			c.drop(h)
		}
	}
}

func (c *vectorCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range c.held {
		c.drop(h)
	}
}

// errTooBig says that a library's vectors do not fit in memory.
var errTooBig = errors.New("more vectors than may be held in memory")

// catchUp brings what is held to the snapshot's state or a later one, or says
// errTooBig when that would take more bytes than there may be.
func (c *vectorCache) catchUp(ctx context.Context, h *held, s *snapshot, sp embeddingSpace) error {
	seq, err := sqldb.One(ctx, s, scanInt, newestSeq)
	if err != nil {
		return err
	}
	if h.current(seq) {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.loaded && h.seq >= seq {
		return nil
	}
	oldest, err := sqldb.One(ctx, s, scanInt, oldestSeq)
	if err != nil {
		return err
	}
	if h.loaded && h.seq >= oldest-1 {
		err = h.follow(ctx, s, sp)
	} else {
		err = c.load(ctx, h, s, sp)
	}
	h.loaded = err == nil // half a change is none: the next search loads anew
	h.seq = seq
	return err
}

func (h *held) current(seq int64) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.loaded && h.seq >= seq
}

const countVectors = `SELECT COUNT(*) FROM vector WHERE space_id = $1`

// load reads everything, once there is room for it.
func (c *vectorCache) load(ctx context.Context, h *held, s *snapshot, sp embeddingSpace) error {
	rows, err := sqldb.One(ctx, s, scanInt, countVectors, sp.id)
	if err != nil {
		return err
	}
	h.matrix.Free()
	bytes := dense.BytesFor(int(rows), sp.dim)
	if bytes > c.budget {
		return errTooBig
	}
	c.account(h, bytes)
	if h.items, err = s.items(ctx); err != nil {
		return err
	}
	return s.vectors(ctx, h.items, h.matrix.Add, allVectors, sp.id)
}

// follow reads the items that changed.
func (h *held) follow(ctx context.Context, s *snapshot, sp embeddingSpace) error {
	ids, err := sqldb.All(ctx, s, scanInt, changedIDs, h.seq, sp.id)
	if err != nil {
		return err
	}
	for _, id := range ids {
		h.matrix.Remove(id)
		h.items.remove(id)
		it, err := sqldb.One(ctx, s, scanItem, publishedItem, id)
		if sqldb.Missing(err) {
			continue
		}
		if err != nil {
			return err
		}
		h.items.put(it)
		if err := s.vectors(ctx, h.items, h.matrix.Add, itemVectors, sp.id, id, it.generation); err != nil {
			return fmt.Errorf("item %s: %w", it.uid, err)
		}
	}
	return nil
}
