package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library/rebuild"
	"git.helu.ca/r/mnemosyne/internal/lifecycle"
	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// embedders are the main one and, while libraries move, the next.
func (s *Services) embedders() embedding.Set {
	return embedding.Set{Main: s.Embedder, Next: s.NextEmbedder}
}

func (s *Services) newRebuild() *rebuild.Service {
	return rebuild.New(rebuild.Options{
		DB: s.DB, Graph: s.Graph, Objects: s.Objects, Audit: s.Audit, Embedders: s.embedders(),
		ChunkTokens: chunkTokens, Recut: s.Ingest.Recut, Log: s.Log,
	})
}

// addRebuilder adds what works on the tasks of indexes, of those queues that
// this process takes from.
func (s *Services) addRebuilder(group *lifecycle.Group) {
	var kinds []rebuild.Kind
	for name, kind := range map[string]rebuild.Kind{queue.Embedding: rebuild.Reembed, queue.Batch: rebuild.Reindex} {
		if slices.Contains(s.Settings.Worker.Queues, name) {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 {
		return
	}
	group.Add("index tasks", lifecycle.NewLoop(rebuild.NewRunner(s.Rebuild, rebuild.RunnerOptions{Kinds: kinds}).Run))
}

const findLibraries = `SELECT uid FROM library WHERE deleted_at IS NULL AND (uid = $1 OR name = $1 OR workspace_id = $1) ORDER BY uid`

// LibraryUIDs finds libraries that an operator names by uid, name or
// workspace, whoever they belong to.
func (c *Core) LibraryUIDs(ctx context.Context, named []string) ([]string, error) {
	var out []string
	for _, name := range named {
		uids, err := sqldb.All(ctx, c.DB.Read(), func(row sqldb.Row) (uid string, err error) { return uid, row.Scan(&uid) }, findLibraries, name)
		switch {
		case err != nil:
			return nil, fmt.Errorf("find library: %w", err)
		case len(uids) == 0:
			return nil, fmt.Errorf("there is no library %q", name)
		case len(uids) > 1:
			return nil, fmt.Errorf("several libraries are called %q; give one of their uids: %s", name, strings.Join(uids, ", "))
		}
		out = append(out, uids[0])
	}
	return out, nil
}

// LibraryOf finds the library that an operator names by uid, name or
// workspace: whoever it belongs to or, for a user, among those that they may
// read.
func (c *Core) LibraryOf(ctx context.Context, named, username string) (uid string, err error) {
	if username == "" {
		uids, err := c.LibraryUIDs(ctx, []string{named})
		if err != nil {
			return "", err
		}
		return uids[0], nil
	}
	by, err := c.ActorFor(ctx, username)
	if err != nil {
		return "", err
	}
	l, err := c.OneLibrary(ctx, by.Principal, named)
	return l.UID, err
}

// WorkHere works on tasks in this process until stop is called. On files that
// is whoever has the data folder, and this process where nobody has; beside
// other processes each takes tasks that no other is at, so that it takes no
// worker for them to end.
func (s *Services) WorkHere(ctx context.Context) (stop func() error, err error) {
	if !s.Settings.Embedded() {
		return s.rebuildHere(ctx)
	}
	h := &helper{s: s, stalled: func(string) {}}
	if err := h.start(ctx); err != nil {
		return nil, err
	}
	return func() error { return h.stop(ctx) }, nil
}

func (s *Services) rebuildHere(ctx context.Context) (stop func() error, err error) {
	if err := s.sameFolder(ctx); err != nil {
		return nil, err // what lies in another folder is not lost
	}
	runner := lifecycle.NewLoop(rebuild.NewRunner(s.Rebuild, rebuild.RunnerOptions{}).Run)
	if err := runner.Start(ctx); err != nil {
		return nil, err
	}
	return func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		return runner.Stop(ctx)
	}, nil
}
