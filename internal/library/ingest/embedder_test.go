package ingest_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
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
