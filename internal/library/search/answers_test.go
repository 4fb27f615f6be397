package search_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/blob/files"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// shelved keeps texts, so that what stands between chunks can be read.
func (w *world) shelved() *files.Store {
	w.Helper()
	store, err := files.Open(w.TempDir())
	if err != nil {
		w.Fatal(err)
	}
	w.opt.Texts = search.NewTexts(w.db, store)
	return store
}

// cut publishes a document whose chunks are these pieces of its text, in order.
func (w *world) cut(store *files.Store, libraryUID, title, text string, pieces ...string) string {
	w.Helper()
	uid, now := uuid.NewString(), sqldb.At(time.Now())
	w.exec(`INSERT INTO item (uid, library_uid, title, source, filename, status, generation, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $1, 'ready', 1, $5, $5)`, uid, libraryUID, title, "file:"+title, now)
	w.exec(`INSERT INTO item_generation (item_uid, generation, status, original_key, text_key, content_hash, size_bytes, created_at)
		VALUES ($1, 1, 'published', $2, $3, 'h', 1, $4)`, uid, uid+"/original", uid+"/text", now)
	if _, err := store.Put(w.Context(), uid+"/text", strings.NewReader(text)); err != nil {
		w.Fatal(err)
	}
	var chunks []library.IndexChunk
	at := 0
	for i, piece := range pieces {
		found := strings.Index(text[at:], piece)
		if found < 0 {
			w.Fatalf("%q is not in the text", piece)
		}
		at += found
		start, page := utf8.RuneCountInString(text[:at]), i/2+1
		chunks = append(chunks, library.IndexChunk{
			Ordinal: i, Text: piece, Page: &page, Start: start, End: start + utf8.RuneCountInString(piece),
			HeadingPath: []string{"Part", fmt.Sprintf("Section %d", i)}, Hash: piece, Space: w.embedder.Space().ID(), Vector: count(piece),
		})
		at += len(piece)
	}
	ref := library.GenerationRef{LibraryUID: libraryUID, ItemUID: uid, Generation: 1}
	if err := w.graph.Stage(w.Context(), ref, chunks); err != nil {
		w.Fatal(err)
	}
	if err := w.graph.Publish(w.Context(), ref, library.IndexItem{UID: uid, Title: title}, 2); err != nil {
		w.Fatal(err)
	}
	return uid
}

// exact tells that every hit's text is the slice that it says.
func (w *world) exact(r search.Result, text string) {
	w.Helper()
	for _, h := range r.Hits {
		if runes := []rune(text); string(runes[h.Start:h.End]) != h.Text {
			w.Errorf("%d to %d is %q, and the hit says %q", h.Start, h.End, string(runes[h.Start:h.End]), h.Text)
		}
	}
}

func TestNeighboursThatWereFoundAreOnePassage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	store := w.shelved()
	const text = "Größe: apple pie 1 \t\n\n ünder apple tart 2\nno fruit of the kind\n\n\napple cake 3\r\napple jam 4"
	uid := w.cut(store, w.papers, "Book", text, "Größe: apple pie 1", "ünder apple tart 2", "no fruit of the kind", "apple cake 3", "apple jam 4")
	w.opt.Embedder = nil // words alone, which leave the third out
	got := w.search(w.alice, search.Request{Query: "apple tart"})
	if want := []string{"Größe: apple pie 1 \t\n\n ünder apple tart 2", "apple cake 3\r\napple jam 4"}; !slices.Equal(texts(got), want) {
		t.Fatalf("found %q", texts(got))
	}
	w.exact(got, text)
	h := got.Hits[0]
	var uids []string
	for i := range 2 {
		chunk, err := library.ChunkUID(uid, 1, i)
		if err != nil {
			t.Fatal(err)
		}
		uids = append(uids, chunk)
	}
	if h.ChunkUID != uids[1] || !slices.Equal(h.ChunkUIDs, uids) || *h.Page != 1 || !slices.Equal(h.HeadingPath, []string{"Part"}) {
		t.Errorf("%+v", h)
	}
	if h := got.Hits[1]; *h.Page != 2 || len(h.ChunkUIDs) != 2 {
		t.Errorf("%+v", h)
	}
	w.opt.Texts = nil
	if got := w.search(w.alice, search.Request{Query: "apple tart"}); len(got.Hits) != 4 {
		t.Errorf("without what stands between them, they are %q", texts(got))
	}
}

