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

// rerank has the best hits judged by the reranker and puts them into its
// order, then cuts the answer to the limit asked. A reranker that does not
// answer costs nothing but its order, which the answer says.
func (e *Engine) rerank(ctx context.Context, q question, result Result) (Result, error) {
	if e.opt.Reranker != nil && len(result.Hits) > 0 {
		judged := result.Hits[:min(len(result.Hits), e.opt.Candidates)]
		l := &leg{name: "rerank"}
		scores, err := e.judge(ctx, q, judged, l)
		if err != nil {
			return Result{}, err
		}
		result.Status.Rerank = l.status
		result.Legs = append(result.Legs, Leg{Name: l.name, Status: l.status, Took: l.took, Hits: len(scores)})
		if l.err != nil {
			result.Degraded = true
		} else {
			reorder(result.Hits, len(judged), scores)
		}
	}
	result.Hits = result.Hits[:min(len(result.Hits), q.limit)]
	return result, nil
}

// judge asks the reranker within its time. What came of it is in l; the error
// is that of a caller who left.
func (e *Engine) judge(ctx context.Context, q question, hits []Hit, l *leg) (map[int]float64, error) {
	passages := make([]string, len(hits))
	for i, h := range hits {
		passages[i] = passage(h)
	}
	timed, cancel := context.WithTimeout(ctx, e.opt.RerankTimeout)
	defer cancel()
	start := time.Now()
	scores, err := e.opt.Reranker.Rerank(timed, embedding.Query{Text: q.text, Instruction: rerankInstruction(q, hits)}, passages)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("search: %w", ctx.Err())
	}
	l.took, l.err, l.status = time.Since(start), err, statusOf(timed, err)
	return scores, e.report(ctx, l)
}

// passage is what the reranker reads of a hit: where it stands, then its words.
func passage(h Hit) string {
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
func rerankInstruction(q question, hits []Hit) string {
	instruction := ""
	for i, h := range hits {
		t, _ := library.TypeNamed(q.libraries[h.LibraryUID].Type)
		if i > 0 && t.RerankInstruction != instruction {
			return ""
		}
		instruction = t.RerankInstruction
	}
	return instruction
}

// reorder sorts the first n hits by their scores. Those without one follow in
// the order that they had, and then all that were not judged.
func reorder(hits []Hit, n int, scores map[int]float64) {
	type scored struct {
		hit    Hit
		score  float64
		judged bool
	}
	list := make([]scored, n)
	for i := range n {
		score, judged := scores[i]
		list[i] = scored{hits[i], score, judged}
	}
	slices.SortStableFunc(list, func(a, b scored) int {
		if a.judged != b.judged {
			if a.judged {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.score, a.score)
	})
	for i, s := range list {
		if s.judged {
			s.hit.Found = append(slices.Clip(s.hit.Found), Finding{Leg: "rerank", Rank: i + 1, Score: s.score})
		}
		hits[i], hits[i].Score = s.hit, s.score
	}
	for i := n; i < len(hits); i++ {
		hits[i].Score = 0
	}
}
