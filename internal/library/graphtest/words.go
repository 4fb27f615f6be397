package graphtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
)

func words() map[string]func(*testing.T, Fixture) {
	return map[string]func(*testing.T, Fixture){
		"WordsAreFoundInAnyOfTheirForms":        testWordsAreFoundInAnyOfTheirForms,
		"NamesAreFoundAsTheyAreWritten":         testNamesAreFoundAsTheyAreWritten,
		"AnExactNameComesFirst":                 testAnExactNameComesFirst,
		"NoTextIsSyntax":                        testNoTextIsSyntax,
		"NothingButPunctuationFindsNothing":     testNothingButPunctuationFindsNothing,
		"OnlyStopWordsStillFind":                testOnlyStopWordsStillFind,
		"MoreOfTheQueryAndRarerWordsRankHigher": testMoreOfTheQueryAndRarerWordsRankHigher,
		"HeadingsAndTitlesAreSearched":          testHeadingsAndTitlesAreSearched,
		"TheLimitHolds":                         testTheLimitHolds,
		"ScoresAreShares":                       testScoresAreShares,
	}
}

func testWordsAreFoundInAnyOfTheirForms(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	s.finds(map[string]string{
		"The committee was running late":    "runs",
		"Crème brûlée for everyone":         "creme brulee",
		"Das Fräulein trägt Größe":          "GROSSE",
		"ＦＵＬＬ　ＷＩＤＴＨ letters":                "full width",
		"The ﬁrst ligature":                 "first",
		"Ελληνικός ΛΌΓΟΣ":                   "λογος",
		"Ёлка стоит":                        "елка",
		"co-operation between wells":        "cooperation",
		"the e-mail address":                "email",
		"soft\u00adhyphenated words":        "softhyphenated",
		"the U.S.A. and others":             "USA",
		"patients' and patient's reactions": "patient",
	})
}

func testNamesAreFoundAsTheyAreWritten(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	s.finds(map[string]string{
		"call load_user_profile() first": "load_user_profile",
		"then parseHTTPHeader runs":      "parseHTTPHeader",
		"see getAccountName":             "account name",
		"use max_retry_count":            "maxRetryCount",
		"edit docker-compose.yaml":       "docker-compose.yaml",
		"released as v1.26.8":            "1.26.8",
		"ticket ABC-1234 was closed":     "ABC-1234",
		"part no. XJ-9/B":                "xj-9/b",
		"std::vector<int> v":             "vector",
		"mail jane@example.org":          "jane@example.org",
		"open /etc/nginx/nginx.conf":     "/etc/nginx/nginx.conf",
		"hash d41d8cd98f00b204e98009":    "d41d8cd98f00b204e98009",
		"9f8b6c1e-2d3a-4b5c-8d7e-6f5a":   "9f8b6c1e-2d3a-4b5c-8d7e-6f5a",
	})
}

func testAnExactNameComesFirst(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	s.put("user name and load", "load the user", "load_user_name here", "the name of a load", "name user load")
	s.equal(s.words("load_user_name")[0], "load_user_name here")
}

func testNoTextIsSyntax(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	s.put("plain apple text and near misses")
	for _, query := range hostile() {
		_, err := s.g.FullText(t.Context(), library.FullTextQuery{Libraries: []string{s.uid}, Text: query, Limit: 5})
		if err != nil {
			t.Errorf("%.60q: %v", query, err)
		}
		_, err = s.g.FullText(t.Context(), library.FullTextQuery{Libraries: []string{s.uid}, Text: "apple " + query + " apple", Limit: 5})
		if err != nil {
			t.Errorf("apple %.60q: %v", query, err)
		}
	}
	s.equal(len(s.words(`apple" OR NEAR(`)), 1)
	s.equal(len(s.words(`title:apple`)), 1)
	s.equal(len(s.words(`NOT apple`)), 1)
}

