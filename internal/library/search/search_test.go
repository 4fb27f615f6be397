package search_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

func TestAHitCitesItsPassage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := w.put(w.papers, "", "Handbook", "first chunk", "the zebra crossing")
	got := w.search(w.alice, search.Request{Query: "zebra crossing", Limit: 1})
	page := 2
	uid, err := library.ChunkUID(item, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := []search.Hit{{
		ChunkUID: uid, ItemUID: item, LibraryUID: w.papers, LibraryName: "Papers", Title: "Handbook", Source: "file:Handbook",
		HeadingPath: []string{"Part"}, Page: &page, Start: 100, End: 118, Text: "the zebra crossing",
		ScoreKind: search.ScoreFused, ChunkUIDs: []string{uid},
		Found: []search.Finding{{Leg: "vector", Rank: 1}, {Leg: "fulltext", Rank: 1}},
	}}
	if diff := cmp.Diff(want, got.Hits, cmpopts.IgnoreFields(search.Finding{}, "Score"), cmpopts.IgnoreFields(search.Hit{}, "Score")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if want := (search.Status{Vector: search.OK, FullText: search.OK, Graph: search.Skipped, Rerank: search.Skipped}); got.Status != want || got.Degraded {
		t.Errorf("status %+v, degraded %v", got.Status, got.Degraded)
	}
}

func TestOnlyWhatTheCallerMayReadIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.papers, "", "A", "apple of alice")
	w.put(w.bobs, "", "B", "apple of bob")
	w.put(w.notes, "", "C", "apple in notes")
	one := w.alice
	one.Scope = accounts.Scope{Kind: accounts.ScopeLibraries, Libraries: []string{w.notes}}
	for name, c := range map[string]struct {
		who  accounts.Principal
		req  search.Request
		want []string
	}{
		"all of hers":       {w.alice, search.Request{}, []string{"apple in notes", "apple of alice"}},
		"by name":           {w.alice, search.Request{Libraries: []string{"Papers"}}, []string{"apple of alice"}},
		"by uid":            {w.alice, search.Request{Libraries: []string{w.notes}}, []string{"apple in notes"}},
		"his":               {w.bob, search.Request{}, []string{"apple of bob"}},
		"a narrow token":    {one, search.Request{}, []string{"apple in notes"}},
		"nobody":            {accounts.Principal{}, search.Request{}, []string{}},
		"by type":           {w.alice, search.Request{LibraryType: "journal"}, []string{"apple in notes"}},
		"a type of nothing": {w.alice, search.Request{LibraryType: "music"}, []string{}},
	} {
		c.req.Query = "apple"
		got := w.search(c.who, c.req)
		found := texts(got)
		slices.Sort(found)
		if !slices.Equal(found, c.want) {
			t.Errorf("%s: found %q, want %q", name, found, c.want)
		}
		if len(found) == 0 && (got.Hits == nil || got.Degraded || got.Status.FullText != search.Empty) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestWhatCannotBeAskedIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item, others := w.put(w.papers, "", "A", "apple"), w.put(w.bobs, "Shared", "B", "apple")
	for name, c := range map[string]struct {
		req   search.Request
		kind  errs.Kind
		field string
	}{
		"no query":             {search.Request{}, errs.Invalid, "query"},
		"white space":          {search.Request{Query: " \n\t\u00a0"}, errs.Invalid, "query"},
		"negative limit":       {search.Request{Query: "apple", Limit: -1}, errs.Invalid, "limit"},
		"too high a limit":     {search.Request{Query: "apple", Limit: 101}, errs.Invalid, "limit"},
		"unknown type":         {search.Request{Query: "apple", LibraryType: "cookery"}, errs.Invalid, "library_type"},
		"another's library":    {search.Request{Query: "apple", Libraries: []string{w.bobs}}, errs.NotFound, ""},
		"no library":           {search.Request{Query: "apple", Libraries: []string{uuid.NewString()}}, errs.NotFound, ""},
		"another's item":       {search.Request{Query: "apple", ItemUID: others}, errs.NotFound, ""},
		"no item":              {search.Request{Query: "apple", ItemUID: uuid.NewString()}, errs.NotFound, ""},
		"item elsewhere":       {search.Request{Query: "apple", ItemUID: item, Libraries: []string{w.notes}}, errs.NotFound, ""},
		"another's collection": {search.Request{Query: "apple", Collection: "Shared"}, errs.NotFound, ""},
		"no workspace":         {search.Request{Query: "apple", WorkspaceID: "ws"}, errs.NotFound, ""},
	} {
		_, err := search.New(w.opt).Search(t.Context(), w.alice, c.req)
		e := errs.As(err)
		if e == nil || e.Kind != c.kind || (c.field != "" && e.Fields[c.field] == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFiltersNarrowBothLegs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := w.put(w.papers, "Fruit", "A", "apple pie")
	w.put(w.papers, "Fruit", "B", "apple tart")
	w.put(w.papers, "Other", "C", "apple apple apple")
	w.put(w.notes, "Fruit", "D", "apple note")
	w.exec(`INSERT INTO library (uid, workspace_id, owner_id, owner_username, name, library_type, created_at, updated_at)
		VALUES ($1, 'ws', $2, 'alice', 'ws', 'business', $3, $3)`, "11111111-1111-4111-8111-111111111111", w.alice.UserID, time.Now().UTC().Format(time.RFC3339))
	w.put("11111111-1111-4111-8111-111111111111", "", "E", "apple work")
	for _, c := range []struct {
		req  search.Request
		want []string
	}{
		{search.Request{ItemUID: item}, []string{"apple pie"}},
		{search.Request{Collection: "Fruit"}, []string{"apple note", "apple pie", "apple tart"}},
		{search.Request{Collection: "Fruit", Libraries: []string{"Papers"}}, []string{"apple pie", "apple tart"}},
		{search.Request{WorkspaceID: "ws"}, []string{"apple work"}},
	} {
		c.req.Query = "apple"
		found := texts(w.search(w.alice, c.req))
		slices.Sort(found)
		if !slices.Equal(found, c.want) {
			t.Errorf("%+v: found %q, want %q", c.req, found, c.want)
		}
	}
}

func TestALegThatFailsIsNamedAndTheOtherAnswers(t *testing.T) {
	t.Parallel()
	broken := func() error { return errors.New("broken") }
	for name, c := range map[string]struct {
		harm func(w *world)
		want search.Status
	}{
		"full-text":   {func(w *world) { w.graph.fullText = broken }, search.Status{Vector: search.OK, FullText: search.Failed}},
		"vectors":     {func(w *world) { w.graph.nearest = broken }, search.Status{Vector: search.Failed, FullText: search.OK}},
		"embedder":    {func(w *world) { w.embedder.err = errors.New("broken") }, search.Status{Vector: search.Failed, FullText: search.OK}},
		"slow":        {func(w *world) { w.embedder.wait, w.opt.VectorTimeout = make(chan struct{}), time.Millisecond }, search.Status{Vector: search.Timeout, FullText: search.OK}},
		"no embedder": {func(w *world) { w.opt.Embedder = nil }, search.Status{Vector: search.Skipped, FullText: search.OK}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(w.papers, "", "A", "apple pie", "apple tart")
			c.harm(w)
			got := w.search(w.alice, search.Request{Query: "apple"})
			c.want.Graph, c.want.Rerank = search.Skipped, search.Skipped
			if got.Status != c.want || got.Degraded == (name == "no embedder") || len(got.Hits) != 2 {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestAQueryIsEmbeddedOncePerInstructionThatTheModelReads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		taught bool
		want   int64
	}{{false, 1}, {true, 2}} {
		w := newWorld(t)
		w.put(w.papers, "", "A", "apple pie")
		w.put(w.notes, "", "B", "apple tart")
		w.library(w.alice, "More papers", "technical")
		w.embedder.taught = c.taught
		got := w.search(w.alice, search.Request{Query: "apple"})
		if n := w.embedder.asked.Load(); n != c.want || len(got.Hits) != 2 || got.Status.Vector != search.OK {
			t.Errorf("a model that reads instructions (%v) was asked %d times, want %d: %+v", c.taught, n, c.want, got)
		}
	}
}

func TestEachKindOfLibraryIsSearchedWithItsOwnInstruction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.graph.fullText = func() error { return errors.New("the vectors are to decide") }
	w.embedder.taught = true
	technical, _ := library.TypeNamed("technical")
	w.put(w.papers, "", "A", "zzz qqq")
	w.put(w.papers, "", "B", "apple "+technical.QueryInstruction)
	w.put(w.notes, "", "C", "apple 2 "+technical.QueryInstruction)
	got := w.search(w.alice, search.Request{Query: "apple"})
	if len(got.Hits) != 3 || got.Hits[0].LibraryUID != w.papers || got.Hits[0].Score <= got.Hits[1].Score {
		t.Errorf("%+v", got.Hits)
	}
}

func TestAnIndexInAnotherSpaceRefusesAndNamesBoth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.papers, "", "A", "apple")
	w.opt.Embedder = &letters{space: "numbers"}
	_, err := search.New(w.opt).Search(t.Context(), w.alice, search.Request{Query: "apple"})
	if !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), "letters/26") || !strings.Contains(err.Error(), "numbers/26") {
		t.Fatalf("the error is %v", err)
	}
}

