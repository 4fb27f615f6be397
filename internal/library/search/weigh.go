package search

import "git.helu.ca/r/mnemosyne/internal/library"

// weigh gives each leg its share of a fusion by scores. The shares add up to 1
// where every leg found something.
//
// What adapts to a question and a library is the scores themselves. A
// full-text score is the share of the question that the chunk holds, so it
// starts at 0. A cosine means something only beside those of other chunks, and
// no two embedders agree where they begin: the last one that was found stands
// for what is unlike.
func (e *Engine) weigh(_ question, vector, fullText *leg) []List {
	return []List{
		{Weight: e.opt.Alpha, Hits: vector.hits, Floor: LastOf(vector.hits)},
		{Weight: 1 - e.opt.Alpha, Hits: fullText.hits},
	}
}

// LastOf is the score of a list's last hit, 0 of none.
func LastOf(hits []library.Scored) float64 {
	if len(hits) == 0 {
		return 0
	}
	return hits[len(hits)-1].Score
}
