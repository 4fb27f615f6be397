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

// marked writes spans with brackets around what is marked.
func marked(spans []span) string {
	var b strings.Builder
	for _, s := range spans {
		if s.Marked {
			b.WriteString("[" + s.Text + "]")
		} else {
			b.WriteString(s.Text)
		}
	}
	return b.String()
}

func TestTheWordsAskedForAreMarkedInWhateverForm(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ query, text, want string }{
		{"how do owls hear", "Owls hear. Hearing of an owl.", "[Owls] [hear]. [Hearing] of an owl."},
		{"ÜBER", "Nichts geht über Äpfel.", "Nichts geht [über] Äpfel."},
		{"the of", "the end of it", "[the] end [of] it"},
		{"<b>", "a <b> c", "a <[b]> c"},
		{"", "nothing", "nothing"},
	} {
		if got := marked(excerpt(row.text, wordsOf(row.query))); got != row.want {
			t.Errorf("%q in %q is %q, want %q", row.query, row.text, got, row.want)
		}
	}
}

func TestALongPassageIsCutToWhereTheWordsStand(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("filler ", 300) + "needle " + strings.Repeat("straw ", 300)
	got := marked(excerpt(text, wordsOf("needle")))
	if !strings.Contains(got, "[needle]") || !strings.HasPrefix(got, "… filler") || !strings.HasSuffix(got, "straw …") || len(got) > 700 {
		t.Errorf("the excerpt is %q", got)
	}
	if got := marked(excerpt(text, wordsOf("absent"))); !strings.HasPrefix(got, "filler") {
		t.Errorf("without a match the excerpt is %q", got)
	}
}
