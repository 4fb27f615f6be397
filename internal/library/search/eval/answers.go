package eval

import (
	"context"
	"fmt"
	"time"
)

// Answer is what a search found.
type Answer struct {
	Documents [][]string // best first; each by all the ids that it goes by
	Took      time.Duration
	Degraded  bool // a part of the search did not answer
}

// Answers is how questions were answered.
type Answers struct {
	Each     []Quality // of each question, in their order
	Mean     Quality
	Times    Times
	Degraded int // answers of which a part was missing
}

// Ask asks all questions. What was found twice counts where it stood first.
func Ask(ctx context.Context, queries []Query, search func(ctx context.Context, text string) (Answer, error), progress func(done int)) (Answers, error) {
	var r Answers
	var times []time.Duration
	for i, q := range queries {
		a, err := search(ctx, q.Text)
		if err != nil {
			return r, fmt.Errorf("question %s: %w", q.ID, err)
		}
		r.Each = append(r.Each, Judge(named(a.Documents, q.Relevant), q.Relevant))
		times = append(times, a.Took)
		if a.Degraded {
			r.Degraded++
		}
		if progress != nil {
			progress(i + 1)
		}
	}
	r.Mean, r.Times = Mean(r.Each), timesOf(times)
	return r, nil
}

// named gives each document once, by the id that the judgements use of it.
func named(documents [][]string, relevant map[string]int) []string {
	seen := map[string]bool{}
	var out []string
	for _, ids := range documents {
		id := ids[0]
		for _, other := range ids {
			if relevant[other] > 0 {
				id = other
				break
			}
		}
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}
