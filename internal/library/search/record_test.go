package search_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

// diary keeps what a search log is told.
type diary []search.Record

func (d *diary) RecordSearch(r search.Record) { *d = append(*d, r) }

// noting notes for whom it embeds.
type noting struct {
	*letters
	users *[]string
}

func (n noting) EmbedQuery(ctx context.Context, q embedding.Query) ([]float32, error) {
	*n.users = append(*n.users, embedding.UserOf(ctx))
	return n.letters.EmbedQuery(ctx, q)
}

func TestEachSearchIsToldToTheSearchLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.papers, "", "Zebras", "zebras eat grass")
	var log diary
	var users []string
	w.opt.Recorder, w.opt.Embedder = &log, noting{w.embedder, &users}
	ask := func(r search.Request) error {
		_, err := search.New(w.opt).Search(t.Context(), w.alice, r)
		return err
	}
	if err := ask(search.Request{Query: " zebras ", Surface: "rest"}); err != nil {
		t.Fatal(err)
	}
	w.graph.fullText = func() error { return errors.New("broken") }
	if err := ask(search.Request{Query: "zebras", Libraries: []string{w.papers}, Surface: "made up"}); err != nil {
		t.Fatal(err)
	}
	w.graph.hydrate = func() error { return errors.New("broken") }
	if err := ask(search.Request{Query: "zebras"}); err == nil {
		t.Fatal("a search that cannot read what it found gave no error")
	}
	for _, r := range []search.Request{{Query: ""}, {Query: "x", Libraries: []string{w.bobs}}} { // those that were no search
		if err := ask(r); err == nil {
			t.Fatalf("%+v was answered", r)
		}
	}
	if len(log) != 3 {
		t.Fatalf("%d searches are told, want 3", len(log))
	}
	first := log[0]
	if first.Surface != "rest" || first.By.UserID != w.alice.UserID || first.Libraries != 2 || first.Hits != 1 || first.Query != "zebras" || first.Took <= 0 ||
		first.Outcome != search.Answered || len(first.Found) != 1 || first.Found[w.papers] != 1 {
		t.Errorf("the first is told as %+v", first)
	}
	statuses := func(r search.Record) (out []string) {
		for _, l := range r.Legs {
			out = append(out, l.Name+" "+string(l.Status))
			if l.Took <= 0 {
				t.Errorf("%s took %s", l.Name, l.Took)
			}
		}
		return out
	}
	if got := statuses(first); !slices.Contains(got, "vector ok") || !slices.Contains(got, "fulltext ok") {
		t.Errorf("its legs are %v", got)
	}
	if got := statuses(log[1]); log[1].Surface != "other" || log[1].Libraries != 1 || log[1].Outcome != search.AnsweredDegraded || !slices.Contains(got, "fulltext failed") {
		t.Errorf("the second is told as %+v", log[1])
	}
	if log[2].Hits != 0 || len(log[2].Found) != 0 || log[2].Outcome != search.NotAnswered {
		t.Errorf("the third is told as %+v", log[2])
	}
	if len(users) == 0 || slices.ContainsFunc(users, func(u string) bool { return u != w.alice.UserID }) {
		t.Errorf("it was embedded for %q", users)
	}
}
