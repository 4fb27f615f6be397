package dashboard

import (
	"strings"
	"testing"
)

func TestParagraphsFlowAndCodeKeepsItsLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("word ", 10) + "end"
	for _, row := range []struct{ name, text, want string }{
		{"prose", long + "\ngoes on", long + " goes on"},
		{"paragraphs", long + "\n\nNext", long + "\n\nNext"},
		{"list", long + "\n- item", long + "\n- item"},
		{"verse", "short line\nshort line", "short line\nshort line"},
		{"fence", "```\n" + long + "\nx\n```", "```\n" + long + "\nx\n```"},
		{"code", long + " {\ncall()", long + " {\ncall()"},
		{"indented", "    " + long + "\nnext", "    " + long + "\nnext"},
		{"table", "| " + long + " |\nText", "| " + long + " |\nText"},
		{"heading", "# " + long + "\nText", "# " + long + "\nText"},
		{"nothing", "", ""},
	} {
		if got := flow(row.text); got != row.want {
			t.Errorf("%s flows as %q, want %q", row.name, got, row.want)
		}
	}
}

// marked writes blocks with brackets around what is marked, code between
// bars.
func marked(blocks []block) string {
	var b strings.Builder
	for _, part := range blocks {
		bar := map[bool]string{true: "|"}[part.Code]
		b.WriteString(bar)
		for _, s := range part.Spans {
			if s.Marked {
				b.WriteString("[" + s.Text + "]")
			} else {
				b.WriteString(s.Text)
			}
		}
		b.WriteString(bar)
	}
	return b.String()
}

func TestTheWordsAskedForAreMarkedInWhateverForm(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ query, text, want string }{
		{"how do owls hear", "Owls hear. Hearing of an owl.", "[Owls] [hear]. [Hearing] of an [owl]."},
		{"ÜBER", "Nichts geht über Äpfel, sagt Uber.", "Nichts geht [über] Äpfel, sagt [Uber]."},
		{"the of", "the end of it", "[the] end [of] it"},
		{"<b>", "a <b> c", "a <[b]> c"},
		{"\"NEAR(title:*\" OR", "near or far", "[near] or far"},
		{"检索", "全文检索", "全文[检索]"},
		{"", "nothing", "nothing"},
		{"owl", "See:\n```go\nowl()\n```\nThe end.", "See:|[owl]()|The end."},
		{"owl", "```\nowl", "|[owl]|"},
	} {
		excerpt, whole := markerOf(row.query).passage(row.text, nil, false)
		if got := marked(excerpt); got != row.want || whole != nil {
			t.Errorf("%q in %q is %q, want %q", row.query, row.text, got, row.want)
		}
	}
	below, _ := markerOf("owl").passage("# Birds\n\n## Owls\n\nAn owl.\n\n## Owls", []string{"Birds", "Owls"}, false)
	if got := marked(below); got != "An [owl].\n\n## [Owls]" {
		t.Errorf("below its headings it says %q", got)
	}
	alone, _ := markerOf("").passage("# Birds\n", []string{"Birds"}, false)
	if got := marked(alone); got != "# Birds" {
		t.Errorf("a heading alone is shown as %q", got)
	}
	code, _ := markerOf("name").passage("func x(\n\tname int,\n)", nil, true)
	if got := marked(code); got != "|func x(\n\t[name] int,\n)|" {
		t.Errorf("code is shown as %q", got)
	}
}

func TestALongPassageIsCutToWhereMostOfTheWordsStand(t *testing.T) {
	t.Parallel()
	text := "needle " + strings.Repeat("filler ", 300) + "needle in hay " + strings.Repeat("straw ", 300)
	excerpt, whole := markerOf("needle hay").passage(text, nil, false)
	got := marked(excerpt)
	if !strings.Contains(got, "[needle] in [hay]") || !strings.HasPrefix(got, "… filler") || !strings.HasSuffix(got, "straw …") || len(got) > 700 {
		t.Errorf("the excerpt is %q", got)
	}
	if got := marked(whole); !strings.HasPrefix(got, "[needle] filler") || !strings.HasSuffix(got, "straw") {
		t.Errorf("the whole is %q", got)
	}
	excerpt, _ = markerOf("absent").passage(text, nil, false)
	if got := marked(excerpt); !strings.HasPrefix(got, "needle filler") || !strings.HasSuffix(got, "filler …") {
		t.Errorf("without a match the excerpt is %q", got)
	}
	dense := strings.Repeat("全文检索", 400)
	if excerpt, _ := markerOf("absent").passage(dense, nil, false); len([]rune(marked(excerpt))) != excerptRunes+2 {
		t.Errorf("without spaces the excerpt is %d long", len([]rune(marked(excerpt))))
	}
	if excerpt, whole := markerOf("x").passage(strings.Repeat(" \n", 900), nil, false); len(excerpt)+len(whole) != 0 {
		t.Errorf("of nothing it shows %v", excerpt)
	}
}
