package concept_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/concept"
)

// mentions gives the concepts of a text that is one passage.
func mentions(title, text string, headings ...string) []library.Mention {
	d := concept.New(title, "")
	d.Learn(text)
	return d.Mentions(concept.Passage{Text: text, Headings: headings, First: true})
}

func find(list []library.Mention, name string) *library.Mention {
	for i, m := range list {
		if m.Key == concept.Key(name) {
			return &list[i]
		}
	}
	return nil
}

func TestWhatATextSpeaksOf(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		text    string
		want    []string
		without []string
	}{
		"names": {
			"The treaty was signed by Otto von Guericke in New York. Later Guericke left the University of Oxford for good.",
			[]string{"Otto von Guericke", "New York", "University of Oxford", "Guericke"}, []string{"The", "Later", "good"},
		},
		"identifiers": {
			"Pass it an http.Handler, or an io.ReadCloser made by json.NewDecoder; snake_case_names and camelCaseNames work, std::vector too.",
			[]string{"http.Handler", "io.ReadCloser", "ReadCloser", "NewDecoder", "snake_case_names", "camelCaseNames", "std::vector"}, []string{"it", "an"},
		},
		"phrases": {
			"We measure the heat transfer of a laminar boundary layer. The heat transfer grows with the boundary layer, which is thin.",
			[]string{"heat transfer", "boundary layer"}, []string{"which", "grows", "thin"},
		},
		"German": {
			"Die Vektordatenbank liefert die Abschnitte, die zur Frage passen. Eine Vektordatenbank ist schnell. Die künstliche Intelligenz nutzt sie, und der künstlichen Intelligenz hilft das.",
			[]string{"Vektordatenbank", "künstliche Intelligenz"}, []string{"Die", "liefert", "Eine", "Frage"},
		},
		"French": {
			"L'apprentissage automatique est une partie de l'intelligence artificielle. Avec l'apprentissage automatique, une machine apprend les règles de l'intelligence artificielle.",
			[]string{"apprentissage automatique", "intelligence artificielle"}, []string{"une", "les", "est"},
		},
		"Chinese and Japanese": {
			"自然语言处理是人工智能的一个重要方向。自然语言处理研究计算机与人类语言之间的交互。検索エンジンはデータベースを使う。",
			[]string{"自然语言处理", "データベース"}, []string{"然语", "的", "は"},
		},
		"links": {
			"Read the [query planner](guide/query-planner.md) or https://www.sqlite.org/lang_select.html, and [[Write-Ahead Logging|the log]].",
			[]string{"query planner", "sqlite.org/lang_select.html", "Write-Ahead Logging"}, nil,
		},
		"tables": {
			"| Year | Company | Sales |\n|---|---|---|\n| 2020 | Siemens Energy | 1,234 |\n| 2021 | Hapag-Lloyd | 99 |",
			[]string{"Siemens Energy", "Hapag-Lloyd"}, []string{"2020", "1,234"},
		},
		"shouting":    {"THIS IS A LONG WARNING WRITTEN IN CAPITALS THROUGHOUT.", nil, []string{"THIS IS A LONG WARNING", "IS"}},
		"Thai":        {"ภาษาไทยเป็นภาษาที่มีระดับเสียงของคำแน่นอน", nil, []string{"ภาษาไทย"}},
		"numbers":     {"1 2 3.14 2020-01-01 0xff 99%", nil, []string{"1", "2020-01-01"}},
		"nothing":     {" \x00\xff … 🙂 -- ", nil, nil},
		"apostrophes": {"Newton's laws and the Bayes' theorem: Bayes' theorem follows Newton's laws.", []string{"Bayes theorem", "Newton"}, []string{"s"}},
	} {
		got := mentions("", row.text)
		for _, want := range row.want {
			if find(got, want) == nil {
				t.Errorf("%s: %q is not among %v", name, want, got)
			}
		}
		for _, not := range row.without {
			if m := find(got, not); m != nil && m.Key != "" {
				t.Errorf("%s: %q is no concept", name, not)
			}
		}
	}
}

func TestAnAcronymAndWhatItStandsForLeadToOneKey(t *testing.T) {
	t.Parallel()
	d := concept.New("", "en")
	d.Learn("Retrieval-Augmented Generation (RAG) is common. A heat-shock protein (HSP) and the Department of Defense (DoD) are other things. Not one (see below) and not (X).")
	for _, row := range []struct{ text, want string }{
		{"Later, RAG was improved.", "retrieval augmented generation"},
		{"Here retrieval augmented generation is spelled out.", "Retrieval-Augmented Generation"},
		{"Here retrieval augmented generation is spelled out.", "RAG"},
		{"Many HSPs are known.", "heat-shock protein"},
		{"The DoD pays.", "Department of Defense"},
	} {
		if m := find(d.Mentions(concept.Passage{Text: row.text}), row.want); m == nil || m.Kind != library.ConceptAcronym {
			t.Errorf("%q does not lead to %q: %v", row.text, row.want, d.Mentions(concept.Passage{Text: row.text}))
		}
	}
	if find(d.Mentions(concept.Passage{Text: "You see below."}), "see below") != nil {
		t.Error("a parenthesis that is no acronym leads somewhere")
	}
}

