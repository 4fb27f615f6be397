package search_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/concept"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

// mention lets a chunk of a document's first version speak of concepts.
func (w *world) mention(libraryUID, itemUID string, ordinal int, names ...string) {
	w.Helper()
	var list []library.Mention
	for _, name := range names {
		list = append(list, library.Mention{Key: concept.Key(name), Name: name, Kind: library.ConceptName, Weight: 1})
	}
	ref := library.GenerationRef{LibraryUID: libraryUID, ItemUID: itemUID, Generation: 1}
	if err := w.graph.AddMentions(w.Context(), ref, map[int][]library.Mention{ordinal: list}); err != nil {
		w.Fatal(err)
	}
}

// traffic fills the libraries: words lead to the first chunk alone, the
// statute from there to another.
func traffic(t *testing.T) (w *world, item string) {
	t.Helper()
	w = newWorld(t)
	w.opt.Embedder, w.opt.GraphDepth = nil, 2
	item = w.put(w.papers, "", "Law", "the zebra crossing", "lorries must stop", "of the moon")
	w.mention(w.papers, item, 0, "Statute 7")
	w.mention(w.papers, item, 1, "Statute 7", "Lorry")
	w.mention(w.papers, item, 2, "Moon")
	notes := w.put(w.notes, "", "Note", "statutes in short")
	w.mention(w.notes, notes, 0, "Statute 7")
	his := w.put(w.bobs, "", "His", "the zebra of bob", "bob's own")
	w.mention(w.bobs, his, 0, "Statute 7")
	w.mention(w.bobs, his, 1, "Statute 7", "Lorry")
	return w, item
}

func TestTheGraphLegLiftsWhatConceptsLeadTo(t *testing.T) {
	t.Parallel()
	w, _ := traffic(t)
	got := w.search(w.alice, search.Request{Query: "zebra crossing lorries"})
	if want := []string{"the zebra crossing", "lorries must stop"}; !slices.Equal(texts(got), want) {
		t.Fatalf("found %q, want %q", texts(got), want)
	}
	if found := got.Hits[1].Found; len(found) != 2 || found[1].Leg != "graph" || found[1].Rank != 1 {
		t.Errorf("its places are %+v", found)
	}
	if got.Status.Graph != search.OK || got.Degraded || got.Legs[2].Name != "graph" || got.Legs[2].Hits != 1 {
		t.Errorf("the answer says %+v, %+v", got.Status, got.Legs)
	}
	if got := w.search(w.alice, search.Request{Query: "moon"}); got.Status.Graph != search.Empty {
		t.Errorf("a passage whose concepts stand nowhere else says %s", got.Status.Graph)
	}
	if got := w.search(w.alice, search.Request{Query: "nothing of the kind"}); got.Status.Graph == search.Failed {
		t.Errorf("a question without hits says %s", got.Status.Graph)
	}
	w.opt.GraphDepth = 0
	if got := w.search(w.alice, search.Request{Query: "zebra crossing lorries"}); len(got.Hits) != 2 || len(got.Hits[1].Found) != 1 || got.Status.Graph != search.Skipped {
		t.Errorf("without depth it finds %q, %s", texts(got), got.Status.Graph)
	}
}

func TestTheGraphLegFindsWhatNoWordOfTheQueryLeadsTo(t *testing.T) {
	t.Parallel()
	w, _ := traffic(t)
	got := w.search(w.alice, search.Request{Query: "zebra crossing"})
	if want := []string{"the zebra crossing", "lorries must stop"}; !slices.Equal(texts(got), want) {
		t.Errorf("found %q, want %q", texts(got), want)
	}
}

// One passage of many that answer alike is not where a second step begins.
func TestConceptsLeadAsFarAsTheBestHitStandsOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.opt.Embedder, w.opt.GraphDepth = nil, 2
	for kind, text := range map[string]string{"mountain": "zebra mountain", "savanna": "zebra savanna grass", "painted": "zebra painted by hand"} {
		w.mention(w.papers, w.put(w.papers, "", kind, text), 0, "Park "+kind, "Reserve "+kind)
	}
	long := "of all that there is to read about parks a zebra is the least"
	w.mention(w.papers, w.put(w.papers, "", "long", long), 0,
		"Park mountain", "Park savanna", "Park painted", "Reserve mountain", "Reserve savanna", "Reserve painted")
	for query, place := range map[string]int{"zebra": 3, "zebra savanna": 1} {
		got := w.search(w.alice, search.Request{Query: query})
		if found := texts(got); len(found) != 4 || found[place] != long || got.Status.Graph != search.OK {
			t.Errorf("%s: found %q, %s; want the long one at %d", query, found, got.Status.Graph, place)
		}
	}
}

