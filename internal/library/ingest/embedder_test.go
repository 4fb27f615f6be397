package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/embeddingtest"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

func TestAJobWaitsForAnEmbedderThatIsDown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		var left atomic.Int64
		left.Store(12) // more than the tries a fault has
		w.embedder.fail = func() error {
			if left.Add(-1) >= 0 {
				return fmt.Errorf("embed: %w", embedding.ErrDown)
			}
			return nil
		}
		w.start()
		out := w.submitText("a.txt", prose("x", 2))
		if j := w.ended(out.Job.ID); j.Status != ingest.StatusDone || j.Attempts != 1 {
			t.Errorf("the job ended as %+v %+v", j, j.Error)
		}
	})
}

// restarting is an index whose server is away for the first calls of Stage.
type restarting struct {
	library.Graph
	left atomic.Int64
}

func (g *restarting) Stage(ctx context.Context, gen library.GenerationRef, chunks []library.IndexChunk) error {
	if g.left.Add(-1) >= 0 {
		return fmt.Errorf("stage: %w", errs.New(errs.Unavailable, "The index does not answer."))
	}
	return g.Graph.Stage(ctx, gen, chunks)
}

func TestAJobWaitsForAStoreThatIsDown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		g := &restarting{}
		g.left.Store(12)
		s := openWorld(t, w.db, t.TempDir(), func(o *ingest.Options) { g.Graph, o.Graph = o.Graph, g })
		s.alice, s.lib = w.alice, w.lib
		s.start()
		out := s.submitText("a.txt", prose("x", 2))
		if j := s.ended(out.Job.ID); j.Status != ingest.StatusDone || j.Attempts != 1 {
			t.Errorf("the job ended as %+v %+v", j, j.Error)
		}
	})
}

func TestNothingIsStagedBeforeTheEmbedderSaysItsSpace(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		var left atomic.Int64
		left.Store(3)
		w.embedder.ping = func() error {
			if left.Add(-1) >= 0 {
				return fmt.Errorf("ping: %w", embedding.ErrDown)
			}
			return nil
		}
		w.start()
		out := w.submitText("a.txt", prose("x", 2))
		if j := w.ended(out.Job.ID); j.Status != ingest.StatusDone || j.Attempts != 1 {
			t.Errorf("the job ended as %+v %+v", j, j.Error)
		}
		spaces, err := w.graph.Spaces(t.Context(), []string{out.Job.LibraryUID})
		if err != nil || len(spaces) != 1 || spaces[0] != "hash/16" {
			t.Errorf("the index is in %q, %v", spaces, err)
		}
	})
}

func TestAPassageThatTheEmbedderRefusesFailsTheJobAtOnceAndIsNamed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.embedder.fail = func() error {
			return &embedding.RefusedError{Inputs: []int{1}, Err: errors.New("422")}
		}
		w.start()
		out := w.submitText("a.txt", prose("x", 4))
		j := w.ended(out.Job.ID)
		if j.Status != ingest.StatusFailed || j.Attempts != 1 || j.Error.Code != ingest.CodeEmbedderFailed || !strings.Contains(j.Error.Detail, "at character ") {
			t.Errorf("the job ended as %+v %+v", j, j.Error)
		}
	})
}

// silent does not say its space before it is told to.
type silent struct {
	embeddingtest.Hash

	known atomic.Bool
}

func (s *silent) Space() embedding.Space {
	space := s.Hash.Space()
	if !s.known.Load() {
		space.Dimensions = 0
	}
	return space
}

func (s *silent) Ping(context.Context) error {
	if !s.known.Load() {
		return embedding.ErrDown
	}
	return nil
}

func TestChunksCutWithoutTheNextModelAreNotMixedWithThoseCutForIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		next := &silent{Hash: embeddingtest.Hash{Model: "next", Dimensions: 8, Max: 16}}
		_, err := sqldb.Exec(t.Context(), w.db.Write(), `UPDATE library SET embedding_space = 'hash/16', other_space = 'next/8' WHERE uid = $1`, w.lib)
		check(t, err)
		var calls atomic.Int64
		w.embedder.fail = func() error {
			if calls.Add(1) != 2 {
				return nil
			}
			next.known.Store(true)
			return errors.New("a fault that passes")
		}
		w.start(func(o *ingest.WorkerOptions) { o.NextEmbedder = next })
		out := w.submitText("a.txt", prose("x", 200))
		j := w.ended(out.Job.ID)
		if j.Status != ingest.StatusDone || j.Attempts != 2 {
			t.Fatalf("the job ended as %+v %+v", j, j.Error)
		}
		end := 0
		chunks, err := w.graph.Chunks(t.Context(), library.GenerationRef{LibraryUID: w.lib, ItemUID: out.ItemUID, Generation: 1}, 0, math.MaxInt32)
		check(t, err)
		for _, c := range chunks {
			if c.Start < end || next.CountTokens(c.Text) > 16 {
				t.Fatalf("chunk %d of %d begins at %d before the end of the last, %d, or is too long: %q", c.Ordinal, len(chunks), c.Start, end, c.Text)
			}
			end = c.End
		}
	})
}

func TestADocumentIsTakenInWhileTheNextModelIsDown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		next := &embeddingtest.Hash{Model: "next", Dimensions: 8, Before: func(context.Context) error { return embedding.ErrDown }}
		_, err := sqldb.Exec(t.Context(), w.db.Write(), `UPDATE library SET embedding_space = 'hash/16', other_space = 'next/8' WHERE uid = $1`, w.lib)
		check(t, err)
		w.start(func(o *ingest.WorkerOptions) { o.NextEmbedder = next })
		out := w.submitText("a.txt", prose("x", 4))
		if j := w.ended(out.Job.ID); j.Status != ingest.StatusDone || j.Attempts != 1 {
			t.Errorf("the job ended as %+v %+v", j, j.Error)
		}
		lacking, err := w.graph.WithoutVector(t.Context(), w.lib, "next/8", 10)
		if err != nil || len(lacking) == 0 {
			t.Errorf("the other space lacks %d vectors, %v", len(lacking), err)
		}
	})
}
