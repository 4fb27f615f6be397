package terms_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library/terms"
)

func TestDocumentTerms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"The Runners were running":         "the runner were run",
		"Crème ÉCLAIR Straße":              "creme eclair strass",
		"get_user_name":                    "get user name getusernam",
		"parseHTTPHeader":                  "pars http header parsehttphead",
		"docker-compose.yaml":              "docker compos yaml",
		"e-mail and well-known":            "e mail email and well known",
		"v1.26.8":                          "v1 26 8",
		"U.S.A.":                           "u s a usa",
		"全文检索":                             "全文 文检 检索 索",
		"Go言語":                             "go 言語 語",
		"soft\u00adhyphen zero\u200bwidth": "softhyphen zero width",
		" \x00 … 🙂 -- ":                    "",
		"a\xffb":                           "a b",
		"don't":                            "don t",
	} {
		if got := strings.Join(new(terms.Analyzer).Document("", text), " "); got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}

func TestQueryTerms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"run runs Running, jump":   "run×3|jump×1",
		"load_name":                "load×1|name×1|loadnam×1|load name×1",
		"well-known":               "well×1|known×1",
		"ABC-12":                   "abc×1|12×1|abc12×1|abc 12×1",
		"検索エン":                     "検索×1|索エ×1|エン×1|検索 索エ エン×1",
		"猫":                        "猫*×1",
		"the \"NEAR\" AND (title:": "the×1|near×1|and×1|titl×1",
	} {
		var got []string
		for _, term := range new(terms.Analyzer).Query(text, 100) {
			s := strings.Join(term.Words, " ")
			if term.Prefix {
				s += "*"
			}
			got = append(got, s+"×"+string(rune('0'+term.Times)))
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q gives %q, want %q", text, strings.Join(got, "|"), want)
		}
	}
}

// What a document says is among what a query of the same words looks for,
// and no term holds a character that a query language knows.
func FuzzDocumentsAndQueriesAgree(f *testing.F) {
	for _, text := range []string{"plain words", "get_user_name", "全文检索", "ภาษาไทย", "e\u0301a", "x-9/b", "ΛΌΓΟΣ", "a\xffb\x00", "ﬁ①"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 {
			return
		}
		document := new(terms.Analyzer).Document("", text)
		for _, term := range document {
			if !utf8.ValidString(term) || term == "" || strings.ContainsAny(term, " \"'*()^:+-\x00") {
				t.Fatalf("term %q of %q", term, text)
			}
		}
		for _, asked := range new(terms.Analyzer).Query(text, 1<<20) {
			if len(asked.Words) == 1 && !asked.Prefix && !slices.Contains(document, asked.Words[0]) {
				t.Fatalf("%q: the query looks for %q, the document holds %q", text, asked.Words[0], document)
			}
		}
	})
}

func TestWordsAreStemmedByTheirLanguage(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ language, one, other string }{
		{"de", "Häuser", "Haus"},
		{"de", "Verordnungen", "Verordnung"},
		{"fr", "mangées", "mangé"},
		{"fr", "ÉLÈVES", "élève"},
		{"es", "informaciones", "información"},
		{"ru", "документами", "документы"},
		{"sv", "bilarna", "bilar"},
		{"", "running", "runs"},
		{"en", "running", "runs"},
	} {
		var a terms.Analyzer
		one, other := a.Document(row.language, row.one), a.Document(row.language, row.other)
		if !slices.Equal(one, other) || len(one) != 1 {
			t.Errorf("%s: %s is %q and %s is %q", row.language, row.one, one, row.other, other)
		}
	}
	if got := new(terms.Analyzer).Document("pl", "running"); !slices.Equal(got, []string{"running"}) {
		t.Errorf("a language without a stemmer makes running %q", got)
	}
}

func TestAQueryHasOneTermForAllLanguages(t *testing.T) {
	t.Parallel()
	asked := new(terms.Analyzer).Query("Häuser running", 10, "en", "de")
	if len(asked) != 2 {
		t.Fatalf("%+v", asked)
	}
	for i, want := range [][]string{{"hauser", "haus"}, {"run", "running"}} {
		var got []string
		for _, form := range asked[i].Forms() {
			got = append(got, strings.Join(form, " "))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestPhrasesAndBeginningsOfWords(t *testing.T) {
	t.Parallel()
	var a terms.Analyzer
	for text, want := range map[string]string{
		"the quick foxes": "the quick fox", "検索エン": "検索 索エ エン", "猫": "猫*", "get_name x": "get name getnam x", "…": "",
	} {
		got := strings.Join(a.Phrase(text).Words, " ")
		if a.Phrase(text).Prefix {
			got += "*"
		}
		if got != want {
			t.Errorf("the phrase %q is %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{"config": "config", "runn": "runn|run", "retrieva": "retrieva|retriev", "carto": "carto", "": ""} {
		var got []string
		term := a.Prefix(text)
		for _, form := range term.Forms() {
			got = append(got, strings.Join(form, " "))
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%s* is %q, want %q", text, got, want)
		}
	}
}

func TestTagsOfLanguages(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{"de-CH": "de", "nb-NO": "no", "EN_us": "en", "": "", "und": "", "x": "", "zh-Hant": "zh", "klingon!": ""} {
		if got := terms.Language(tag); got != want {
			t.Errorf("%q is %q, want %q", tag, got, want)
		}
	}
}
