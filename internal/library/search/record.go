package search

import (
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
)

// Leg is what one leg of a search did, and how long it took.
type Leg struct {
	Name   string // vector, fulltext, graph, rerank
	Status LegStatus
	Took   time.Duration
	Hits   int // passages that it found, or judged
}

// Record is a search as the search log takes it.
type Record struct {
	Surface   string
	By        accounts.Principal
	Libraries int   // that were searched
	Legs      []Leg // none when there was no answer
	Outcome   Outcome
	Hits      int
	Found     map[string]int // hits by the uid of their library
	Took      time.Duration
	Query     string // whether it is kept is for the log to decide
}

// Outcome is how a search ended.
type Outcome string

// A search is answered, answered with a part missing, or not.
const (
	Answered         Outcome = "ok"
	AnsweredDegraded Outcome = "degraded"
	NotAnswered      Outcome = "error"
)

func outcomeOf(r Result, err error) Outcome {
	switch {
	case err != nil:
		return NotAnswered
	case r.Degraded:
		return AnsweredDegraded
	}
	return Answered
}

// Recorder keeps the search log. It neither waits nor fails.
type Recorder interface {
	RecordSearch(r Record)
}

// record tells metrics and the search log of a search whose scope was known.
func (e *Engine) record(p accounts.Principal, r Request, q question, result Result, err error, took time.Duration) {
	surface, outcome := knownSurface(r.Surface), outcomeOf(result, err)
	e.metrics.search(surface, outcome, took)
	if e.opt.Recorder == nil {
		return
	}
	found := map[string]int{}
	for _, h := range result.Hits {
		found[h.LibraryUID]++
	}
	e.opt.Recorder.RecordSearch(Record{
		Surface: surface, By: p, Libraries: len(q.uids), Legs: result.Legs, Outcome: outcome,
		Hits: len(result.Hits), Found: found, Took: took, Query: q.typed,
	})
}

// knownSurface keeps the set of surfaces bounded.
func knownSurface(surface string) string {
	switch surface {
	case "rest", "mcp", "page", "command":
		return surface
	}
	return "other"
}
