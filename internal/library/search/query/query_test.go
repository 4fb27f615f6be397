package query_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"git.helu.ca/r/mnemosyne/internal/library/search/query"
)

func TestSignsAreRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]query.Query{
		`tide tables`:                       {Text: "tide tables"},
		`"spring tide" table`:               {Text: "spring tide table", Phrases: []string{"spring tide"}},
		`“spring tide” table`:               {Text: "spring tide table", Phrases: []string{"spring tide"}},
		`„hohe Flut“ heute`:                 {Text: "hohe Flut heute", Phrases: []string{"hohe Flut"}},
		`tide -moon`:                        {Text: "tide", Without: []string{"moon"}},
		`tide -"full moon"`:                 {Text: "tide", Without: []string{"full moon"}},
		`tide title:handbook`:               {Text: "tide", Titles: []string{"handbook"}},
		`tide Title:"sailing handbook" sea`: {Text: "tide sea", Titles: []string{"sailing handbook"}},
		`tide -title:draft`:                 {Text: "tide", NoTitles: []string{"draft"}},
		`title:handbook`:                    {Text: "handbook", Titles: []string{"handbook"}},
		`tide file:notes.md`:                {Text: "tide", File: "notes.md"},
		`tide file:"my notes"`:              {Text: "tide", File: "my notes"},
		`tide type:pdf`:                     {Text: "tide", Type: "pdf"},
		`tide type:text/html lang:de`:       {Text: "tide", Type: "text/html", Language: "de"},
		`config*`:                           {Text: "config", Begins: []string{"config"}},
		`tide -type:pdf`:                    {Text: "tide", Ignored: []string{"-type:pdf"}},
		`-moon`:                             {Without: []string{"moon"}},
		`type:pdf`:                          {Type: "pdf"},
	} {
		if diff := cmp.Diff(want, query.Parse(text), cmpopts.IgnoreUnexported(query.Query{})); diff != "" {
			t.Errorf("%s (-want +got)\n%s", text, diff)
		}
	}
}

// What is no sign is text, as it was typed.
func TestTheRestIsText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`a "quote that never ends`, `5" pipe`, `"`, `""`, `-`, `--`, `+`, `*`, `a*b`, `*a`, `AND`, `NOT a OR b`, `C++ and C#`, `-5 degrees`,
		`a-b`, `well-known`, `http://x.org/a?b`, `foo:bar`, `title:`, `type:`, `lang:german-language-x y`, `file:///etc/passwd`, `git commit -m`,
		`--force`, `map[string]int`, `x := -1`, `if a -b { "x" }`, `printf("a b") -x`, `a -> b -c`, `🙂 -🙂`, `12:30`, `std::vector -x`,
		strings.Repeat("a paragraph with -signs and \"quotes\" ", 2000),
	} {
		got := query.Parse(text)
		want := strings.TrimSpace(text)
		if got.Narrows() || len(got.Phrases) > 0 || len(got.Begins) > 0 || len(got.Ignored) > 0 ||
			strings.Join(strings.Fields(got.Text), " ") != strings.Join(strings.Fields(want), " ") && text != `""` {
			t.Errorf("%.60q is read as %+v", text, got)
		}
	}
}

func TestWordsThatMayBeMistyped(t *testing.T) {
	t.Parallel()
	got := query.Parse(`"exact wrods" retreival of getName v1.2 tab* the well-known -gone Große, x86`).Doubtful()
	if diff := cmp.Diff([]string{"retreival", "getName", "Große"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := query.Parse("x := retreival").Doubtful(); got != nil {
		t.Errorf("code has %q", got)
	}
}

func FuzzNothingIsASyntaxError(f *testing.F) {
	for _, text := range []string{`"a b" -c title:"d e" f*`, `-"`, `“a"b”`, "\xff-\xff", `title:-x`, `lang:de`, `-title:`, "「検索」"} {
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		q := query.Parse(text)
		q.Words(10)
		q.Doubtful()
	})
}
