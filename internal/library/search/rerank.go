package search

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// rerank has the best of what was found judged by the reranker and puts it
// into its order. A reranker that does not answer costs nothing but its order,
// which the answer says.
func (e *Engine) rerank(ctx context.Context, q question, f *found) error {
	if e.opt.Reranker == nil || len(f.candidates) == 0 {
		return nil
	}
	l := &leg{name: "rerank", status: Skipped}
	t, ask := e.pace.plan(len(f.candidates), q.limit)
	var scores map[int]float64
	if ask {
		var err error
		if scores, err = e.judge(ctx, q, f.candidates[:t.passages], t, l); err != nil {
			return err
		}
	}
	f.Status.Rerank = l.status
	f.Legs = append(f.Legs, Leg{Name: l.name, Status: l.status, Took: l.took, Hits: len(scores)})
	if !ask || l.err != nil {
		f.Degraded = true
		return nil //nolint:nilerr // a reranker that fails costs nothing but its order
	}
	f.reorder(t.passages, scores, !q.oneItem)
	return nil
}

// judge asks the reranker within its time. What came of it is in l; the error
// is that of a caller who left.
func (e *Engine) judge(ctx context.Context, q question, found []candidate, t trial, l *leg) (map[int]float64, error) {
	passages := make([]string, len(found))
	for i, c := range found {
		passages[i] = passageOf(c.Hit)
	}
	timed, cancel := context.WithTimeout(ctx, t.deadline)
	defer cancel()
	start := time.Now()
	scores, err := e.opt.Reranker.Rerank(timed, embedding.Query{Text: q.text, Instruction: rerankInstruction(q, found)}, passages)
	if ctx.Err() != nil {
		e.pace.left(t)
		return nil, fmt.Errorf("search: %w", ctx.Err())
	}
	l.took, l.err, l.status = time.Since(start), err, statusOf(timed, err)
	if err == nil {
		e.pace.answered(t, l.took)
	} else {
		e.pace.failed(t, l.status == Timeout)
	}
	return scores, e.report(ctx, l)
}

// passageOf is what the reranker reads of a hit: where it stands, then its words.
func passageOf(h Hit) string {
	above := h.HeadingPath
	if h.Title != "" && !slices.Contains(above, h.Title) {
		above = append([]string{h.Title}, above...)
	}
	if len(above) == 0 {
		return h.Text
	}
	return strings.Join(above, " > ") + "\n" + h.Text
}

// rerankInstruction is that of the kind of library which all hits are from.
// Hits of several kinds are judged together, so that their scores compare, and
// then without one.
func rerankInstruction(q question, found []candidate) string {
	instruction := ""
	for i, h := range found {
		t, _ := library.TypeNamed(q.libraries[h.LibraryUID].Type)
		if i > 0 && t.RerankInstruction != instruction {
			return ""
		}
		instruction = t.RerankInstruction
	}
	return instruction
}

// reorder sorts the first n candidates by their scores, documents taking
// turns. Those without one follow in the order that they had, and then all that
// were not judged: scores of the two kinds do not compare.
func (f *found) reorder(n int, scores map[int]float64, turns bool) {
	var judged, rest []candidate
	for i, c := range f.candidates {
		score, ok := scores[i]
		if i >= n || !ok {
			c.Score, c.ScoreKind = 0, ScoreUnjudged
			rest = append(rest, c)
			continue
		}
		c.Score, c.ScoreKind = score, ScoreReranked
		judged = append(judged, c)
	}
	slices.SortStableFunc(judged, func(a, b candidate) int { return cmp.Compare(b.Score, a.Score) })
	for i := range judged {
		c := &judged[i]
		f.why.reranked[c.key] = c.Score
		c.Found = append(slices.Clip(c.Found), Finding{Leg: "rerank", Rank: i + 1, Score: c.Score})
	}
	if turns {
		judged = f.spreadJudged(judged)
	}
	f.candidates = append(judged, rest...)
}

func (f *found) spreadJudged(judged []candidate) []candidate {
	list := make([]placed, len(judged))
	for i, c := range judged {
		list[i] = placed{c.key, c.Score}
	}
	out := make([]candidate, 0, len(judged))
	for _, t := range spread(list) {
		c := judged[t.at]
		c.Score *= t.share
		f.why.shares[c.key] = t.share
		out = append(out, c)
	}
	return out
}
