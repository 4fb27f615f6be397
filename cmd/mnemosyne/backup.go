package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/dustin/go-humanize"

	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

type backupCmd struct {
	Folder string `arg:"" help:"Where to; a folder that is not there yet, best on another disk."`
}

// Help tells more than the list of commands does.
func (backupCmd) Help() string {
	return "For an installation on files (no DB_HOST). The copy is a data folder itself: start with it by MNEMOSYNE_DATA_DIR. " +
		"Searches and uploads go on meanwhile. docs/backup.md tells how to restore it, and how servers are backed up."
}

// Run copies the data folder and says what is in the copy.
func (c backupCmd) Run(ctx context.Context, p *program) error {
	prog, err := p.load()
	if err != nil {
		return err
	}
	prog.Log = telemetry.AtLeast(prog.Log, slog.LevelError)
	made, err := app.Backup(ctx, prog, c.Folder, func(app.BackedUp) {})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "Copied to %s: the database, %d indexes and %d files (%s).\n",
		c.Folder, made.Libraries, made.Objects, humanize.IBytes(uint64(max(made.Bytes, 0))))
	if made.Lost > 0 {
		fmt.Fprintf(p.stderr, "%d files that the database names are not there: they were lost before, or their documents were deleted meanwhile.\n", made.Lost)
	}
	return nil
}
