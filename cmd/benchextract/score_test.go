package main

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestMarkdownIsTakenApart(t *testing.T) {
	t.Parallel()
	c := readMarkdown("# A *title*\n\nSee [here](http://x/ \"t\").<!-- image -->\n\n```\n# no heading\n```\n\n| a\\|b | 日本 |\n|---|---|\n| 1.5 |  |\n<table><tr><td>x y</td></tr></table>\n")
	if want := []string{"a title"}; !slices.Equal(c.headings, want) {
		t.Errorf("headings = %q, want %q", c.headings, want)
	}
	if want := []string{"a b", "日 本", "1 5", "x y"}; !slices.Equal(c.cells, want) {
		t.Errorf("cells = %q, want %q", c.cells, want)
	}
	if got := strings.Join(c.words, " "); !strings.HasPrefix(got, "a title see here no heading a b 日 本 1 5") {
		t.Errorf("words = %q", got)
	}
}

func TestScoresOfKnownTexts(t *testing.T) {
	t.Parallel()
	if got, ok := f1([]string{"a", "b", "b"}, []string{"b", "c"}); !ok || math.Abs(got-0.4) > 1e-9 {
		t.Errorf("F1 = %v, %v, want 0.4", got, ok)
	}
	if _, ok := f1([]string{"a"}, nil); ok {
		t.Error("what is not expected has a score")
	}
	want := strings.Fields("a b c d e f g h i j k l m n o p q r s t u v w x y z")
	if got, ok := order(want, want); !ok || got != 1 {
		t.Errorf("tau of the same order = %v, %v", got, ok)
	}
	turned := append(slices.Clone(want[13:]), want[:13]...)
	if got, ok := order(turned, want); !ok || got > 0.1 || got < -0.1 {
		t.Errorf("tau of two columns in the wrong order = %v, %v, want about 0", got, ok)
	}
}
