package search

import (
	"math"
	"slices"

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
		out = append(out, turn{next.next(), next.share})
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
	at       int     // which of those is the next
	share    float64 // that the next one keeps of its score
	last     float64 // what the one before was left with
	joins    bool    // the next one is a neighbour of one that had its turn
	taken    map[int]float64
	passages int
}

func (q *queue) next() int { return q.waiting[q.at] }

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
	mine, theirs := list[q.next()].score*q.share, list[other.next()].score*other.share
	return mine > theirs || mine == theirs && q.next() < other.next()
}

// take lets the next chunk have its turn and finds the one behind it: the best
// of those that wait by what is left of their scores.
func (q *queue) take(list []placed) {
	if !q.joins {
		q.passages++
	}
	taken := list[q.next()]
	q.taken[taken.key.ordinal], q.last = q.share, taken.score*q.share
	q.waiting = slices.Delete(q.waiting, q.at, q.at+1)
	best := math.Inf(-1)
	for i, waits := range q.waiting {
		score := list[waits].score
		if score <= best {
			break
		}
		if share, joins := q.shareOf(list[waits].key.ordinal); score*share > best {
			best, q.at, q.share, q.joins = score*share, i, share, joins
		}
	}
	if len(q.waiting) > 0 && list[q.next()].score > 0 { // one that joins may have waited behind its neighbour
		q.share = min(q.share, q.last/list[q.next()].score)
	}
}

// shareOf is what a chunk keeps of its score: as much as the neighbour whose
// passage it joins, or what a further passage of the document does.
func (q *queue) shareOf(ordinal int) (share float64, joins bool) {
	for _, beside := range []int{ordinal - 1, ordinal + 1} {
		if share, there := q.taken[beside]; there {
			return share, true
		}
	}
	if q.passages < spreadFree {
		return 1, false
	}
	return max(math.Pow(spreadEach, float64(q.passages-spreadFree+1)), spreadLeast), false
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
