package dashboard_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

func TestASearchShowsPassagesWithTheirPlaceAndTheWordsMarked(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Papers")
	w.Work()
	w.Ended(ann, w.Submit(ann, uid, "owls.md", owls+"\n## Code\n\n```go\nfunc owl() {\n\thoot()\n}\n```\n").ID)
	w.Ended(ann, w.Submit(ann, uid, "bees.md", bees).ID)
	b := w.SignedIn(ann)
	found := b.Get("/search/?q=hearing+owls").Want(http.StatusOK)
	found.Says("title", "hearing owls – search").Says(".hit mark", "owl").Says(".hit mark", "Hearing").Says(".hit h2 mark", "Owls")
	found.Says(".found .path", "Hearing").Says(".hit > .facts", "Papers").Says(".found-head", "in 2 documents").Says(".found-head", "Searched: Papers.")
	found.Says(".found pre code", "func owl() {").Says(".others summary", "of this document")
	if n := len(found.All(".hit")); n != 2 {
		t.Errorf("passages of two documents are %d groups", n)
	}
	if first := found.All(".hit h2 a")[0]; !strings.Contains(dashboardtest.TextOf(first), "Owls of the North") {
		t.Errorf("the first is %q", dashboardtest.TextOf(first))
	}
	found.Says(".how", "Search by meaning").Says(".how", "Search by words").Says(".how", "answered").Says(".how", "no. 1 (")
	b.Get("/search/?q=insects+that+make+sweet+food").Says(".badge", "by meaning")
	href := dashboardtest.Attr(found.All(".hit h2 a")[0], "href")
	path, fragment, _ := strings.Cut(href, "#")
	if cited := b.Get(path).Want(http.StatusOK); len(cited.All("#"+fragment)) != 1 {
		t.Errorf("%s leads to no passage", href)
	}
}

func TestASearchIsNarrowedByLibraryTypeCollectionAndDocument(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	papers := w.Library(ann, "Papers")
	g, err := w.Libraries.Create(t.Context(), ann, library.NewLibrary{Name: "Manuals", Type: "technical"})
	dashboardtest.Check(t, err)
	w.Work()
	out, err := w.Ingest.Submit(t.Context(), ann, ingest.Submission{LibraryUID: papers, Filename: "owls.md", Collection: "north", Body: strings.NewReader(owls)})
	dashboardtest.Check(t, err)
	w.Ended(ann, out.Job.ID)
	w.Ended(ann, w.Submit(ann, papers, "bees.md", bees).ID)
	w.Ended(ann, w.Submit(ann, g.Library.UID, "manual.md", "# Manual\n\nThe owl model of the printer.\n").ID)
	b := w.SignedIn(ann)
	titles := func(query string) string { return b.Get("/search/?q=owl" + query).Want(http.StatusOK).Text(".hit h2") }
	for query, want := range map[string]string{
		"&library=" + papers:                   "Owls of the North Bees",
		"&type=technical":                      "Manual",
		"&type=fiction":                        "",
		"&library=" + papers + "&type=fiction": "",
		"&collection=north":                    "Owls of the North",
		"&item=" + out.ItemUID:                 "Owls of the North",
	} {
		if got := titles(query); got != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
	}
	if n := len(b.Get("/libraries/" + papers + "/items/" + out.ItemUID + "/").All(`a[href="/search/?item=` + out.ItemUID + `"]`)); n != 1 {
		t.Errorf("the document has %d links to search in it", n)
	}
	if n := len(b.Get("/libraries/" + papers + "/collections/").All(`a[href="/search/?library=` + papers + `&collection=north"]`)); n != 1 {
		t.Errorf("the collection has %d links to search in it", n)
	}
	within := b.Get("/search/?q=owl&item="+out.ItemUID).Says(".chip", "Owls of the North").Says(".chip", "document")
	if len(within.All(`input[name=item][value="`+out.ItemUID+`"]`)) != 1 {
		t.Error("the form loses the document")
	}
	if href := dashboardtest.Attr(within.One(".chip a"), "href"); href != "/search/?q=owl" {
		t.Errorf("the chip is taken off by %q", href)
	}
	b.Get("/search/?q=owl&collection=south").Want(http.StatusOK).Says(".notice", "no collection “south”").Says(".empty", "nothing to search")
	gone := b.Get("/search/?q=owl&item=7d3f2b0e-3f6e-4f55-9d8c-0f6f6c1f8a11").Want(http.StatusOK).Says(".notice", "no such document").Says(".empty", "Search everywhere")
	if len(gone.All(".hit")) != 0 {
		t.Error("a search in a document that is not there was made anywhere else")
	}
	ticked := b.Get("/search/?q=owl&type=technical&library="+papers).Says(".pill", "Technical 1").Says(".empty", "none of your libraries")
	if n := len(ticked.All(".pill [checked]")); n != 2 {
		t.Errorf("%d boxes are ticked", n)
	}
}

