package graphtest

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
)

// says tests what a filter asks of words, and the forgiving of slips.
func says() map[string]func(*testing.T, Fixture) {
	return map[string]func(*testing.T, Fixture){
		"WhatMustBeSaidHoldsForWordsAndVectors": testWhatMustBeSaidHoldsForWordsAndVectors,
		"ARareClauseLosesNoVector":              testARareClauseLosesNoVector,
		"TitlesAreToldFromTexts":                testTitlesAreToldFromTexts,
		"ClausesReadScriptsWithoutSpaces":       testClausesReadScriptsWithoutSpaces,
		"WordsAreFoundByTheirBeginnings":        testWordsAreFoundByTheirBeginnings,
		"SlipsAreForgiven":                      testSlipsAreForgiven,
		"SpellingKnowsNoOtherLibrary":           testSpellingKnowsNoOtherLibrary,
	}
}

func must(texts ...string) library.Filter {
	var f library.Filter
	for _, t := range texts {
		f.Must = append(f.Must, library.Clause{Text: t})
	}
	return f
}

func not(texts ...string) library.Filter {
	f := must(texts...)
	return library.Filter{Not: f.Must}
}

// both checks what words and vectors find through a filter, and what is left
// of all chunks.
func (s shelf) both(word string, f library.Filter, want ...string) {
	s.Helper()
	slices.Sort(want)
	all, err := s.g.Nearest(s.Context(), library.VectorQuery{Libraries: []string{s.uid}, Space: space, Vector: vectorOf(word), Limit: 1000})
	s.must(err)
	let, err := s.g.Having(s.Context(), all, f)
	s.must(err)
	for how, got := range map[string][]string{"words": s.words(word, f), "vectors": s.near(word, f), "having": s.texts(let)} {
		slices.Sort(got)
		if !slices.Equal(got, want) {
			s.Errorf("%s: %+v lets through %q, want %q", how, f, got, want)
		}
	}
}

func testWhatMustBeSaidHoldsForWordsAndVectors(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	spring, neap, apart, title := "the tide is a spring tide today", "the tide is a neap tide", "a tide in spring", "tide of get_user_name"
	s.put(spring, neap, apart, title)
	s.both("tide", library.Filter{}, spring, neap, apart, title)
	s.both("tide", must("spring tide"), spring)
	s.both("tide", must("Spring TIDES"), spring)
	s.both("tide", must("spring", "today"), spring)
	s.both("tide", must("tide spring"))
	s.both("tide", must("nowhere"))
	s.both("tide", must("getUserName"), title)
	s.both("tide", not("spring"), neap, title)
	s.both("tide", not("spring tide"), neap, apart, title)
	s.both("tide", not("spring", "neap"), title)
	s.both("tide", library.Filter{Must: must("spring").Must, Not: not("today").Not}, apart)
	s.both("tide", must("…"), spring, neap, apart, title)
	for _, text := range hostile()[:40] {
		if _, err := s.g.FullText(t.Context(), library.FullTextQuery{Libraries: []string{s.uid}, Text: "tide", Begins: []string{text}, Filter: library.Filter{
			Must: must(text).Must, Not: not(text).Not,
		}, Limit: 5}); err != nil {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

func testARareClauseLosesNoVector(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	texts := append(many(300, "tide"), "tide with a zebra", "tide and zebra too")
	s.put(texts...)
	q := library.VectorQuery{Libraries: []string{s.uid}, Space: space, Vector: vectorOf(texts[7]), Filter: must("zebra"), Limit: 5}
	found, err := s.g.Nearest(t.Context(), q)
	s.must(err)
	s.equal(len(found), 2)
	q.Filter = not("zebra")
	found, err = s.g.Nearest(t.Context(), q)
	s.must(err)
	s.equal(len(found), 5)
	s.equal(s.texts(found)[0], texts[7])
}

func testTitlesAreToldFromTexts(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	put := func(title, text string) {
		item := uuid.NewString()
		s.stage(item, 1, text)
		s.must(s.g.Publish(t.Context(), s.ref(item, 1), library.IndexItem{UID: item, Title: title}, 2))
	}
	put("Sailing Handbook", "the tide turns")
	put("Notes", "the tide in the handbook")
	titled := func(text string) []library.Clause { return []library.Clause{{Text: text, Title: true}} }
	s.both("tide", library.Filter{Must: titled("handbook")}, "the tide turns")
	s.both("tide", library.Filter{Must: titled("sailing handbooks")}, "the tide turns")
	s.both("tide", library.Filter{Not: titled("handbook")}, "the tide in the handbook")
	s.both("tide", must("handbook"), "the tide in the handbook", "the tide turns")
}

func testClausesReadScriptsWithoutSpaces(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	chinese, japanese, other := "全文检索引擎支持中文分词", "東京都では検索エンジン", "中文和检索"
	s.put(chinese, japanese, other)
	s.both("检索", must("检索引擎"), chinese)
	s.both("检索", must("擎支"), chinese)
	s.equal(s.words("检索", not("引")), []string{other})
	s.equal(s.words("検索", must("京都")), []string{japanese})
}

func testWordsAreFoundByTheirBeginnings(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	texts := []string{"configuration files", "a configured host", "running water", "confluence"}
	s.put(texts...)
	for begin, want := range map[string][]string{"config": texts[:2], "runn": texts[2:3], "conf": {texts[0], texts[1], texts[3]}, "zz": {}} {
		found, err := s.g.FullText(t.Context(), library.FullTextQuery{Libraries: []string{s.uid}, Text: begin, Begins: []string{begin}, Limit: 9})
		s.must(err)
		got := s.texts(found)
		slices.Sort(got)
		slices.Sort(want)
		s.equal(got, want)
	}
}

func testSlipsAreForgiven(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	s.put("the retrieval of kubernetes documents", "Ansible and terraform", "tables of tides")
	s.putIn("de", "Die Genehmigung der Häuser")
	got, err := s.g.Spell(t.Context(), []string{s.uid}, []string{
		"retreival", "kubernets", "kubernetse", "ansibel", "terafrom", "tables", "retrieve", "xylophone", "tabels", "Genemigung", "kuberneets",
	})
	s.must(err)
	s.equal(got, map[string]string{
		"retreival": "retrieval", "kubernetse": "kubernetes", "ansibel": "ansible", "terafrom": "terraform",
		"tabels": "tables", "Genemigung": "genehmigung", "kuberneets": "kubernetes",
	})
}

func testSpellingKnowsNoOtherLibrary(t *testing.T, f Fixture) {
	s, other := newShelf(t, f), newShelf(t, f)
	s.put("plain words")
	other.put("the zygomorphic secret")
	got, err := s.g.Spell(t.Context(), []string{s.uid}, []string{"zygomorphik", "plian"})
	s.must(err)
	s.equal(got, map[string]string{"plian": "plain"})
}