func TestAPassageStaysQuotable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	store := w.shelved()
	var pieces []string
	for i := range 12 {
		pieces = append(pieces, fmt.Sprintf("apple number%d ", i)+strings.TrimSpace(strings.Repeat("abcde ", 150)))
	}
	text := strings.Join(pieces, "\n")
	w.cut(store, w.papers, "Book", text, pieces...)
	got := w.search(w.alice, search.Request{Query: "apple"})
	sum := 0
	for _, h := range got.Hits {
		sum += len(h.ChunkUIDs)
		if h.End-h.Start > 4000 {
			t.Errorf("a passage has %d characters", h.End-h.Start)
		}
	}
	if w.exact(got, text); sum != 12 || len(got.Hits) > 6 {
		t.Errorf("%d hits of %d chunks", len(got.Hits), sum)
	}
}

// prose is text that does not repeat itself.
func prose(seed, words int) string {
	out := make([]string, words)
	for i := range out {
		out[i] = "w" + strings.Repeat(string(rune('a'+(i*7+seed)%26)), 1+i%3) + string(rune('a'+i%26)) + string(rune('a'+i/26%26))
	}
	return strings.Join(out, " ")
}

func TestPassagesThatSayTheSameAreFoldedIntoTheBest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := "apple " + prose(1, 120) + " in the year 2024"
	best := w.put(w.papers, "", "Best", base)
	copied := w.put(w.notes, "", "Copy", strings.ToUpper(strings.ReplaceAll(base, " ", "  \n")))
	nearly := w.put(w.papers, "", "Nearly", base+" indeed")
	w.put(w.papers, "", "Other year", strings.Replace(base, "2024", "2025", 1))
	w.put(w.papers, "", "Other words", "apple "+prose(9, 120)+" in the year 2024")
	w.put(w.papers, "", "Short", "apple pie")
	w.put(w.papers, "", "Short too", "apple pies")
	got := w.search(w.alice, search.Request{Query: "apple"})
	var titles, also []string
	for _, h := range got.Hits {
		titles = append(titles, h.Title)
		for _, d := range h.Duplicates {
			also = append(also, d.ItemUID)
			if chunk, _ := library.ChunkUID(d.ItemUID, 1, 0); d.ChunkUID != chunk || d.Title == "" || d.LibraryUID == "" {
				t.Errorf("%+v", d)
			}
		}
	}
	slices.Sort(titles)
	all := append(also, "")
	for _, h := range got.Hits {
		all = append(all, h.ItemUID)
	}
	if len(got.Hits) != 5 || len(also) != 2 || !slices.Contains(titles, "Other year") || !slices.Contains(titles, "Other words") {
		t.Fatalf("found %q and folded %d", titles, len(also))
	}
	for _, uid := range []string{best, copied, nearly} {
		if !slices.Contains(all, uid) {
			t.Error("a document is neither a hit nor a duplicate")
		}
	}
	if got := w.search(w.bob, search.Request{Query: "apple"}); len(got.Hits) != 0 {
		t.Errorf("bob found %q", texts(got))
	}
}

func TestDocumentsTakeTurnsWhereTheySayAboutAsMuch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.opt.Embedder = nil
	var long []string
	for i := range 12 {
		long = append(long, fmt.Sprintf("apple zebra%d", i), fmt.Sprintf("nothing number%d here", i))
	}
	book := w.put(w.papers, "", "Book", long...)
	for i := range 6 {
		w.put(w.papers, "", "Leaf", fmt.Sprintf("apple lion%d", i))
	}
	got := w.search(w.alice, search.Request{Query: "apple", Limit: 8})
	ofBook := 0
	for _, h := range got.Hits {
		if h.ItemUID == book {
			ofBook++
		}
	}
	if len(got.Hits) != 8 || ofBook < 2 || ofBook > 4 {
		t.Errorf("%d of %d hits are of one document: %q", ofBook, len(got.Hits), texts(got))
	}
	if slices.IsSortedFunc(got.Hits, func(a, b search.Hit) int { return int(1e9 * (b.Score - a.Score)) }) == false {
		t.Error("scores do not fall")
	}
	if got := w.search(w.alice, search.Request{Query: "apple", Limit: 8, ItemUID: book}); len(got.Hits) != 8 {
		t.Errorf("of the one document asked, %d hits", len(got.Hits))
	}
	alone := w.search(w.alice, search.Request{Query: "zebra1 zebra2 zebra3 zebra4 zebra5", Limit: 5})
	for _, h := range alone.Hits {
		if h.ItemUID != book {
			t.Errorf("%q is among the best, when one document has the answer", h.Text)
		}
	}
}

