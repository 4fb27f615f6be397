package app

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

const (
	usualPercent = 100 // the runtime's: collect when the heap has doubled
	// spareHeap is by how many bytes the heap may grow in any case.
	spareHeap = 32 << 20
)

// collector spaces garbage collections by bytes where the heap is small. A heap
// of some MB doubles every few dozen requests, and collecting then costs as
// much as answering them; the large heap of an ingest keeps the usual share.
type collector struct{ stopped atomic.Bool }

// easeCollector adjusts the runtime after each collection until stop is called.
// Where the operator has set GOGC, that stands.
func easeCollector() (stop func()) {
	if was := debug.SetGCPercent(usualPercent); was != usualPercent {
		debug.SetGCPercent(was)
		return func() {}
	}
	c := &collector{}
	c.adjust()
	return func() {
		c.stopped.Store(true)
		debug.SetGCPercent(usualPercent)
	}
}

// adjust sets the share for what is alive now, and waits for the next
// collection: that which finds its mark dead.
func (c *collector) adjust() {
	if c.stopped.Load() {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetGCPercent(percentFor(live[0].Value.Uint64()))
	mark := &struct{ c *collector }{c}
	runtime.AddCleanup(mark, (*collector).adjust, c)
}

// percentFor is the share of what is alive by which the heap may grow.
func percentFor(live uint64) int {
	const least = 1 << 20                                                  // so that the share is no absurd number
	return max(usualPercent, int(usualPercent*spareHeap/max(live, least))) //nolint:gosec // at most 3,200
}
