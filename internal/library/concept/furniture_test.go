package concept_test

import (
	"fmt"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/concept"
)

func TestWhatStandsInEveryParagraphIsNoConcept(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 900 {
		fmt.Fprintf(&text, "The harbour ledger of entry %d names a vessel called Petrel%d and its cargo of salted herring.\n\n", i, i)
	}
	d := concept.New("Ledger", "en")
	d.Learn(text.String())
	found := d.Mentions(concept.Passage{Text: text.String()[:400]})
	if len(found) == 0 {
		t.Fatal("the names of single paragraphs are no concepts")
	}
	for _, m := range found {
		if m.Weight <= 0 || m.Weight > 1 {
			t.Errorf("%q has a weight of %g", m.Name, m.Weight)
		}
		if strings.Contains(m.Key, "herring") {
			t.Errorf("%q stands in every paragraph", m.Name)
		}
	}
}
