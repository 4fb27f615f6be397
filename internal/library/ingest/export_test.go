package ingest

import "time"

// OnPoint calls fn at each named point of a run, before Start.
func (w *Worker) OnPoint(fn func(point string)) { w.hook = fn }

// Backoff replaces the wait between tries.
func (w *Worker) Backoff(fn func(attempt int64) time.Duration) { w.backoff = fn }