func testNothingButPunctuationFindsNothing(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	s.put("apple")
	for _, query := range []string{"", " ", "\x00", "!?…", "🙂", "\"\"", "---", "( ) * : ^"} {
		if got := s.words(query); len(got) != 0 {
			t.Errorf("%q finds %q", query, got)
		}
	}
}

func testOnlyStopWordsStillFind(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	s.put("to be or not to be", "the of and")
	s.equal(s.words("to be or not to be")[0], "to be or not to be")
}

func testMoreOfTheQueryAndRarerWordsRankHigher(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	s.put(append(append(many(20, "common"), many(30, "filler")...), "common rarest word", "rarest of all")...)
	got := s.words("common rarest")
	s.equal(got[:2], []string{"common rarest word", "rarest of all"})
}

func testHeadingsAndTitlesAreSearched(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := uuid.NewString()
	chunks := chunksOf("some text", "other text")
	chunks[0].HeadingPath = []string{"Installation", "On Debian"}
	s.must(s.g.Stage(t.Context(), s.ref(item, 1), chunks))
	s.must(s.g.Publish(t.Context(), s.ref(item, 1), library.IndexItem{UID: item, Title: "Handbook"}, 2))
	s.equal(s.words("debian"), []string{"some text"})
	s.equal(len(s.words("handbook")), 2)
}

func testTheLimitHolds(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	s.put(many(30, "apple")...)
	for _, limit := range []int{0, 1, 7} {
		found, err := s.g.FullText(t.Context(), library.FullTextQuery{Libraries: []string{s.uid}, Text: "apple", Limit: limit})
		s.must(err)
		s.equal(len(found), limit)
	}
}

func testScoresAreShares(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	s.put("apple", "apple apple apple apple apple", "pear", "plum", "pear plum")
	for _, query := range []string{"apple", "apple pear", "apple unknown", "pear plum unknown-name"} {
		for _, hit := range s.scores(query)[0] {
			if hit.Score <= 0 || hit.Score > 1 {
				t.Errorf("%q scores %v", query, hit.Score)
			}
		}
	}
}

// finds puts each text into the library, among others, and looks for it.
func (s shelf) finds(queries map[string]string) {
	s.Helper()
	texts := []string{}
	for text := range queries {
		texts = append(texts, text)
	}
	s.put(texts...)
	for text, query := range queries {
		if got := s.words(query); len(got) == 0 || got[0] != text {
			s.Errorf("%q finds %q, want %q first", query, got, text)
		}
	}
}

func hostile() []string {
	out := []string{
		`"`, `'`, `""`, `"""`, `(`, `)`, `((`, `*`, `^`, `:`, `+`, `-`, `~`, `/`, `\`, `&&`, `||`, `!`, `{`, `}`, `[`, `]`, `?`, `;`, `,`, `.`,
		`AND`, `OR`, `NOT`, `NEAR`, `a AND`, `OR b`, `NOT`, `a NEAR/3 b`, `NEAR(a b, 5)`, `title:`, `title : x`, `{title body}: x`, `-title:x`,
		`body:"x"`, `x*`, `*x`, `^x`, `"x" "y`, `a + b`, `x^2`, `fuzzy~2`, `[a TO b]`, `/re.*/`, `field:(a OR b)`, `rank`, `rowid`, `words`,
		`'; DROP TABLE chunk; --`, `%s%d%n`, `$1`, "\x00", "a\x00b", "\xff\xfe", "\u202e\u200b\ufeff", "🙂🙃", "👩\u200d👩\u200d👧", "\t\r\n",
		"the", "the a of and", "e\u0301", strings.Repeat("(", 5000), strings.Repeat(`"a `, 3000), strings.Repeat("漢", 30_000),
		strings.Repeat("x", 100_000), strings.Repeat("long paste of words ", 50_000), strings.Repeat("\u0301", 2000),
	}
	var distinct strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&distinct, "w%d-%d_x ", i, i*7)
	}
	return append(out, distinct.String())
}
