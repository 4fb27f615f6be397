package rebuild_test

import (
	"slices"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/rebuild"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func TestDocumentsOfOlderProgramsGetTheirConceptsWithoutBeingAsked(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		item := w.take("a", "They signed the Zeppelin Treaty.\n\n"+long("alpha", 3))
		named := func() bool {
			all := must(w.graph.Concepts(t.Context(), library.ConceptQuery{Libraries: []string{w.lib}, Limit: 100}))(t)
			return slices.ContainsFunc(all, func(c library.Concept) bool { return c.Name == "Zeppelin Treaty" && c.Chunks == 1 })
		}
		if !named() {
			t.Fatal("a new document has no concepts")
		}
		ref := library.GenerationRef{LibraryUID: w.lib, ItemUID: item, Generation: 1}
		var plain []library.IndexChunk
		for _, c := range must(w.graph.Stored(t.Context(), ref, 0, 100))(t) {
			space := w.old.Space().ID()
			plain = append(plain, library.IndexChunk{Ordinal: c.Ordinal, Text: c.Text, Context: c.Context, Start: c.Start, End: c.End, Hash: c.Hash, Space: space, Vector: c.Vectors[space]})
		}
		check(t, w.graph.DeleteItem(t.Context(), w.lib, item))
		check(t, w.graph.Stage(t.Context(), ref, plain))
		check(t, w.graph.Publish(t.Context(), ref, library.IndexItem{UID: item, Title: "a"}, 2))
		if named() {
			t.Fatal("the document still has its concepts")
		}
		check(t, w.LookAfter(t.Context()))
		equal(t, len(must(w.Tasks(t.Context(), 10))(t)), 0) // new ones have theirs

		_ = must(sqldb.Exec(t.Context(), db.Write(), `UPDATE item_generation SET lacks_concepts = TRUE`))(t)
		check(t, w.LookAfter(t.Context()))
		w.runs(rebuild.RunnerOptions{})
		tasks := must(w.Tasks(t.Context(), 10))(t)
		equal(t, w.done(tasks[0]).Status, rebuild.Done)
		if !named() {
			t.Error("the document has no concepts")
		}
		check(t, w.LookAfter(t.Context()))
		equal(t, len(must(w.Tasks(t.Context(), 10))(t)), 1)
	})
}
