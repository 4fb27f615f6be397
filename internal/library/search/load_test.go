package search_test

import (
	"context"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

// lazy notes whether its loading was counted against a leg's time.
type lazy struct {
	*letters

	timed, loaded bool
}

func (l *lazy) Load(ctx context.Context) error {
	_, l.timed = ctx.Deadline()
	l.loaded = true
	return nil
}

// silent records nothing.
type silent struct{}

func (silent) RecordUsage(context.Context, embedding.Usage) {}

func TestTheTimeThatAModelTakesToLoadIsNotTheVectorLegs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.papers, "", "A", "apple pie")
	model := &lazy{letters: w.embedder}
	w.opt.Embedder = embedding.Recorded(model, embedding.InProcess, silent{})
	got := w.search(w.alice, search.Request{Query: "apple"})
	if !model.loaded || model.timed || got.Status.Vector != search.OK || got.Degraded {
		t.Errorf("loaded %v, within the leg's time %v: %+v", model.loaded, model.timed, got)
	}
}