func TestHeadingsAreConceptsUnlessAnyDocumentHasThem(t *testing.T) {
	t.Parallel()
	got := mentions("Garbage Collection Handbook", "Some words.", "3.2 Tri-color Marking", "Introduction")
	for _, want := range []string{"Tri-color Marking", "Garbage Collection Handbook"} {
		if m := find(got, want); m == nil || m.Kind != library.ConceptHeading {
			t.Errorf("%q is not among %v", want, got)
		}
	}
	if find(got, "Introduction") != nil {
		t.Error("Introduction is a concept")
	}
}

func TestWhatStandsOnEveryPageIsNoConcept(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 40 {
		b.WriteString("Annual Report of the Widget Company\n\n" + strings.Repeat("Plain words stand here without any meaning. ", 50))
		if i == 7 {
			b.WriteString("The Zeppelin Treaty is named once.\n\n")
		}
	}
	d := concept.New("", "en")
	d.Learn(b.String())
	got := d.Mentions(concept.Passage{Text: "Annual Report of the Widget Company\n\nThe Zeppelin Treaty is named once."})
	if m := find(got, "Zeppelin Treaty"); m == nil || got[0] != *m {
		t.Errorf("the treaty is not first among %v", got)
	}
	if m := find(got, "Annual Report of the Widget Company"); m != nil && m.Weight > 0.1 {
		t.Errorf("the page's head weighs %v", m.Weight)
	}
}

func TestNamesInAPassageAboutAPackagesMemberAreReadAsThePackageDoes(t *testing.T) {
	t.Parallel()
	const text = "func Open(name string) (*File, error)\n\nOpen opens a file. The error is a *PathError."
	got := mentions("os.Open", text)
	for _, want := range []string{"os.File", "os.PathError", "PathError", "os.Open"} {
		if find(got, want) == nil {
			t.Errorf("%q is not among %v", want, got)
		}
	}
	if find(mentions("Opening a file", text), "os.File") != nil {
		t.Error("a package is guessed")
	}
}

func TestAConceptIsNamedAsItIsMostOftenWritten(t *testing.T) {
	t.Parallel()
	got := find(mentions("", "We use postgreSQL here. PostgreSQL is a database, PostgreSQL is old. I like PostgreSQL."), "postgresql")
	if got == nil || got.Name != "PostgreSQL" {
		t.Errorf("got %v", got)
	}
}

// check tells what any mentions must be like.
func check(t *testing.T, text string, list []library.Mention) {
	t.Helper()
	seen := map[string]bool{}
	for i, m := range list {
		if m.Key == "" || len(m.Key) > 96 || seen[m.Key] || m.Name == "" || !utf8.ValidString(m.Name+m.Key) || m.Kind == "" {
			t.Fatalf("%q mentions %+v", text, m)
		}
		if !(m.Weight > 0 && m.Weight <= 1) || i > 0 && m.Weight > list[i-1].Weight {
			t.Fatalf("%q mentions %+v at place %d", text, m, i)
		}
		seen[m.Key] = true
	}
	if len(list) > concept.MaxMentions {
		t.Fatalf("%d mentions", len(list))
	}
}

func FuzzMentions(f *testing.F) {
	for _, text := range []string{"A (B) C", "Some Long Form (SLF) and SLF.", "全文检索 Go言語", "io.Reader a/b c::d e-", "[[", "[a](b", "http://", "[x]((y)", "\xff(\xff)", "ΛΌΓΟΣ ﬁ①", "((((((AB", "e\u0301 \u00ad\u00ad"} {
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, title, text string) {
		if len(title)+len(text) > 4000 {
			return
		}
		got := mentions(title, text, title)
		check(t, text, got)
		if again := mentions(title, text, title); !reflect.DeepEqual(got, again) {
			t.Fatalf("%q mentions %v and %v", text, got, again)
		}
	})
}

// Each would keep a reader busy for days whose time grows with the square of
// the text.
func TestHostileTextsAreRead(t *testing.T) {
	t.Parallel()
	const size = 2 << 20
	r := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, size)
	for i := range random {
		random[i] = " abcdefghijklmnopqrstuvwxyzABC.("[r.IntN(32)]
	}
	for name, text := range map[string]string{
		"one word":     strings.Repeat("a", size),
		"one line":     strings.Repeat("Ab cd ", size/6),
		"parentheses":  strings.Repeat("(", size),
		"acronyms":     strings.Repeat("a b (AB)", size/8),
		"links":        strings.Repeat("[](", size/3),
		"brackets":     strings.Repeat("[[", size/2),
		"addresses":    strings.Repeat("://", size/3),
		"dots":         strings.Repeat("a.", size/2),
		"Han":          strings.Repeat("自然语言处理人", size/21),
		"joints":       strings.Repeat("a of ", size/5),
		"marks":        "e" + strings.Repeat("\u0301", size/2),
		"random words": string(random),
	} {
		check(t, name, mentions(text, text, text))
	}
}

func TestAMillionHeadings(t *testing.T) {
	t.Parallel()
	headings := slices.Repeat([]string{"Heading of some words"}, 1_000_000)
	check(t, "headings", mentions("", "Text.", headings...))
}
