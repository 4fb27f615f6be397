package graphtest

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
)

// languages tests that words are found in the forms of their language.
func languages() map[string]func(*testing.T, Fixture) {
	return map[string]func(*testing.T, Fixture){
		"WordsAreStemmedByTheLanguageOfTheirDocument": testWordsAreStemmedByTheLanguageOfTheirDocument,
		"ALanguageThatIsToldLaterIsStemmedBy":         testALanguageThatIsToldLaterIsStemmedBy,
		"ADocumentOfALanguageCanBeDeleted":            testADocumentOfALanguageCanBeDeleted,
	}
}

func (s shelf) putIn(language string, texts ...string) string {
	s.Helper()
	item := uuid.NewString()
	s.stage(item, 1, texts...)
	s.must(s.g.Publish(s.Context(), s.ref(item, 1), library.IndexItem{UID: item, Language: language}, 2))
	return item
}

func testWordsAreStemmedByTheLanguageOfTheirDocument(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	german, english, french, polish := "Die Häuser standen in Gärten", "The houses were standing in running water", "Les filles mangées arrivèrent", "Dokumenty running"
	s.putIn("de-CH", german)
	s.putIn("en", english)
	s.putIn("fr", french)
	s.putIn("pl", polish)
	for query, want := range map[string][]string{
		"Haus":          {german},
		"garten":        {german},
		"house":         {english},
		"runs":          {english},
		"mangé":         {french},
		"dokumenty":     {polish},
		"Haus standing": {english, german},
	} {
		got := s.words(query)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%q finds %q, want %q", query, got, want)
		}
	}
}

func testALanguageThatIsToldLaterIsStemmedBy(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	text := "Die Häuser der Verordnungen"
	item := s.put(text)
	s.equal(s.words("Haus"), []string{})
	s.must(s.g.SetItem(t.Context(), s.uid, library.IndexItem{UID: item, Language: "de"}))
	s.equal(s.words("Haus"), []string{text})
	s.must(s.g.SetItem(t.Context(), s.uid, library.IndexItem{UID: item, Title: "Gesetze"}))
	s.equal(s.words("Verordnung"), []string{text})
	s.equal(s.words("Gesetz"), []string{text})
}

func testADocumentOfALanguageCanBeDeleted(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.putIn("de", "Die Häuser", "ein Haus")
	other := "noch ein Häuschen"
	s.putIn("de", other)
	s.must(s.g.DeleteItem(t.Context(), s.uid, item))
	s.equal(s.words("Häuser"), []string{})
	s.equal(s.words("noch"), []string{other})
}
