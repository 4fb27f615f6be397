package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/lifecycle"
)

const (
	askEvery = 30 * time.Second
	// askDearEvery is for parts that work to answer, as models do. Calls of
	// theirs are counted by themselves.
	askDearEvery = 10 * time.Minute
)

// watch asks the parts for signs of life all the time, so that the log and the
// metrics say when one goes and when it comes back, also while nobody needs it.
type watch struct {
	log   *slog.Logger
	parts []engine
	up    *prometheus.GaugeVec

	mu    sync.Mutex
	known map[string]bool // part to whether it answered
}

// addWatch adds the watch of what this process uses.
func (s *Services) addWatch(group *lifecycle.Group) {
	parts := []engine{{part: "database", kind: databasePart(s.Settings).Engine, where: s.DB.Where(), ping: s.DB.Ping}}
	for _, o := range s.opened {
		if o.ping != nil && o.kind != "in process" && o.kind != "in memory" {
			parts = append(parts, o)
		}
	}
	group.Add("signs of life", lifecycle.NewLoop(newWatch(s.Log, s.Registry, parts).run))
}

func newWatch(log *slog.Logger, registry prometheus.Registerer, parts []engine) *watch {
	w := &watch{log: log, parts: parts, known: map[string]bool{}, up: prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "mnemosyne_part_up", Help: "1 while a part answers this process, 0 while it does not, by part and engine.",
	}, []string{"part", "engine"})}
	registry.MustRegister(w.up)
	return w
}

// run asks each part by itself: one that hangs holds up no other.
func (w *watch) run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, o := range w.parts {
		all.Go(func() { w.follow(ctx, o) })
	}
	all.Wait()
	return nil
}

func (w *watch) follow(ctx context.Context, o engine) {
	every := askEvery
	if o.dear {
		every = askDearEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		w.ask(ctx, o)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (w *watch) ask(ctx context.Context, o engine) {
	asked, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	err := o.ping(asked)
	if ctx.Err() != nil {
		return // nobody waits for the answer any more
	}
	w.mu.Lock()
	before, known := w.known[o.part]
	w.known[o.part] = err == nil
	w.mu.Unlock()
	value := 0.0
	if err == nil {
		value = 1
	}
	w.up.WithLabelValues(o.part, o.kind).Set(value)
	part, where := slog.String("part", o.part), slog.String("where", o.where)
	switch {
	case known && before == (err == nil):
	case err != nil:
		w.log.WarnContext(ctx, "part does not answer", part, where, slog.Any("error", err))
	default:
		w.log.InfoContext(ctx, "part answers", part, where)
	}
}

// registerFigures registers what is asked for at each scrape.
func (c *Core) registerFigures() {
	c.Registry.MustRegister(c.DB.Collector(), prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "mnemosyne_data_folder_free_bytes", Help: "Room on the file system of the data folder; -1 where it cannot be told.",
	}, func() float64 {
		free, _, err := room(c.Dir)
		if err != nil {
			return -1
		}
		return float64(free)
	}))
}

// registerWorker registers what a process that runs jobs says of that.
func (s *Services) registerWorker(listening func() error) {
	s.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "mnemosyne_worker_consuming", Help: "1 while this process hears of new jobs.",
	}, func() float64 {
		if listening() != nil {
			return 0
		}
		return 1
	}))
}
