package neo4jgraph

import (
	"strings"
	"sync"
	"time"
)

const (
	// largeShare is from which part of everybody's hits on a scope's are found
	// sooner by leaving the others' out afterwards.
	largeShare = 0.3
	// shareKept is how long a share that was seen is believed.
	shareKept  = 10 * time.Minute
	mostShares = 1000 // scopes that are remembered
	// seenEnough is from how many hits on a share is drawn.
	seenEnough = 20
)

// shares remembers which part of everybody's hits was within a scope.
type shares struct {
	mu sync.Mutex
	of map[string]share
}

type share struct {
	part float64
	at   time.Time
}

// key names a scope without items.
func (s scope) key() string {
	return strings.Join(s.libraries, " ") + "|" + strings.Join(s.collections, " ")
}

// expected is a scope's share. One that is not known is taken for large: the
// first search will tell.
func (s *shares) expected(key string) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.of[key]
	if !ok || time.Since(known.at) > shareKept {
		return 1
	}
	return known.part
}

// saw learns from a search that met so many hits, some of them within.
func (s *shares) saw(key string, within, met int) {
	if met < seenEnough {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	part := float64(within) / float64(met)
	if known, ok := s.of[key]; ok && now.Sub(known.at) <= shareKept {
		part = (part + known.part) / 2
	}
	if s.of == nil || len(s.of) >= mostShares {
		s.of = map[string]share{} // what is still asked for is soon known again
	}
	s.of[key] = share{part, now}
}
