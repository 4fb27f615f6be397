package main

import (
	"log/slog"

	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/settings"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// load reads the environment and makes what every part is built with.
func (p *program) load() (app.Program, error) {
	s, err := settings.Load(p.lookup)
	if err != nil {
		return app.Program{}, err
	}
	log := telemetry.NewLogger(p.stderr, s.Logging.Level)
	for _, w := range s.Warnings() {
		log.Warn("a setting may not be meant", slog.String("warning", w))
	}
	return app.Program{
		Settings: s, Log: log, Version: version, Commit: commit,
		Registry: telemetry.NewRegistry(telemetry.Build{Version: version, Commit: commit}),
	}, nil
}
