package admin

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/rebuild"
)

// HealthOptions are what the page of the engines' health is made of.
type HealthOptions struct {
	// Check asks every part for a sign of life, side by side, and answers
	// within seconds whatever they do.
	Check func(ctx context.Context) Health
	// Glance is what Check found a moment ago, or finds now.
	Glance func(ctx context.Context) Health
	// Jobs counts jobs (ingest.Service).
	Jobs interface {
		Load(ctx context.Context, since time.Time) (ingest.Load, error)
		Residue(ctx context.Context, grace time.Duration) ([]ingest.Residue, error)
	}
	// Tasks lists the newest work on indexes (rebuild.Service).
	Tasks interface {
		Tasks(ctx context.Context, limit int) ([]rebuild.Task, error)
	}
}

// Health is how everything is.
type Health struct {
	At       time.Time
	Version  string
	Since    time.Time // when the process started
	Parts    []Part
	Queues   []Queue
	Workers  []Worker
	Facts    []Fact
	Warnings []Warning
}

// OK tells whether every part is well.
func (h Health) OK() bool {
	return !slices.ContainsFunc(h.Parts, func(p Part) bool { return !p.OK })
}

// Part is what a check found of one part.
type Part struct {
	Name, Engine, Where string
	OK                  bool
	About               string
	Mend                string // what to do when it is not well
}

// Queue is how many wake-ups wait in a queue.
type Queue struct {
	Name   string
	Depth  int64
	Fault  string // why that is not known
	Served bool   // by a worker of this process
}

// Worker is a process that has given a sign of life in the data folder.
type Worker struct {
	Host    string
	PID     int64
	At      time.Time
	Fresh   bool
	Problem string // why it hears of no jobs
}

// Fact is how something is set.
type Fact struct{ Name, Value string }

// Warning is something that may not be meant, and where to see to it.
type Warning struct{ Text, Path, Link string }

type healthViews struct {
	health  page.View[healthPage]
	residue page.View[residuePage]
}

func loadHealth(l *page.Loader) healthViews {
	return healthViews{
		health:  page.Load[healthPage](l, "admin_health.html"),
		residue: page.Load[residuePage](l, "admin_residue.html"),
	}
}

func (p *Pages) healthRoutes() []page.Route {
	return []page.Route{
		{Method: get, Path: pathHealth, Handler: p.showHealth},
		{Method: get, Path: pathHealth + "residue/", Handler: p.showResidue},
		{Method: post, Path: pathHealth + "residue/", Handler: p.lookForResidue},
	}
}

// healthPage shows how every part is.
type healthPage struct {
	Health Health
	OK     bool
	Jobs   ingest.Load
	Tasks  []taskRow
}

// taskRow is work on an index.
type taskRow struct {
	Kind, Library string
	Status        string
	Done, Total   int64
	Unit          string
	Problem       string
	CreatedAt     time.Time
	FinishedAt    *time.Time
}

func taskRowOf(t rebuild.Task) taskRow {
	row := taskRow{
		Kind: string(t.Kind), Library: t.LibraryName, Status: string(t.Status), Done: t.Done, Total: t.Total, Unit: "documents",
		Problem: t.Problem, CreatedAt: t.CreatedAt, FinishedAt: t.FinishedAt,
	}
	if t.Kind == rebuild.Reembed {
		row.Unit = "passages"
	}
	return row
}

const newestTasks = 20

func (p *Pages) showHealth(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	out := healthPage{Health: p.opt.Health.Check(r.Context())}
	out.OK = out.Health.OK()
	var err error
	if out.Jobs, err = p.opt.Health.Jobs.Load(r.Context(), startOfDay(time.Now())); err != nil {
		return err
	}
	tasks, err := p.opt.Health.Tasks.Tasks(r.Context(), newestTasks)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		out.Tasks = append(out.Tasks, taskRowOf(t))
	}
	return p.health.health.Show(w, r, s, http.StatusOK, p.heading("Health", pathHealth), out)
}

// startOfDay is when the day of a moment began, in UTC.
func startOfDay(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// residuePage shows what is left in the stores of what was deleted, as it was
// found when somebody looked.
type residuePage struct {
	At      time.Time // zero: nobody has looked yet
	Rows    []residueRow
	Overdue int64
	Fault   string // a store could not be looked at, or not in time
}

type residueRow struct {
	Store, Kind    string
	Count, Overdue int64
	Oldest         *time.Time
	Example        string
}

// residue is what the last look of this process found.
type residue struct {
	looking sync.Mutex // one look at a time: it goes through every store

	mu   sync.Mutex
	last residuePage
}

func (l *residue) found(p residuePage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = p
}

func (l *residue) shown() residuePage {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// residuePatience bounds a look through every store.
const residuePatience = 20 * time.Second

func (p *Pages) showResidue(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return p.health.residue.Show(w, r, s, http.StatusOK, p.heading("Residue", pathHealth), p.residue.shown())
}

// lookForResidue goes on when the browser does not wait: the next one that
// comes is shown what was found.
func (p *Pages) lookForResidue(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	const here = pathHealth + "residue/"
	if !p.residue.looking.TryLock() {
		return page.Refused(w, r, s, "Somebody is looking already. Come back in some seconds.", here)
	}
	defer p.residue.looking.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), residuePatience)
	defer cancel()
	left, err := p.opt.Health.Jobs.Residue(ctx, -1)
	out := residuePage{At: time.Now()}
	if err != nil {
		out.Fault = "Not every store could be looked at in time. `mnemosyne residue` takes as long as it needs, and says why."
	}
	for _, l := range left {
		out.Overdue += l.Overdue
		out.Rows = append(out.Rows, residueRow{l.Store, l.Kind, l.Count, l.Overdue, l.Oldest, l.Example})
	}
	p.residue.found(out)
	http.Redirect(w, r, here, http.StatusSeeOther)
	return nil
}
