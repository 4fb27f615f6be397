package ingest

import (
	"sync"
	"time"
)

// tracker holds what a run has reached until it is written. The pipeline
// tells it of every step; the lease's keeper writes a few times a second, so
// that a small document costs no write of its own on the way.
type tracker struct {
	now     func() time.Time
	observe func(stage Stage, took time.Duration)

	mu      sync.Mutex
	state   snapshot
	since   time.Time // when the stage began
	started bool
	dirty   bool
}

// snapshot is a job's progress at one moment, with the steps not written yet.
type snapshot struct {
	stage    Stage
	progress Progress
	counts   Counts
	events   []Event
}

func newTracker(j Job, now func() time.Time, observe func(Stage, time.Duration)) *tracker {
	return &tracker{now: now, observe: observe, state: snapshot{stage: j.Stage, counts: j.Counts}}
}

// begin enters a stage. A total of 0 is not known yet.
func (t *tracker) begin(stage Stage, total int64, unit string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.leave()
	t.since, t.started, t.dirty = t.now(), true, true
	t.state.stage, t.state.progress = stage, Progress{Total: total, Unit: unit}
	t.state.events = append(t.state.events, Event{At: t.since, Status: StatusRunning, Stage: stage})
}

// leave tells how long the stage took, if one had begun.
func (t *tracker) leave() {
	if t.started {
		t.observe(t.state.stage, t.now().Sub(t.since))
	}
	t.started = false
}

func (t *tracker) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.leave()
}

func (t *tracker) progress(done, total int64, unit string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.progress, t.dirty = Progress{Done: done, Total: total, Unit: unit}, true
}

func (t *tracker) count(change func(*Counts)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.state.counts)
	t.dirty = true
}

func (t *tracker) counts() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state.counts
}

// take gives what is to be written, and whether anything is new.
func (t *tracker) take() (snapshot, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, dirty := t.state, t.dirty
	t.state.events, t.dirty = nil, false
	return s, dirty
}

// putBack returns the steps of a write that failed.
func (t *tracker) putBack(s snapshot) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.events, t.dirty = append(s.events, t.state.events...), true
}
