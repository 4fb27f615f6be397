package search_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

// Each example of the table in docs/search.md.
func TestAQueryMeansWhatTheDocumentationSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spring, neap, moon := "the tide is a spring tide", "a neap tide at night", "tide and full moon of spring"
	w.put(w.papers, "", "Sailing Handbook", spring, neap)
	w.put(w.notes, "", "Draft", moon)
	for asked, want := range map[string][]string{
		"tide":                       {spring, neap, moon},
		`tide "spring tide"`:         {spring},
		"tide -moon":                 {spring, neap},
		`tide -"full moon"`:          {spring, neap},
		"tide title:handbook":        {spring, neap},
		`tide title:"sailing hand"`:  {},
		"title:handbook":             {spring, neap},
		"tide -title:draft":          {spring, neap},
		`"spring tide" -title:draft`: {spring},
		"sprin* -handbook":           {moon},
		`tide "nowhere at all"`:      {},
	} {
		got := w.search(w.alice, search.Request{Query: asked})
		found := texts(got)
		slices.Sort(found)
		slices.Sort(want)
		if !slices.Equal(found, want) {
			t.Errorf("%s finds %q, want %q", asked, found, want)
		}
		if got.Degraded {
			t.Errorf("%s: %+v", asked, got.Status)
		}
	}
}

func TestWhatWasUnderstoodIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.papers, "", "Handbook", "the retrieval of spring tides")
	got := w.search(w.alice, search.Request{Query: `retreival "spring tide" -moon title:handbook tid* -type:pdf`})
	want := search.Understood{
		Words: []string{"retrieval", "spring", "tide"}, Begins: []string{"tid"}, Phrases: []string{"spring tide"}, Without: []string{"moon"},
		Title: []string{"handbook"}, Corrected: []search.Correction{{From: "retreival", To: "retrieval"}}, Ignored: []string{"-type:pdf"},
	}
	if diff := cmp.Diff(want, got.Understood); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(got.Hits) != 1 {
		t.Errorf("found %q", texts(got))
	}
}

func TestWordsAreTakenAsTheyAreTypedWhereThatIsAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.papers, "", "A", "the retrieval of tides")
	for _, r := range []search.Request{{Query: "retreival", Exact: true}, {Query: `"retreival"`}, {Query: "x := retreival"}} {
		if got := w.search(w.alice, r); len(got.Understood.Corrected) != 0 || got.Status.FullText != search.Empty {
			t.Errorf("%+v: %+v", r, got.Understood)
		}
	}
	if got := w.search(w.alice, search.Request{Query: "retreival"}); got.Status.FullText != search.OK {
		t.Errorf("%+v", got)
	}
}

func TestAQueryThatLooksForNothingIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, r := range []search.Request{
		{Query: "-moon"}, {Query: "type:pdf"}, {Query: "lang:de -x1"},
		{Query: "tide type:pdf", Filters: search.Filters{ContentType: "docx"}}, {Query: "tide lang:xq"},
	} {
		if _, err := search.New(w.opt).Search(t.Context(), w.alice, r); !errs.Is(err, errs.Invalid) {
			t.Errorf("%+v: %v", r, err)
		}
	}
}
