package concept_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library/concept"
)

func TestSpellingsOfOneConceptHaveOneKey(t *testing.T) {
	t.Parallel()
	for want, names := range map[string][]string{
		"database":                     {"database", "Data Base", "data-bases", "DataBase", "DATABASES", "Database's"},
		"httphandler":                  {"http.Handler", "HTTP handlers", "http_handler", "HTTPHandler"},
		"rag":                          {"RAG", "Rag", "RAGs", "R.A.G."},
		"retrievalaugmentedgeneration": {"Retrieval-Augmented Generation", "retrieval augmented generations"},
		"cpu":                          {"CPU", "CPUs", "cpu's"},
		"ecoleelementaire":             {"École élémentaire", "ecoles elementaires"},
		"c++":                          {"C++", "c++"},
		"自然语言":                         {"自然语言", "自然 语言"},
		"il2":                          {"IL-2", "il 2"},
		"":                             {"", " ", "42", "3.14", "--", "\x00\xff"},
	} {
		for _, name := range names {
			if got := concept.Key(name); got != want {
				t.Errorf("Key(%q) is %q, want %q", name, got, want)
			}
		}
	}
}

func TestQueriesNameEveryConceptTheirWordsMake(t *testing.T) {
	t.Parallel()
	for query, names := range map[string][]string{
		"what does http.Handler do with the RAG?":            {"http.Handler", "handlers", "RAG"},
		"retrieval augmented generation without a data base": {"Retrieval-Augmented Generation", "Databases", "generation"},
		"where did Otto von Guericke live":                   {"Otto von Guericke", "Guericke"},
		"自然语言处理是什么":                                          {"自然语言处理", "自然语言", "处理"},
		"uses of C++ in Go":                                  {"C++"},
		"Where is the Société générale?":                     {"Societe Generale"},
	} {
		keys := concept.Keys(query)
		for _, name := range names {
			if !slices.Contains(keys, concept.Key(name)) {
				t.Errorf("%q does not name %q (%q): %q", query, name, concept.Key(name), keys)
			}
		}
	}
	if keys := concept.Keys(" 1 + 2 … "); len(keys) != 0 {
		t.Errorf("numbers name %q", keys)
	}
}

// A concept's name, asked for by itself, names the concept.
func FuzzNamesAreFoundByThemselves(f *testing.F) {
	for _, text := range []string{"io.ReadCloser", "a b c d e f g", "全文检索 Go言語", "parseHTTPHeaders", "C++ F# x+", "e\u0301a soft\u00adhyphen", "a\xffb\x00", "Newton's l’analyse", "ΛΌΓΟΣ ﬁ①", "A.B.C's"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4000 {
			return
		}
		key, keys := concept.Key(text), concept.Keys(text)
		if !utf8.ValidString(key) || strings.ContainsAny(key, " \"'*()^:\x00") || len(key) > 96 {
			t.Fatalf("the key of %q is %q", text, key)
		}
		for i, k := range keys {
			if !utf8.ValidString(k) || k == "" || len(k) > 96 || slices.Contains(keys[:i], k) {
				t.Fatalf("%q names %q", text, keys)
			}
		}
		if len(strings.Fields(text)) <= 2 && len(text) < 40 && utf8.RuneCountInString(key) > 1 && len(keys) > 0 && !slices.ContainsFunc(keys, func(k string) bool { return strings.Contains(key, k) }) {
			t.Fatalf("%q (%q) does not name itself: %q", text, key, keys)
		}
	})
}
