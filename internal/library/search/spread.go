package search

import (
	"math"

	"git.helu.ca/r/mnemosyne/internal/library"
)

// An answer's first passages of a document count in full, a further one a
// little less than the one before, so that other documents that say about as
// much come in between. One that says far more than any other still has them
// all.
const (
	spreadFree  = 2
	spreadEach  = 0.92
	spreadLeast = 0.5
)

// placed is a chunk in a list that is best first.
type placed struct {
	key   key
	score float64
}

// turn is a place of the list, and what is left of its score.
type turn struct {
	at    int
	share float64
}

// spread gives the order in which documents take turns. Neighbouring chunks
// are one passage. Scores are not negative.
func spread(list []placed) []turn {
	out := make([]turn, 0, len(list))
	queues := queuesOf(list)
	if queues == nil {
		for i := range list {
			out = append(out, turn{i, 1})
		}
		return out
	}
	for range list {
		var next *queue
		for _, q := range queues {
			if len(q.waiting) > 0 && (next == nil || q.before(next, list)) {
				next = q
			}
		}
		out = append(out, turn{next.waiting[0], next.share})
		next.take(list)
	}
	return out
}

// document names a version of a document.
type document struct {
	library, item string
	generation    int64
}

func (k key) document() document { return document{k.library, k.item, k.generation} }

// queue is the chunks of a document that wait for their turn, best first.
type queue struct {
	waiting  []int
	share    float64 // that the next one keeps of its score
	joins    bool    // the next one is a neighbour of one that had its turn
	taken    map[int]float64
	passages int
}

// queuesOf gives the documents' queues. There are none where no document has
// so many chunks that another has to wait.
func queuesOf(list []placed) []*queue {
	of := map[document]*queue{}
	var all []*queue
	most := 0
	for i, p := range list {
		q := of[p.key.document()]
		if q == nil {
			q = &queue{share: 1, taken: map[int]float64{}}
			of[p.key.document()], all = q, append(all, q)
		}
		q.waiting = append(q.waiting, i)
		most = max(most, len(q.waiting))
	}
	if most <= spreadFree || len(all) == 1 {
		return nil
	}
	return all
}

func (q *queue) before(other *queue, list []placed) bool {
	mine, theirs := list[q.waiting[0]].score*q.share, list[other.waiting[0]].score*other.share
	return mine > theirs || mine == theirs && q.waiting[0] < other.waiting[0]
}

// take lets the next chunk have its turn and rates the one behind it: it keeps
// as much of its score as the neighbour whose passage it joins, or what a
// further passage of the document does.
func (q *queue) take(list []placed) {
	if !q.joins {
		q.passages++
	}
	q.taken[list[q.waiting[0]].key.ordinal] = q.share
	q.waiting = q.waiting[1:]
	if len(q.waiting) == 0 {
		return
	}
	at := list[q.waiting[0]].key.ordinal
	for _, beside := range []int{at - 1, at + 1} {
		if share, there := q.taken[beside]; there {
			q.share, q.joins = share, true
			return
		}
	}
	q.joins, q.share = false, 1
	if q.passages >= spreadFree {
		q.share = max(math.Pow(spreadEach, float64(q.passages-spreadFree+1)), spreadLeast)
	}
}

// spreadFused puts what the legs found into the order of turns. Where one
// document alone is asked, or says something, nothing changes.
func spreadFused(fused []library.Scored) (_ []library.Scored, shares map[key]float64) {
	list := make([]placed, len(fused))
	for i, f := range fused {
		list[i] = placed{keyOf(f), f.Score}
	}
	out, shares := make([]library.Scored, 0, len(fused)), map[key]float64{}
	for _, t := range spread(list) {
		f := fused[t.at]
		f.Score *= t.share
		shares[keyOf(f)] = t.share
		out = append(out, f)
	}
	return out, shares
}