func TestAGraphLegThatFailsOrIsLateCostsItsHitsAlone(t *testing.T) {
	t.Parallel()
	w, _ := traffic(t)
	w.opt.GraphTimeout = 20 * time.Millisecond
	for status, fault := range map[search.LegStatus]func(context.Context) error{
		search.Failed:  func(context.Context) error { return errors.New("broken") },
		search.Timeout: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		w.graph.related = fault
		got := w.search(w.alice, search.Request{Query: "zebra crossing lorries"})
		if got.Status.Graph != status || !got.Degraded || !slices.Equal(texts(got), []string{"the zebra crossing", "lorries must stop"}) {
			t.Errorf("%s: found %q, %+v", status, texts(got), got.Status)
		}
	}
}

func (w *world) related(p accounts.Principal, r search.RelatedRequest) search.RelatedResult {
	w.Helper()
	got, err := search.New(w.opt).Related(w.Context(), p, r)
	if err != nil {
		w.Fatalf("%+v: %v", r, err)
	}
	return got
}

func TestRelatedShowsEachCallerTheirOwnLibrariesAlone(t *testing.T) {
	t.Parallel()
	w, item := traffic(t)
	uid, err := library.ChunkUID(item, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	narrow := w.alice
	narrow.Scope = accounts.Scope{Kind: accounts.ScopeLibraries, Libraries: []string{w.notes}}
	type concepts []search.RelatedConcept
	for name, c := range map[string]struct {
		who      accounts.Principal
		req      search.RelatedRequest
		hits     []string
		concepts concepts
	}{
		"of a passage":       {w.alice, search.RelatedRequest{ChunkUID: uid}, []string{"lorries must stop"}, concepts{{Name: "Statute 7", Chunks: 2}}},
		"of a concept":       {w.alice, search.RelatedRequest{Concept: " statute 7 "}, []string{"lorries must stop", "statutes in short", "the zebra crossing"}, concepts{{Name: "Statute 7", Chunks: 3}, {Name: "Lorry", Chunks: 1}}},
		"of one library":     {w.alice, search.RelatedRequest{Concept: "statute 7", Libraries: []string{"Notes"}}, []string{"statutes in short"}, concepts{{Name: "Statute 7", Chunks: 1}}},
		"with a narrow one":  {narrow, search.RelatedRequest{Concept: "Statute 7"}, []string{"statutes in short"}, concepts{{Name: "Statute 7", Chunks: 1}}},
		"of nobody":          {accounts.Principal{}, search.RelatedRequest{Concept: "Statute 7"}, []string{}, concepts{}},
		"of what is nowhere": {w.alice, search.RelatedRequest{Concept: "unicorn"}, []string{}, concepts{}},
		"of what none names": {w.alice, search.RelatedRequest{Concept: "…"}, []string{}, concepts{}},
	} {
		got := w.related(c.who, c.req)
		found := texts(search.Result{Hits: got.Hits})
		slices.Sort(found)
		if !slices.Equal(found, c.hits) || !slices.Equal(got.Concepts, c.concepts) || got.Hits == nil || got.Concepts == nil {
			t.Errorf("%s: found %q and %+v, want %q and %+v", name, found, got.Concepts, c.hits, c.concepts)
		}
	}
}

func TestRelatedToWhatIsAnothersIsRelatedToNothing(t *testing.T) {
	t.Parallel()
	w, item := traffic(t)
	uid := func(item string, ordinal int) string {
		uid, err := library.ChunkUID(item, 1, ordinal)
		if err != nil {
			t.Fatal(err)
		}
		return uid
	}
	engine := search.New(w.opt)
	for name, c := range map[string]struct {
		who  accounts.Principal
		req  search.RelatedRequest
		kind errs.Kind
	}{
		"another's passage":         {w.bob, search.RelatedRequest{ChunkUID: uid(item, 0)}, errs.NotFound},
		"a passage beyond the last": {w.alice, search.RelatedRequest{ChunkUID: uid(item, 9)}, errs.NotFound},
		"no uid":                    {w.alice, search.RelatedRequest{ChunkUID: "x"}, errs.NotFound},
		"in another library":        {w.alice, search.RelatedRequest{ChunkUID: uid(item, 0), Libraries: []string{w.notes}}, errs.NotFound},
		"another's library":         {w.alice, search.RelatedRequest{Concept: "Statute 7", Libraries: []string{w.bobs}}, errs.NotFound},
		"both":                      {w.alice, search.RelatedRequest{ChunkUID: uid(item, 0), Concept: "x"}, errs.Invalid},
		"neither":                   {w.alice, search.RelatedRequest{}, errs.Invalid},
		"too many":                  {w.alice, search.RelatedRequest{Concept: "x", Limit: 101}, errs.Invalid},
	} {
		if _, err := engine.Related(t.Context(), c.who, c.req); !errs.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.graph.related = func(context.Context) error { return errors.New("broken") }
	if _, err := engine.Related(t.Context(), w.alice, search.RelatedRequest{Concept: "Statute 7"}); !errs.Is(err, errs.Unavailable) {
		t.Errorf("a broken graph says %v", err)
	}
}
