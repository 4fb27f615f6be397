package gold

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/library/search/eval"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// What is measured while somebody waits.
const (
	MostQuestions = 100
	measureTime   = 20 * time.Second
)

// Run is how well search did on a library's questions.
type Run struct {
	At                time.Time
	Settings          string // how was searched, in words
	Questions         int
	NDCG, Recall, MRR float64 // @10, @100, @10
	P50, P95          float64 // milliseconds of a question
}

// RunOf makes a Run of answers.
func RunOf(settings string, a eval.Answers) Run {
	const ms = float64(time.Millisecond)
	return Run{
		Settings: settings, Questions: len(a.Each), NDCG: a.Mean.NDCG10, Recall: a.Mean.Recall100, MRR: a.Mean.MRR10,
		P50: float64(a.Times.P50) / ms, P95: float64(a.Times.P95) / ms,
	}
}

// Collection makes what eval asks of kept questions. A document counts by its
// best passage; a question without a relevant document is left out.
func Collection(name string, questions []Question) eval.Collection {
	c := eval.Collection{Name: name}
	for _, q := range questions {
		relevant := map[string]int{}
		for _, j := range q.Judgements {
			if j.Grade > relevant[j.ItemUID] {
				relevant[j.ItemUID] = j.Grade
			}
		}
		if len(relevant) > 0 {
			c.Queries = append(c.Queries, eval.Query{ID: q.ID, Text: q.Text, Relevant: relevant})
		}
	}
	return c
}

// Names are the names that judgements may have for the document of a hit.
func Names(h search.Hit) []string {
	return []string{h.ItemUID, h.Source, h.Title, path.Base(h.Source)}
}

// Asker asks questions of one library.
func Asker(engine Search, p accounts.Principal, libraryUID string) func(ctx context.Context, text string) (eval.Answer, error) {
	return func(ctx context.Context, text string) (eval.Answer, error) {
		start := time.Now()
		found, err := engine.Search(ctx, p, search.Request{Query: text, Libraries: []string{libraryUID}, Limit: search.MaxLimit, Surface: "eval"})
		a := eval.Answer{Took: time.Since(start), Degraded: found.Degraded}
		for _, h := range found.Hits {
			a.Documents = append(a.Documents, Names(h))
		}
		return a, err
	}
}

// Measure asks the kept questions of a library and keeps the figures. It is
// for somebody who waits: many questions, and slow ones, are a Conflict.
func (s *Service) Measure(ctx context.Context, p accounts.Principal, libraryUID string) (Run, error) {
	l, _, err := s.opt.Access.Write(ctx, p, libraryUID)
	if err != nil {
		return Run{}, err
	}
	questions, err := s.Questions(ctx, p, libraryUID)
	if err != nil {
		return Run{}, err
	}
	c := Collection(l.Name, questions)
	switch n := len(c.Queries); {
	case n == 0:
		return Run{}, errs.New(errs.Conflict, "No question has a relevant passage yet. Search, and mark what answers you.")
	case n > MostQuestions:
		return Run{}, errs.Newf(errs.Conflict, "These are %d questions; %d are measured here at most. Run `mnemosyne eval --library %s`.", n, MostQuestions, libraryUID)
	}
	bounded, cancel := context.WithTimeout(ctx, measureTime)
	defer cancel()
	answers, err := eval.Ask(bounded, c.Queries, Asker(s.opt.Search, p, libraryUID), nil)
	switch {
	case errors.Is(bounded.Err(), context.DeadlineExceeded) && ctx.Err() == nil:
		return Run{}, errs.Newf(errs.Conflict, "The questions took longer than %.0f seconds, so nothing was kept. Run `mnemosyne eval --library %s`.", measureTime.Seconds(), libraryUID)
	case err != nil:
		return Run{}, err
	case answers.Degraded > 0:
		return Run{}, errs.Newf(errs.Conflict, "A part of the search did not answer %d of the questions, so the figures would be too low and were not kept. Measure again in a moment.", answers.Degraded)
	}
	run := RunOf(s.Describe(l.Space, ""), answers)
	return run, s.Keep(ctx, libraryUID, run)
}

// Describe says how a library is searched: with the settings or, where change
// is not empty, otherwise.
func (s *Service) Describe(space, change string) string {
	out := s.opt.Settings
	for _, part := range []string{change, space} {
		if part != "" && out != "" {
			out += ", "
		}
		out += part
	}
	return out
}

const (
	insertRun = `INSERT INTO eval_run (id, library_uid, at, settings, questions, ndcg, recall, mrr, p50_ms, p95_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	listRuns = `SELECT at, settings, questions, ndcg, recall, mrr, p50_ms, p95_ms FROM eval_run
WHERE library_uid = $1 ORDER BY at DESC, id DESC LIMIT CAST($2 AS BIGINT)`
)

// Keep stores a run of now. The caller has the right to.
func (s *Service) Keep(ctx context.Context, libraryUID string, r Run) error {
	id, err := uuid.NewV7()
	if err == nil {
		_, err = sqldb.Exec(ctx, s.opt.DB.Write(), insertRun, id.String(), libraryUID, sqldb.At(s.opt.Now()),
			r.Settings, r.Questions, r.NDCG, r.Recall, r.MRR, r.P50, r.P95)
	}
	if err != nil {
		return fmt.Errorf("keep the figures of %s: %w", libraryUID, err)
	}
	return nil
}

// Runs gives the last figures of a library, the newest first.
func (s *Service) Runs(ctx context.Context, p accounts.Principal, libraryUID string, limit int) ([]Run, error) {
	if _, _, err := s.opt.Access.Read(ctx, p, libraryUID); err != nil {
		return nil, err
	}
	out, err := sqldb.All(ctx, s.opt.DB.Read(), func(row sqldb.Row) (r Run, err error) {
		var at sqldb.Time
		err = row.Scan(&at, &r.Settings, &r.Questions, &r.NDCG, &r.Recall, &r.MRR, &r.P50, &r.P95)
		r.At = at.Time
		return r, err
	}, listRuns, libraryUID, limit)
	if err != nil {
		return nil, fmt.Errorf("list the figures of %s: %w", libraryUID, err)
	}
	return out, nil
}
