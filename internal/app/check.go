package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"git.helu.ca/r/mnemosyne/internal/settings"
)

// Part is what a check found of one part.
type Part struct {
	Name   string `json:"part"`
	Engine string `json:"engine"`
	Where  string `json:"where"`
	OK     bool   `json:"ok"`
	About  string `json:"about,omitempty"` // what the part said of itself
	Mend   string `json:"mend,omitempty"`  // what to do when it is not
}

// Report is what a check found.
type Report struct {
	OK    bool   `json:"ok"`
	Parts []Part `json:"parts"`
	// Settings are those that have no effect yet.
	Unused []string `json:"not_used_yet"`
	// NoEffect are settings that are accepted and change nothing, and why.
	NoEffect []string `json:"no_effect"`
	// Warnings are settings that work and may not be meant.
	Warnings []string `json:"warnings"`
}

// Check asks every part for a sign of life. It changes nothing but for making
// the data folder.
func Check(ctx context.Context, p Program) Report {
	r := Report{Warnings: p.Settings.Warnings()}
	parts, warning := checkStore(ctx, p)
	r.Parts = slices.Concat(r.Parts, parts, checkMail(ctx, p), checkSignOn(ctx, p), checkRecognition(ctx, p.Settings.Ingest))
	if warning != "" {
		r.Warnings = append(r.Warnings, warning)
	}
	for _, e := range p.Settings.Dump() {
		switch {
		case e.Default:
		case e.Status == settings.NotYet:
			r.Unused = append(r.Unused, e.Name)
		case e.Status == settings.NoEffect:
			r.NoEffect = append(r.NoEffect, e.Name+": "+e.Doc)
		}
	}
	r.OK = true
	for _, part := range r.Parts {
		r.OK = r.OK && part.OK
	}
	return r
}

// checkStore looks at what holds data. Parts are asked whatever became of the
// others, as far as they can be opened.
func checkStore(ctx context.Context, p Program) (parts []Part, warning string) {
	kept := make(chan keptModels, 1)
	database := ask(ctx, databasePart(p.Settings), askPatience, func(ctx context.Context, part *Part) error { return checkDatabase(ctx, p, part, kept) })
	var known keptModels
	select {
	case known = <-kept:
	default: // the database's own part says why
	}
	p.stored = known.stored
	dir, err := dataDir(p.Settings.DataDir)
	folder := checkFolder(dir, err)
	if err != nil {
		return []Part{database, folder}, ""
	}
	e, err := openEngines(p, dir)
	if err != nil {
		return []Part{database, folder, outcome(Part{Name: "engines", Engine: "settings", Where: dir}, err)}, ""
	}
	parts, warning = slices.Concat([]Part{database, folder}, known.providers, e.check(ctx, askPatience)), openToAll(p, e)
	if err := e.close(); err != nil {
		parts = append(parts, outcome(Part{Name: "engines", Engine: "settings", Where: dir}, err))
	}
	return parts, warning
}

func databasePart(s *settings.Settings) Part {
	if s.Embedded() {
		return Part{Name: "database", Engine: "SQLite", Where: s.DataDir}
	}
	return Part{Name: "database", Engine: "PostgreSQL", Where: fmt.Sprintf("%s:%d/%s", s.Database.Host, s.Database.Port, s.Database.Name)}
}

// keptModels is what the database says of models.
type keptModels struct {
	providers []Part
	stored    storedModels
}

// checkDatabase opens the store, reads what it says of models, and closes it
// again.
func checkDatabase(ctx context.Context, p Program, part *Part, kept chan<- keptModels) error {
	c, err := openStore(ctx, p)
	if err != nil {
		return err
	}
	part.Where = c.DB.Where()
	found, err := fits(ctx, c.DB)
	if err != nil {
		return errors.Join(err, c.DB.Close())
	}
	part.About = schemaNote(found)
	var known keptModels
	known.providers, known.stored, err = checkProviders(ctx, c)
	if err == nil {
		kept <- known
	}
	return errors.Join(err, c.DB.Close())
}

// ask asks one part, and waits no longer than patience, whatever the part
// makes of its context.
func ask(ctx context.Context, part Part, patience time.Duration, question func(ctx context.Context, part *Part) error) Part {
	ctx, cancel := context.WithTimeout(ctx, patience)
	answered := make(chan Part, 1)
	go func() {
		defer cancel()
		said := part
		err := question(ctx, &said)
		answered <- outcome(said, err)
	}()
	const grace = 500 * time.Millisecond // to say what it was that hung
	late := time.NewTimer(patience + grace)
	defer late.Stop()
	select {
	case said := <-answered:
		return said
	case <-late.C:
		cancel()
		return outcome(part, fmt.Errorf("it does not answer within %s", patience))
	}
}

func outcome(p Part, err error) Part {
	p.OK = err == nil
	if err != nil {
		p.Mend = err.Error()
	}
	return p
}

// tellEngines logs which engines were chosen, one line a part, and which
// settings have no effect yet.
func (s *Services) tellEngines(ctx context.Context) {
	line := func(part, engine, where string) {
		s.Log.InfoContext(ctx, "engine", slog.String("part", part), slog.String("engine", engine), slog.String("where", where))
	}
	line("database", string(s.DB.Engine()), s.DB.Where())
	s.tell(ctx, s.Log)
	if s.Settings.SSO.Enabled {
		line("single sign-on", "OpenID Connect", s.Settings.SSO.Origin)
	}
	if s.Mail != nil {
		line("mail", "SMTP", s.Mail.Where())
	}
	s.stored.tell(ctx, s.Log)
	for _, e := range s.Settings.Dump() {
		if !e.Default && e.Status == settings.NotYet {
			s.Log.WarnContext(ctx, "setting not used yet", slog.String("variable", e.Name))
		}
	}
}

// Healthy asks a process on this machine whether it is well.
func Healthy(ctx context.Context, s *settings.Settings, process string) error {
	if process == "worker" && !s.Embedded() {
		dir, err := filepath.Abs(s.DataDir)
		if err != nil {
			return fmt.Errorf("find the data folder: %w", err)
		}
		return workersWell(dir, time.Now())
	}
	address, err := HealthAddress(s, process)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return fmt.Errorf("ask %s: %w", process, err)
	}
	res, err := (&http.Client{Timeout: askPatience}).Do(req)
	if err != nil {
		return fmt.Errorf("%s does not answer: %w", process, err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s at %s", process, res.Status, address)
	}
	return nil
}

// webAddr is where nginx listens in its container.
const webAddr = ":80"

// HealthAddress is where a process on this machine says whether it is well.
func HealthAddress(s *settings.Settings, process string) (string, error) {
	listen, path := s.HTTP.ServeAddr(), "/live/"
	switch process {
	case "serve":
		if s.Embedded() {
			listen = s.HTTP.UpAddr()
		}
	case "mcp":
		if listen = s.MCP.Addr; s.Embedded() {
			listen, path = s.HTTP.UpAddr(), "/mcp/health"
		}
	case "web":
		listen = webAddr
	default:
		return "", fmt.Errorf("%s has no process of its own here: `mnemosyne up` runs it; ask `healthcheck serve`", process)
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("read the address %s: %w", listen, err)
	}
	if host == "" || net.ParseIP(host).IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port) + path, nil
}
