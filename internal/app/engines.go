package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/cache"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/queue/rabbitmq"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// engine is a part as the settings chose it: what `check` asks and what each
// process says of itself when it starts.
type engine struct {
	part  string                          // as "graph"
	kind  string                          // as "SQLite"
	where string                          // an address or a folder, without credentials
	ping  func(ctx context.Context) error // nil: nothing to ask
	close func() error                    // nil: nothing to close
	found func() string                   // nil, or what is known of it once it answered, in place of where
	// dear says that answering costs it as much as its work does.
	dear bool
	// about is what asking the engine tells of it, in a few words; nil: nothing.
	about func(ctx context.Context) string
}

// engines are the parts beside the relational store. Opening one talks to
// nobody, so that a server that is down is found by asking, not by failing to
// start.
type engines struct {
	Graph    library.Graph
	Objects  blob.Store
	Source   ingest.Source
	Queue    queue.Queue
	Cache    cache.Cache
	Embedder embedding.Embedder
	// NextEmbedder is what libraries are moved to; nil when they are not.
	NextEmbedder embedding.Embedder
	Reranker     embedding.Reranker // nil: none

	models *remote.Metrics // of servers with models; nil until there is one
	opened []engine
}

// openEngines opens the engines that the settings name, over the data folder.
func openEngines(p Program, dir string) (*engines, error) {
	e := &engines{}
	for _, open := range []func(Program, string) (engine, error){
		e.openGraph, e.openObjects, e.openHandover, e.openQueue, e.openCache, e.openEmbedder, e.openNextEmbedder, e.openReranker,
	} {
		opened, err := open(p, dir)
		if err != nil {
			return nil, errors.Join(err, e.close())
		}
		if opened.part != "" {
			e.opened = append(e.opened, opened)
		}
	}
	return e, nil
}

func (e *engines) openQueue(p Program, _ string) (engine, error) {
	b := p.Settings.Broker
	if b.Host == "" || b.AlwaysEager {
		e.Queue = queue.NewInProcess()
		return engine{part: "queue", kind: "in process", where: "this process", ping: e.Queue.Ping}, nil
	}
	q := rabbitmq.New(rabbitmq.Options{
		Host: b.Host, Port: b.Port, VHost: b.VHost, User: b.User, Password: b.Password.Reveal(), TLS: b.TLS, Prefix: b.QueuePrefix,
		Log: telemetry.AtLeast(p.Log, p.Settings.Logging.Worker), Registry: p.Registry,
	})
	e.Queue = q
	return engine{part: "queue", kind: "RabbitMQ", where: q.Where(), ping: q.Ping, close: q.Close}, nil
}

func (e *engines) openEmbedder(p Program, _ string) (engine, error) {
	e.Embedder = p.Embedder
	if e.Embedder == nil && p.Settings.Embedding.BaseURL != "" {
		client, opened, err := e.openRemoteEmbedder(p, "embedder", "EMBEDDING", p.Settings.Embedding)
		if err == nil {
			e.Embedder = client
		}
		return opened, err
	}
	if e.Embedder == nil && p.stored.Main != nil {
		client, opened := e.openStoredEmbedder(p, "embedder", "EMBEDDING", *p.stored.Main)
		e.Embedder = client
		return opened, nil
	}
	if e.Embedder == nil {
		e.Embedder = minilm.New(minilm.Options{})
	}
	e.Embedder = embedding.Recorded(e.Embedder, embedding.InProcess, p.usage)
	return engine{part: "embedder", kind: "in process", where: e.Embedder.Space().ID(), ping: e.Embedder.Ping}, nil
}

// close closes what was opened, the last one first.
func (e *engines) close() error {
	var faults []error
	for _, o := range slices.Backward(e.opened) {
		if o.close != nil {
			faults = append(faults, o.close())
		}
	}
	return errors.Join(faults...)
}

// tell logs which engines were chosen, one line a part.
func (e *engines) tell(ctx context.Context, log *slog.Logger) {
	for _, o := range e.opened {
		line := []slog.Attr{slog.String("part", o.part), slog.String("engine", o.kind), slog.String("where", o.where)}
		if o.about != nil {
			line = append(line, slog.String("about", o.about(ctx)))
		}
		log.LogAttrs(ctx, slog.LevelInfo, "engine", line...)
	}
}

// check asks each part for a sign of life, all at once, and then whether the
// index is in the embedder's space. Parts are in the order they were opened in.
func (e *engines) check(ctx context.Context, patience time.Duration) []Part {
	parts := make([]Part, len(e.opened))
	var wait sync.WaitGroup
	for i, o := range e.opened {
		wait.Go(func() {
			parts[i] = ask(ctx, Part{Name: o.part, Engine: o.kind, Where: o.where}, patience, o.answer)
		})
	}
	wait.Wait()
	if slices.ContainsFunc(parts, func(p Part) bool { return !p.OK && (p.Name == "graph" || p.Name == "embedder") }) {
		return parts // they say why the space is not known
	}
	space := ask(ctx, Part{Name: spacePart, Engine: "index"}, patience, func(ctx context.Context, part *Part) error {
		found, asked := e.checkSpace(ctx)
		if asked {
			*part = found
		}
		if asked && !found.OK {
			return errors.New(found.Mend)
		}
		return nil
	})
	if space.Where != "" || !space.OK {
		parts = append(parts, space)
	}
	return parts
}

// answer is what an engine says of itself.
func (o engine) answer(ctx context.Context, part *Part) error {
	if o.ping != nil {
		if err := o.ping(ctx); err != nil {
			return err
		}
	}
	if o.found != nil {
		part.Where = o.found()
	}
	if o.about != nil {
		part.About = o.about(ctx)
	}
	return nil
}