func TestChunksInAnotherSpaceBesideOursAreFoundByWordsAndSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.papers, "", "A", "apple pie")
	w.embedder.space = "numbers"
	w.put(w.notes, "", "B", "apple tart")
	got := w.search(w.alice, search.Request{Query: "apple"})
	if len(got.Hits) != 2 || !got.Degraded || got.Status.Vector != search.Failed {
		t.Fatalf("%+v", got)
	}
}

func TestEachLibraryIsSearchedInTheSpaceItIsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.papers, "", "A", "apple pie")
	w.embedder.space = "numbers"
	w.put(w.notes, "", "B", "apple tart")
	w.embedder.space = "letters"
	w.exec(`UPDATE library SET embedding_space = 'letters/26', other_space = 'numbers/26' WHERE uid = $1`, w.papers)
	w.exec(`UPDATE library SET embedding_space = 'numbers/26', other_space = 'letters/26', space_switched = TRUE WHERE uid = $1`, w.notes)
	w.opt.NextEmbedder = &letters{space: "numbers"}
	got := w.search(w.alice, search.Request{Query: "apple"})
	if len(got.Hits) != 2 || got.Degraded || got.Status.Vector != search.OK {
		t.Fatalf("%+v", got)
	}
	w.opt.NextEmbedder = nil
	_, err := search.New(w.opt).Search(t.Context(), w.alice, search.Request{Query: "apple"})
	if !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), "letters/26") || !strings.Contains(err.Error(), "numbers/26") {
		t.Fatalf("the error is %v", err)
	}
	w.search(w.alice, search.Request{Query: "apple", Libraries: []string{w.papers}})
}

