package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"text/tabwriter"

	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

type checkCmd struct {
	JSON bool `name:"json" help:"One JSON object instead of a table."`
}

// Run ends with 1 when a part is not well.
func (c checkCmd) Run(ctx context.Context, p *program) error {
	prog, err := p.load()
	if err != nil {
		return err
	}
	prog.Log = telemetry.AtLeast(prog.Log, slog.LevelError)
	report := app.Check(ctx, prog)
	if c.JSON {
		enc := json.NewEncoder(p.stdout)
		enc.SetIndent("", "  ")
		err = enc.Encode(report)
	} else {
		err = printReport(p, report)
	}
	if err == nil && !report.OK {
		return exit(exitFailed)
	}
	return err
}

func printReport(p *program, report app.Report) error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, part := range report.Parts {
		state := "ok"
		if !part.OK {
			state = "FAILED"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", part.Name, part.Engine, state, part.Where)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	for _, part := range report.Parts {
		if !part.OK {
			fmt.Fprintf(p.stdout, "\n%s: %s\n", part.Name, part.Mend)
		}
	}
	for _, part := range report.Parts {
		if part.About != "" {
			fmt.Fprintf(p.stdout, "%s: %s\n", part.Name, part.About)
		}
	}
	for _, name := range report.Unused {
		fmt.Fprintf(p.stdout, "%s: not used yet\n", name)
	}
	for _, setting := range report.NoEffect {
		fmt.Fprintf(p.stdout, "no effect: %s\n", setting)
	}
	for _, warning := range report.Warnings {
		fmt.Fprintf(p.stdout, "warning: %s\n", warning)
	}
	return nil
}
