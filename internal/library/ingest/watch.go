package ingest

import (
	"context"
	"iter"
	"sync"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
)

// hub tells those of this process who follow a job that its row changed.
type hub struct {
	mu   sync.Mutex
	subs map[string]map[chan struct{}]bool // by job id
}

func newHub() *hub { return &hub{subs: map[string]map[chan struct{}]bool{}} }

// follow gives a channel that holds one signal at most: that something
// changed since it was last read.
func (h *hub) follow(id string) (changed <-chan struct{}, leave func()) {
	c := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.subs[id] == nil {
		h.subs[id] = map[chan struct{}]bool{}
	}
	h.subs[id][c] = true
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.subs[id], c)
		if len(h.subs[id]) == 0 {
			delete(h.subs, id)
		}
	}
}

func (h *hub) changed(ids ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range ids {
		for c := range h.subs[id] {
			select {
			case c <- struct{}{}:
			default:
			}
		}
	}
}

// watchEvery is how soon another process's change shows.
const watchEvery = time.Second

// Watch gives a job as it stands, then again each time it changed, until it
// has ended or ctx does. An error ends the sequence. Changes of this process
// show at once, another's within a second. The right to read is asked for
// each time.
func (s *Service) Watch(ctx context.Context, p accounts.Principal, id string) iter.Seq2[Job, error] {
	return func(yield func(Job, error) bool) {
		changed, leave := s.hub.follow(id)
		defer leave()
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		var last Job
		for {
			j, err := s.Job(ctx, p, id)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				yield(Job{}, err)
				return
			}
			if differs(last, j) && !yield(j, nil) {
				return
			}
			if j.Status.Ended() {
				return
			}
			last = j
			select {
			case <-changed:
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}
}

func differs(a, b Job) bool {
	return a.ID != b.ID || !a.UpdatedAt.Equal(b.UpdatedAt) || a.Status != b.Status || a.Stage != b.Stage ||
		a.Progress != b.Progress || a.Attempts != b.Attempts
}