func TestALibraryThatNeverMovedIsSearchedWithTheNextEmbedderWhereItsIndexIsInItsSpace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.embedder.space = "numbers"
	w.put(w.notes, "", "B", "apple tart")
	w.embedder.space = "letters"
	w.opt.NextEmbedder = &letters{space: "numbers"}
	got := w.search(w.alice, search.Request{Query: "apple"})
	if len(got.Hits) != 1 || got.Degraded || got.Status.Vector != search.OK {
		t.Fatalf("%+v", got)
	}
}

func TestLibrariesThatNeverMovedAndThoseThatSayTheirSpaceMakeOneList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.papers, "", "A", "apple", "apple pie with more and more")
	w.put(w.notes, "", "B", "zzz zzz apple zzz zzz zzz zzz zzz zzz")
	w.opt.Fusion, w.opt.FullTextTopK = search.Weighted, 1
	before := w.search(w.alice, search.Request{Query: "apple"})
	w.exec(`UPDATE library SET embedding_space = 'letters/26' WHERE uid = $1`, w.notes) // as after a move that was aborted
	after := w.search(w.alice, search.Request{Query: "apple"})
	if !slices.Equal(texts(before), texts(after)) || len(after.Hits) != 3 {
		t.Errorf("found %q, and %q before", texts(after), texts(before))
	}
	for i, hit := range after.Hits {
		if hit.Score != before.Hits[i].Score {
			t.Errorf("hit %d has the score %v, and %v before", i, hit.Score, before.Hits[i].Score)
		}
	}
}

