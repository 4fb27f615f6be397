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
		if got := strings.Join(new(terms.Analyzer).Document(text), " "); got != want {
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
		document := new(terms.Analyzer).Document(text)
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
