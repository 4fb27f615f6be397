package app

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"git.helu.ca/r/mnemosyne/internal/dashboard/admin"
	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/settings"
)

const (
	pagePatience = 4 * time.Second  // of a part, while somebody waits for a page
	glanceFresh  = 15 * time.Second // how old what the overview shows may be
)

// health shows those who run the place what `check` does, of the engines that
// this process uses.
type health struct {
	s     *Services
	since time.Time

	mu   sync.Mutex
	last admin.Health
}

func newHealth(s *Services) *health { return &health{s: s, since: time.Now()} }

// Glance is what was found a moment ago, or is found now.
func (h *health) Glance(ctx context.Context) admin.Health {
	h.mu.Lock()
	last := h.last
	h.mu.Unlock()
	if time.Since(last.At) < glanceFresh {
		return last
	}
	return h.Check(ctx)
}

// Check asks every part at once.
func (h *health) Check(ctx context.Context) admin.Health {
	s := h.s
	found := admin.Health{At: time.Now(), Version: s.Version, Since: h.since, Workers: workersSeen(s.Dir, time.Now()), Facts: facts(s.Settings)}
	var wait sync.WaitGroup
	var database Part
	var parts []Part
	wait.Go(func() {
		part := databasePart(s.Settings)
		part.Where = s.DB.Where()
		database = ask(ctx, part, pagePatience, func(ctx context.Context, part *Part) error {
			found, err := fits(ctx, s.DB)
			part.About = schemaNote(found)
			return err
		})
	})
	wait.Go(func() { parts = s.check(ctx, pagePatience) })
	found.Queues = h.depths(ctx)
	wait.Wait()
	for _, part := range append([]Part{database, checkFolder(s.Dir, nil)}, parts...) {
		found.Parts = append(found.Parts, admin.Part(part))
	}
	for _, text := range s.Settings.Warnings() {
		found.Warnings = append(found.Warnings, admin.Warning{Text: text})
	}
	if text := openToAll(s.Program, s.engines); text != "" {
		found.Warnings = append(found.Warnings, admin.Warning{Text: text})
	}
	if unused := unusedSettings(s.Settings); len(unused) > 0 {
		found.Warnings = append(found.Warnings, admin.Warning{Text: "Set, and not used yet: " + strings.Join(unused, ", ") + "."})
	}
	h.mu.Lock()
	h.last = found
	h.mu.Unlock()
	return found
}

// depths counts the wake-ups that wait. One queue that does not answer is
// enough to know that none does.
func (h *health) depths(ctx context.Context) []admin.Queue {
	ctx, cancel := context.WithTimeout(ctx, pagePatience)
	defer cancel()
	var out []admin.Queue
	for _, name := range queue.Names() {
		n, err := h.s.Queue.Depth(ctx, name)
		row := admin.Queue{Name: name, Depth: int64(n)}
		if err != nil {
			row.Fault = "not known: " + err.Error()
		}
		out = append(out, row)
	}
	return out
}

// unusedSettings are those that are set and have no effect yet.
func unusedSettings(s *settings.Settings) []string {
	var names []string
	for _, e := range s.Dump() {
		if !e.Default && e.Status == settings.NotYet {
			names = append(names, e.Name)
		}
	}
	return names
}

// facts are how the place is set, as far as those who run it ask for it most.
func facts(s *settings.Settings) []admin.Fact {
	signIn := "user name and password"
	switch {
	case s.SSO.Enabled && s.SSO.AllowLocalLogin:
		signIn = "Casdoor at " + s.SSO.Origin + ", or user name and password"
	case s.SSO.Enabled:
		signIn = "Casdoor at " + s.SSO.Origin + "; user name and password for superusers alone"
	}
	mail := "none is sent: EMAIL_HOST is empty"
	if s.Mail.Host != "" {
		mail = "through " + s.Mail.Host
	}
	mcp := "a token or a team’s JWT is required"
	if !s.MCP.RequireAuth {
		mcp = "open: whoever reaches it reads the global libraries"
	}
	profile := "several processes, on PostgreSQL"
	if s.Embedded() {
		profile = "one process, with all it keeps in one folder"
	}
	return []admin.Fact{{Name: "Profile", Value: profile}, {Name: "Sign-in", Value: signIn}, {Name: "MCP", Value: mcp}, {Name: "E-mail", Value: mail}}
}

// workersSeen are the workers that have given a sign of life in the data
// folder, the newest first.
func workersSeen(dir string, now time.Time) []admin.Worker {
	paths, err := filepath.Glob(filepath.Join(dir, tempFolder, workplacePrefix+"*", pulseFile))
	if err != nil {
		return nil
	}
	var out []admin.Worker
	for _, path := range paths {
		var p pulse
		b, err := os.ReadFile(path) //nolint:gosec // the operator's own folder
		if err != nil || json.Unmarshal(b, &p) != nil {
			continue // one that has just ended
		}
		out = append(out, admin.Worker{Host: p.Host, PID: int64(p.PID), At: p.At, Fresh: now.Sub(p.At) <= pulseFresh, Problem: p.Problem})
	}
	slices.SortFunc(out, func(a, b admin.Worker) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.PID, b.PID)) })
	return out
}