func TestALostIndexIsAFailureAndNotAnEmptyAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.papers, "", "A", "apple")
	w.exec(`UPDATE library SET chunk_count = 1 WHERE uid = $1`, w.papers)
	if got := w.search(w.alice, search.Request{Query: "zebra", Libraries: []string{w.notes}}); got.Degraded {
		t.Errorf("an empty library is %+v", got.Status)
	}
	if err := w.graph.DeleteLibrary(t.Context(), w.papers); err != nil {
		t.Fatal(err)
	}
	got := w.search(w.alice, search.Request{Query: "apple"})
	if !got.Degraded || got.Status.Vector != search.Failed || got.Status.FullText != search.Failed {
		t.Errorf("%+v", got)
	}
}

func TestADeletedItemIsNotFoundEvenIfTheIndexStillHasIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gone := w.put(w.papers, "", "A", "apple apple apple")
	w.put(w.papers, "", "B", "apple pie with much else")
	w.exec(`UPDATE item SET deleted_at = $2 WHERE uid = $1`, gone, sqldbNow())
	got := w.search(w.alice, search.Request{Query: "apple", Limit: 1})
	if !slices.Equal(texts(got), []string{"apple pie with much else"}) {
		t.Fatalf("found %q", texts(got))
	}
}

func TestAnItemIsFoundInTheCollectionThatItWasMovedTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	moved := w.put(w.papers, "Fruit", "A", "apple apple apple")
	w.put(w.papers, "Fruit", "B", "apple pie with much else")
	w.exec(`UPDATE item SET collection_uid = NULL WHERE uid = $1`, moved) // and the index does not know yet
	got := w.search(w.alice, search.Request{Query: "apple", Collection: "Fruit", Limit: 1})
	if !slices.Equal(texts(got), []string{"apple pie with much else"}) {
		t.Fatalf("found %q", texts(got))
	}
}

func TestPassagesThatCannotBeReadAreSaidToBeMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.papers, "", "A", "apple pie")
	w.put(w.notes, "", "B", "apple tart")
	reads := 0
	w.graph.partly = func(chunks []library.Chunk) ([]library.Chunk, error) {
		reads++
		return chunks[:1], errors.New("a damaged file")
	}
	got := w.search(w.alice, search.Request{Query: "apple"})
	if len(got.Hits) != 1 || !got.Degraded || reads != 1 {
		t.Fatalf("after %d reads: %+v", reads, got)
	}
}

func sqldbNow() string { return time.Now().UTC().Format(time.RFC3339) }

func TestASearchThatAPublishOvertakesStartsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := w.put(w.papers, "", "A", "apple old")
	overtaken := false
	w.graph.hydrate = func() error {
		if !overtaken {
			overtaken = true
			w.publish(w.papers, library.IndexItem{UID: item, Title: "A"}, 2, "apple new")
		}
		return nil
	}
	if got := texts(w.search(w.alice, search.Request{Query: "apple"})); !slices.Equal(got, []string{"apple new"}) {
		t.Fatalf("found %q", got)
	}
}

func TestTheSameSearchGivesTheSameList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 30 {
		w.put([]string{w.papers, w.notes}[i%2], "", fmt.Sprintf("Title %d", i%3), fmt.Sprintf("apple pie %d", i), fmt.Sprintf("apple tart %d", i))
	}
	first := w.search(w.alice, search.Request{Query: "apple pie", Limit: 40})
	if len(first.Hits) != 40 {
		t.Fatalf("%d hits, want 40", len(first.Hits))
	}
	for range 5 {
		if diff := cmp.Diff(first.Hits, w.search(w.alice, search.Request{Query: "apple pie", Limit: 40}).Hits); diff != "" {
			t.Fatalf("another list\n%s", diff)
		}
	}
}

func TestLongAndHostileQueriesAreAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.papers, "", "A", "apple pie")
	for _, q := range []string{strings.Repeat("apple pie ", 100_000), "\"' OR NEAR( *", "\xff\xfe apple", "🙂", "the"} {
		w.search(w.alice, search.Request{Query: q})
	}
}

func TestACallerWhoLeavesEndsTheSearch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.papers, "", "A", "apple pie")
	ctx, cancel := context.WithCancel(t.Context())
	w.graph.fullText = func() error { cancel(); return nil }
	if _, err := search.New(w.opt).Search(ctx, w.alice, search.Request{Query: "apple"}); !errors.Is(err, context.Canceled) {
		t.Fatalf("the error is %v", err)
	}
}

// fuse gives the vectors' list a share of .4.
func fuse(how search.Fusion, vector, words []library.Scored) []library.Scored {
	return search.Fuse(how, 60, search.List{Weight: .4, Hits: vector}, search.List{Weight: .6, Hits: words})
}

func adapt(vector, words []library.Scored) []library.Scored {
	return search.Fuse(search.Adaptive, 60, search.Adapt(.4, vector, words)...)
}

func TestFuse(t *testing.T) {
	t.Parallel()
	hit := func(item string, score float64) library.Scored { return library.Scored{ItemUID: item, Score: score} }
	vector := []library.Scored{hit("a", .9), hit("b", .8), hit("c", .5)}
	words := []library.Scored{hit("c", 12), hit("d", 4), hit("a", 2)}
	shares := []library.Scored{hit("c", .6), hit("d", .2)}
	alike := []library.Scored{hit("a", .55), hit("b", .52), hit("c", .5)}
	for name, c := range map[string]struct {
		got  []library.Scored
		want string
	}{
		"weighted":                          {fuse(search.Weighted, vector, words), "c 0.6000, a 0.4000, b 0.3000, d 0.1200"},
		"rrf":                               {fuse(search.RRF, vector, words), "a 0.0323, c 0.0323, b 0.0161, d 0.0161"},
		"one leg":                           {fuse(search.Weighted, nil, words), "c 0.6000, d 0.1200, a 0.0000"},
		"equals":                            {fuse(search.Weighted, []library.Scored{hit("b", .7), hit("a", .7)}, nil), "a 0.4000, b 0.4000"},
		"nothing":                           {fuse(search.Weighted, nil, nil), ""},
		"adaptive":                          {adapt(vector, shares), "a 0.6400, b 0.4800, c 0.3600, d 0.1200"},
		"vectors that hardly differ":        {adapt(alike, shares), "c 0.3600, d 0.1200, a 0.0100, b 0.0040"},
		"words that are hardly there":       {adapt(vector, []library.Scored{hit("c", .1), hit("d", .05)}), "a 0.6400, b 0.4800, c 0.0600, d 0.0300"},
		"adaptive, no words":                {adapt(vector, nil), "a 0.6400, b 0.4800, c 0.0000"},
		"adaptive, one perfect vector":      {adapt([]library.Scored{hit("a", 1)}, shares), "c 0.3600, d 0.1200, a 0.0000"},
		"adaptive, a floor above the score": {search.Fuse(search.Adaptive, 60, search.List{Weight: 1, Hits: vector, Floor: .85}), "a 0.3333, b 0.0000, c 0.0000"},
		"one hit alone":                     {fuse(search.Weighted, nil, words[:1]), "c 0.6000"},
	} {
		var out []string
		for _, h := range c.got {
			out = append(out, fmt.Sprintf("%s %.4f", h.ItemUID, h.Score))
		}
		if got := strings.Join(out, ", "); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