func TestScoresFallWhereNeighboursAreTooLongForOnePassage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.opt.Embedder = nil
	long := make([]string, 60)
	for i := range long {
		says := map[int]string{0: "apple zebra lion", 20: "apple zebra lion", 10: "apple zebra", 21: "apple lion"}[i]
		for j := range 400 {
			says += fmt.Sprintf(" pad%dof%d", j, i)
		}
		long[i] = says
	}
	w.put(w.papers, "", "Book", long...)
	w.put(w.papers, "", "Leaf", "a lion", "of others")
	got := w.search(w.alice, search.Request{Query: "apple zebra lion", Explain: true})
	for i, h := range got.Hits {
		if i > 0 && h.Score > got.Hits[i-1].Score {
			t.Errorf("hit %d has %v, after %v", i, h.Score, got.Hits[i-1].Score)
		}
	}
	if len(got.Hits) != 5 || got.Hits[3].Explanation.Share != 0.92 {
		t.Errorf("%d hits, want 5, and the fourth to be a further passage of its document", len(got.Hits))
	}
}

func TestTheAnswerIsFilledFromFurtherDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 70 {
		w.put(w.papers, "", fmt.Sprintf("Copy %d", i), "apple apple apple")
	}
	for i := range 9 {
		w.put(w.papers, "", "Other", fmt.Sprintf("apple and number%d of many other words", i))
	}
	got := w.search(w.alice, search.Request{Query: "apple", Limit: 8})
	if len(got.Hits) != 8 || len(got.Hits[0].Duplicates) != 69 {
		t.Errorf("%d hits, the first %d times", len(got.Hits), len(got.Hits[0].Duplicates)+1)
	}
}

func TestABudgetOfCharactersCutsAtWholeHits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 9 {
		w.put(w.papers, "", "T", fmt.Sprintf("äpfel number%d", i)) // 13 code points
	}
	for most, want := range map[int]int{0: 9, 1: 1, 13: 1, 25: 1, 26: 2, 40: 3, 1000: 9} {
		got := w.search(w.alice, search.Request{Query: "äpfel", MaxChars: most})
		if len(got.Hits) != want || got.Omitted != 9-want {
			t.Errorf("with %d characters, %d hits and %d omitted", most, len(got.Hits), got.Omitted)
		}
	}
	if _, err := search.New(w.opt).Search(t.Context(), w.alice, search.Request{Query: "x", MaxChars: -1}); !errs.Is(err, errs.Invalid) {
		t.Errorf("a budget below nothing: %v", err)
	}
}

func TestAHitIsExplainedWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	store := w.shelved()
	w.cut(store, w.papers, "Book", "apple pie 1\napple tart 2", "apple pie 1", "apple tart 2")
	w.put(w.papers, "", "A copy under a longer title than the book has", "apple pie 1")
	w.put(w.papers, "", "Other", "pear 3")
	w.opt.Reranker = &shortest{}
	got := w.search(w.alice, search.Request{Query: "apple pie", Explain: true})
	merged, folded := 0, 0
	for _, h := range got.Hits {
		why := h.Explanation
		if why == nil || why.Reranked == nil || why.Share != 1 || *why.Reranked != h.Score || h.ScoreKind != search.ScoreReranked {
			t.Fatalf("%+v", h)
		}
		var sum float64
		for _, p := range why.Parts {
			sum += p.Gave
		}
		if d := sum - why.Fused; d > 1e-9 || d < -1e-9 || len(why.Parts) == 0 {
			t.Errorf("parts %+v make %v", why.Parts, why.Fused)
		}
		merged, folded = merged+len(why.Merged), folded+len(why.Folded)
	}
	if merged != 1 || folded != 1 {
		t.Errorf("%d merged, %d folded: %q", merged, folded, texts(got))
	}
	if got := w.search(w.alice, search.Request{Query: "apple pie"}); got.Hits[0].Explanation != nil {
		t.Error("it is explained to whoever did not ask")
	}
}
