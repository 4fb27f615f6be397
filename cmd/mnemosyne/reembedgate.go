package main

import (
	"context"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/library/gold"
	"git.helu.ca/r/mnemosyne/internal/library/rebuild"
	"git.helu.ca/r/mnemosyne/internal/library/search/eval"
)

// gate refuses to switch libraries whose kept questions are answered
// significantly worse in the next space. It says what it compared.
func (c reembedCmd) gate(ctx context.Context, p *program, s *app.Services, uids []string) error {
	moves, err := s.Rebuild.Moves(ctx, uids)
	if err != nil {
		return err
	}
	for _, m := range moves {
		if m.To == "" || m.Switched {
			continue
		}
		if err := compareMove(ctx, p, s, m); err != nil {
			return err
		}
	}
	return nil
}

func compareMove(ctx context.Context, p *program, s *app.Services, m rebuild.Move) error {
	kept, err := s.Gold.KeptWith(ctx, m.LibraryUID)
	if err != nil {
		return err
	}
	asked := gold.Collection(m.LibraryName, kept)
	switch {
	case len(asked.Queries) == 0:
		fmt.Fprintf(p.stdout, "%s: keeps no questions with known answers, so nothing was compared; docs/quality.md tells how to make some\n", m.LibraryName)
		return nil
	case s.NextEmbedder == nil:
		fmt.Fprintf(p.stdout, "%s: EMBEDDING_NEXT_* is not set, so nothing was compared\n", m.LibraryName)
		return nil
	}
	next, err := s.NewVariant([]string{"space=next"})
	if err != nil {
		return err
	}
	subject := s.MoveSubject(m)
	before, err := subject.Ask(ctx, asked, app.Variant{}, nil)
	if err != nil {
		return fmt.Errorf("ask the questions of %s as it is: %w", m.LibraryName, err)
	}
	after, err := subject.Ask(ctx, asked, next, nil)
	if err != nil {
		return fmt.Errorf("ask the questions of %s in %s: %w", m.LibraryName, m.To, err)
	}
	if n := before.Degraded + after.Degraded; n > 0 {
		return fmt.Errorf("%s: a part of the search did not answer %d questions, so nothing could be compared; nothing was switched. Try again, or use --even-if-worse", m.LibraryName, n)
	}
	d := eval.Compare(before.Each, after.Each, eval.Seed)
	told := fmt.Sprintf("%s: nDCG@10 %.3f before and %.3f after, of %d questions, p = %.4f", m.LibraryName, before.Mean.NDCG10, after.Mean.NDCG10, d.Questions, d.P)
	if d.Worse() {
		return fmt.Errorf("%s: search gets worse, so nothing was switched. --even-if-worse switches all the same", told)
	}
	fmt.Fprintln(p.stdout, told)
	return nil
}