func TestOfManyLibrariesAFewAreShownAndTheOthersFound(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	chosen := w.Library(ann, "Zoology")
	for n := range 40 {
		w.Library(ann, fmt.Sprintf("Shelf %02d", n))
	}
	b := w.SignedIn(ann)
	shown := b.Get("/search/?library="+chosen).Want(http.StatusOK).Says("#library-boxes", "and 16 libraries more")
	if n := len(shown.All("#library-boxes input")); n != 25 {
		t.Errorf("%d libraries are shown", n)
	}
	if first := shown.All("#library-boxes .pill")[0]; !strings.Contains(dashboardtest.TextOf(first), "Zoology") {
		t.Errorf("the first is %q", dashboardtest.TextOf(first))
	}
	found := b.Get("/search/?q=&choose=1&find=sHELF+3&library=" + chosen).Want(http.StatusOK)
	if got := found.Text("#library-boxes .pill"); got != "Zoology "+strings.TrimSpace(shelves(30, 40)) {
		t.Errorf("found are %q", got)
	}
	b.Get("/search/?choose=1&find=none").Says("#library-boxes", "No library has “none” in its name.")
	if n := len(b.Get("/search/?q=owl").Want(http.StatusOK).Says(".empty", "and 35 others").All(".hit")); n != 0 {
		t.Errorf("%d hits in empty libraries", n)
	}
}

func shelves(from, to int) string {
	var b strings.Builder
	for n := from; n < to; n++ {
		fmt.Fprintf(&b, "Shelf %02d ", n)
	}
	return b.String()
}

func TestAQuestionThatCannotBeAskedIsKeptAndSaidSo(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	w.Library(ann, "Papers")
	b := w.SignedIn(ann)
	b.Get("/search/?q=+").Want(http.StatusBadRequest).Says("#query-fault", "Type what you are looking for.")
	long := strings.Repeat("ö", 2001)
	p := b.Get("/search/?q="+url.QueryEscape(long)).Want(http.StatusBadRequest).Says("#query-fault", "2001 characters")
	if got := dashboardtest.Attr(p.One("#q"), "value"); got != long {
		t.Errorf("what was typed became %d bytes", len(got))
	}
	if title := p.Text("title"); len([]rune(title)) > 90 {
		t.Errorf("the title is %q", title)
	}
	for _, odd := range []string{`"unbalanced`, `title:(x AND`, "\x00\xff", "* OR 1=1 --", "🙂", "NEAR/5", strings.Repeat("a ", 900), "%00", "検索"} {
		b.Get("/search/?q=" + url.QueryEscape(odd) + "&limit=-4&library=&type=&item=&collection=&find=%25").Want(http.StatusOK)
	}
}

func TestMorePassagesAreAskedForUpToAHundred(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Papers")
	w.Work()
	var text strings.Builder
	for n := range 120 {
		fmt.Fprintf(&text, "# Owl %d\n\nThis owl has the number %d.\n\n", n, n)
	}
	w.Ended(ann, w.Submit(ann, uid, "owls.md", text.String()).ID)
	b := w.SignedIn(ann)
	p := b.Get("/search/?q=owl&library=" + uid)
	for _, want := range []int{20, 50, 100} {
		if n := len(p.All(".found")); n != want {
			t.Fatalf("%d passages, want %d", n, want)
		}
		if want == 100 {
			break
		}
		more := dashboardtest.Attr(p.One(".more a"), "href")
		if !strings.Contains(more, "library="+uid) || !strings.HasSuffix(more, fmt.Sprintf("#hit-%d", want+1)) {
			t.Fatalf("more are at %q", more)
		}
		p = b.Get(strings.Split(more, "#")[0]).Want(http.StatusOK)
	}
	if len(p.All(".more")) != 0 {
		t.Error("there are more than a hundred")
	}
}

