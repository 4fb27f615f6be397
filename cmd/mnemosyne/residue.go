package main

import (
	"context"
	"strconv"
	"time"

	"git.helu.ca/r/mnemosyne/internal/app"
)

type residueCmd struct {
	JSON  bool           `name:"json" help:"One JSON object instead of a table."`
	Grace *time.Duration `help:"How old something may be that is left. Without it, 10m for rows and 2h for objects."`
}

// Run ends with 1 when something is left that is older than the grace.
func (c residueCmd) Run(ctx context.Context, p *program) error {
	return p.serve(ctx, func(s *app.Services) error {
		grace := time.Duration(-1)
		if c.Grace != nil {
			grace = *c.Grace
		}
		left, err := s.Ingest.Residue(ctx, grace)
		if err != nil {
			return err
		}
		overdue := int64(0)
		rows := [][]string{{"STORE", "WHAT", "LEFT", "OVERDUE", "OLDEST", "FOR EXAMPLE"}}
		for _, r := range left {
			overdue += r.Overdue
			rows = append(rows, []string{
				r.Store, r.Kind, strconv.FormatInt(r.Count, 10), strconv.FormatInt(r.Overdue, 10), when(r.Oldest, "-"), r.Example,
			})
		}
		if c.JSON {
			err = p.printJSON(map[string]any{"ok": overdue == 0, "residue": left})
		} else {
			err = p.printTable(rows)
		}
		if err == nil && overdue > 0 {
			return exit(exitFailed)
		}
		return err
	})
}
