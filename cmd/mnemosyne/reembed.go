package main

import (
	"context"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/library/rebuild"
)

type reembedCmd struct {
	Library []string `help:"Only these: uid, name or workspace id."`
	Switch  bool     `xor:"step" help:"Let searches use the new vectors. The old ones are kept."`
	Confirm bool     `xor:"step" help:"Drop the old vectors after a switch."`
	Abort   bool     `xor:"step" help:"Drop the new vectors, also after a switch."`
	Status  bool     `xor:"step" help:"Say where libraries stand."`
	Anyway  bool     `name:"even-if-worse" help:"With --switch: also where a library's own questions are answered significantly worse with the new vectors."`
	Detach  bool     `help:"Do not wait; a worker does it."`
}

// Run takes one step of the way from one embedding model to another.
func (c reembedCmd) Run(ctx context.Context, p *program) error {
	return p.serve(ctx, func(s *app.Services) error {
		uids, err := s.LibraryUIDs(ctx, c.Library)
		if err != nil {
			return err
		}
		if c.Switch && !c.Anyway {
			if err := c.gate(ctx, p, s, uids); err != nil {
				return err
			}
		}
		by := accounts.Operator()
		var moves []rebuild.Move
		switch {
		case c.Switch:
			moves, err = s.Rebuild.Switch(ctx, by, uids)
		case c.Confirm:
			moves, err = s.Rebuild.Confirm(ctx, by, uids)
		case c.Abort:
			moves, err = s.Rebuild.Abort(ctx, by, uids)
		case c.Status:
			moves, err = s.Rebuild.Moves(ctx, uids)
		default:
			return c.begin(ctx, p, s, uids)
		}
		for _, m := range moves {
			fmt.Fprintln(p.stdout, describeMove(m))
		}
		if err == nil && len(moves) == 0 {
			fmt.Fprintln(p.stdout, "No library is at this step.")
		}
		return err
	})
}

func (c reembedCmd) begin(ctx context.Context, p *program, s *app.Services, uids []string) error {
	tasks, err := s.Rebuild.Reembed(ctx, accounts.Operator(), uids)
	if err != nil {
		return err
	}
	if len(tasks) == 0 {
		fmt.Fprintf(p.stdout, "Every library is in the embedding space %s already. Set EMBEDDING_NEXT_BASE_URL and its like to move to another.\n", s.Rebuild.Target().Space().ID())
		return nil
	}
	if err := p.follow(ctx, s, tasks, c.Detach); err != nil || c.Detach {
		return err
	}
	fmt.Fprintln(p.stdout, "When all are done: `mnemosyne reembed --switch`, and after a look at searches `--confirm`, or `--abort` to go back.")
	return nil
}

func describeMove(m rebuild.Move) string {
	switch {
	case m.Switched:
		return fmt.Sprintf("%s: searches use %s; %s is kept until confirmed", m.LibraryName, m.To, m.From)
	case m.To != "":
		return fmt.Sprintf("%s: searches use %s; %s is filled beside it", m.LibraryName, m.From, m.To)
	case m.From != "":
		return fmt.Sprintf("%s: searches use %s", m.LibraryName, m.From)
	}
	return m.LibraryName + ": has never moved"
}