func TestAnEmptyAnswerSaysWhatWasSearchedAndWhatIsOnItsWay(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Papers")
	b := w.SignedIn(ann)
	empty := b.Get("/search/?q=owls").Says(".empty", "0 documents were searched, in Papers.").Says(".empty", "Add a document.")
	if href := dashboardtest.Attr(empty.All(".empty a")[0], "href"); href != "/libraries/"+uid+"/" {
		t.Errorf("documents are added at %q", href)
	}
	w.Submit(ann, uid, "owls.md", owls)
	b.Get("/search/?q=owls&library="+uid).Says(".empty", "1 document is still on the way in").Says(".empty", "Search everywhere")
}

// halting is a search of which a part is down.
type halting struct{ result search.Result }

func (h halting) Search(context.Context, accounts.Principal, search.Request) (search.Result, error) {
	h.result.Degraded = true
	return h.result, nil
}

func TestASearchSaysWhichOfItsPartsDidNotAnswerAndWhatThatMeans(t *testing.T) {
	t.Parallel()
	half := halting{search.Result{
		Status: search.Status{Vector: search.Timeout, FullText: search.OK, Graph: search.Skipped, Rerank: search.Failed},
		Legs: []search.Leg{
			{Name: "vector", Status: search.Timeout, Took: 5 * time.Second},
			{Name: "fulltext", Status: search.OK, Took: 1500 * time.Microsecond, Hits: 1},
			{Name: "rerank", Status: search.Failed, Took: time.Millisecond},
		},
		Hits: []search.Hit{{Title: "Owls", Text: "an owl", Found: []search.Finding{{Leg: "fulltext", Rank: 1, Score: .25}, {Leg: "graph", Rank: 3, Score: .5}},
			Duplicates: []search.Duplicate{{ItemUID: "i2", LibraryUID: "l2", Title: "Owls again"}}}},
	}}
	w := dashboardtest.New(t, func(o *dashboardtest.Options) { o.Pages.Search = half })
	ann := w.User("ann")
	w.Library(ann, "Papers")
	p := w.SignedIn(ann).Get("/search/?q=owls").Want(http.StatusOK).
		Says(".notice", "Search by meaning did not answer in time. Passages that say it in other words may be missing.").
		Says(".notice", "Reranking failed. Nothing is missing for it").
		Says(".hit mark", "owl").Says(".how", "not in time").Says(".how", "1.5 ms").Says(".how", "no. 1 (0.250)").Says(".how", "no. 3 (0.500)").Says(".found a[href='/libraries/l2/items/i2/']", "Owls again")
	if n := strings.Count(p.Text("main"), "did not answer in time"); n != 1 {
		t.Errorf("it is said %d times", n)
	}
	down := halting{search.Result{Status: search.Status{Vector: search.Failed, FullText: search.Failed, Graph: search.Skipped, Rerank: search.Skipped}}}
	w = dashboardtest.New(t, func(o *dashboardtest.Options) { o.Pages.Search = down })
	ann = w.User("ann")
	w.Library(ann, "Papers")
	w.SignedIn(ann).Get("/search/?q=owls").Says(".notice", "Search by words failed.").Says(".empty", "Nothing found")
}

// refusing is a search that gives an error.
type refusing struct{ err error }

func (f refusing) Search(context.Context, accounts.Principal, search.Request) (search.Result, error) {
	return search.Result{}, f.err
}

func TestALibraryThatGoesDuringASearchIsNoFault(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t, func(o *dashboardtest.Options) { o.Pages.Search = refusing{errs.New(errs.NotFound, "No such library.")} })
	ann := w.User("ann")
	w.Library(ann, "Papers")
	w.SignedIn(ann).Get("/search/?q=owls").Want(http.StatusBadRequest).Says("#query-fault", "was changed while you searched")
}

func TestWhoMayMakeNoLibraryIsNotToldToWhereNothingIsToSearch(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	if b := w.SignedIn(w.User("ann")); len(b.Get("/search/").All(`main a[href="/libraries/add/"]`)) != 1 {
		t.Error("ann is not told to make a library")
	}
	viewer := w.SignedIn(grouped(t, w, "vic", accounts.GroupViewOnly))
	if len(viewer.Get("/search/").Says(".empty", "shared with you").All(`main a[href="/libraries/add/"]`)) != 0 {
		t.Error("somebody who may only view is told to make a library")
	}
}
