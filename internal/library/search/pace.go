package search

import (
	"sync"
	"time"
)

// pace is what is known of a reranker: how long it takes for a passage, and
// whether it is left alone for a while because it failed. A failure costs the
// search that meets it no more than its time, and the searches behind it
// nothing: they go without, until one of them tries again.
type pace struct {
	now     func() time.Time
	longest time.Duration // that one search waits
	most    int           // passages that one search has judged

	mu      sync.Mutex
	each    time.Duration // a passage takes, about; 0: not known yet
	rest    time.Duration // that the last failure was followed by; 0: none since it answered
	until   time.Time     // it is left alone
	probing bool          // somebody tries whether it answers again
}

const (
	firstRest   = 15 * time.Second // after a failure, doubled with each in a row
	longestRest = 5 * time.Minute
	// fits is the part of the time that the passages asked about are expected
	// to take at most.
	fits = 0.8
	// patience is how many times as long as expected an answer may take.
	patience = 4
	// leastPart is the part of the longest time that is always waited.
	leastPart = 10
	// newest is how much the last answer counts in the estimate.
	newest = 0.3
	// afterFailure is how many times as long a passage is taken to need when
	// an answer did not come in time.
	afterFailure = 2
)

// trial is a permission to ask the reranker.
type trial struct {
	passages int
	deadline time.Duration
	probe    bool
}

// plan tells how many of the passages found are to be judged, and for how long
// to wait: as many as are expected to fit, at least those asked for. Where that
// cannot be, the reranker is not asked.
func (p *pace) plan(found, limit int) (trial, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.probing || p.now().Before(p.until) {
		return trial{}, false
	}
	t := trial{passages: min(found, p.most), deadline: p.longest, probe: p.rest > 0}
	needed := min(limit, t.passages)
	if p.each > 0 {
		t.passages = min(t.passages, int(fits*float64(p.longest)/float64(p.each)))
		if t.passages < needed {
			if !t.probe { // too slow for this many; others may ask for fewer
				return trial{}, false
			}
			t.passages = needed
		}
		t.deadline = min(p.longest, max(p.longest/leastPart, patience*p.each*time.Duration(t.passages)))
	}
	p.probing = t.probe
	return t, true
}

// answered learns from an answer.
func (p *pace) answered(t trial, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	each := max(took/time.Duration(t.passages), time.Microsecond)
	if p.each > 0 && !t.probe {
		each = time.Duration(newest*float64(each) + (1-newest)*float64(p.each))
	}
	p.each, p.rest, p.until, p.probing = each, 0, time.Time{}, false
}

// failed leaves the reranker alone for a while.
func (p *pace) failed(t trial, late bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if late {
		p.each = max(p.each, afterFailure*t.deadline/time.Duration(t.passages))
	}
	if p.rest == 0 || t.probe { // of several that fail at once, one counts
		p.rest = min(max(2*p.rest, firstRest), longestRest)
	}
	p.until = p.now().Add(p.rest)
	if t.probe {
		p.probing = false
	}
}

// left forgets a trial whose caller did not wait for its end.
func (p *pace) left(t trial) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.probe {
		p.probing = false
	}
}
