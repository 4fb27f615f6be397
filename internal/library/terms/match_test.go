package terms_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library/terms"
)

// marked writes a text with brackets around what a query matches.
func marked(query, text string) string {
	var b strings.Builder
	at := 0
	for _, p := range terms.NewMatcher(new(terms.Analyzer).Query(query, 100)).Find(text) {
		b.WriteString(text[at:p.From] + "[" + text[p.From:p.To] + "]")
		at = p.To
	}
	return b.String() + text[at:]
}

func TestWhatAQueryMatchesIsFoundInTheText(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ query, text, want string }{
		{"running", "Runs, ran, run. Runners RUN", "[Runs], ran, [run]. Runners [RUN]"},
		{"universe", "university", "[university]"}, // one stem: the engine finds it, so it is marked
		{"hear", "heart", "heart"},
		{"éclair strasse", "ECLAIR, Straße", "[ECLAIR], [Straße]"},
		{"get name", "get_user_name(getName)", "[get]_user_[name]([get][Name])"},
		{"getname", "get_name getName", "[get_name] [getName]"},
		{"email", "an e-mail", "an [e-mail]"},
		{"http", "parseHTTPHeader", "parse[HTTP]Header"},
		{"检索", "全文检索系统", "全文[检索]系统"},
		{"索", "检索系", "检[索]系"},
		{"find", "ﬁnd the ﬁnder", "[ﬁnd] the ﬁnder"},
		{"Ｗｉｄｅ", "wide ＷＩＤＥ", "[wide] [ＷＩＤＥ]"},
		{"cafe", "cafe\u0301 is closed", "[cafe\u0301] is closed"},
		{"softhyphen", "soft\u00adhyphen", "[soft\u00adhyphen]"},
		{"b", "a\xffb", "a\xff[b]"},
		{"", "nothing", "nothing"},
		{"🙂", "a 🙂", "a 🙂"},
	} {
		if got := marked(row.query, row.text); got != row.want {
			t.Errorf("%q in %q is %q, want %q", row.query, row.text, got, row.want)
		}
	}
}

// Every text is found whole by its own words, and every place is one of it.
func FuzzPlacesLieWithinTheText(f *testing.F) {
	for _, text := range []string{"plain words", "get_user_name", "全文检索", "ภาษาไทย", "e\u0301a", "x-9/b", "a\xffb\x00", "ﬁ①", "a\u200bB_c"} {
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, query, text string) {
		if len(query)+len(text) > 4000 {
			return
		}
		asked := new(terms.Analyzer).Query(query, 1<<20)
		found := terms.NewMatcher(asked).Find(text)
		at := 0
		for _, p := range found {
			if p.From < at || p.To <= p.From || p.To > len(text) {
				t.Fatalf("%q in %q is found at %+v", query, text, found)
			}
			if utf8.ValidString(text) && !utf8.ValidString(text[p.From:p.To]) {
				t.Fatalf("%q in %q: %+v cuts a character", query, text, p)
			}
			at = p.To
		}
		if query == text && len(asked) > 0 && len(found) == 0 {
			t.Fatalf("%q is not found in itself", text)
		}
	})
}
