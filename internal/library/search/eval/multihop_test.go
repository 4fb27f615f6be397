package eval_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/search/eval"
)

// A question must not name what joins its two passages, or one search would
// find both.
func TestMultihopQuestionsNameTheirFirstPassageOnly(t *testing.T) {
	t.Parallel()
	c, err := eval.Load("testdata/multihop")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Queries) < 100 {
		t.Fatalf("%d questions", len(c.Queries))
	}
	documents := map[string]eval.Document{}
	for _, d := range c.Documents {
		documents[d.ID] = d
	}
	word := regexp.MustCompile(`[A-Za-z]+`)
	used := map[string]bool{}
	for _, q := range c.Queries {
		var passages [3]eval.Document
		for id, grade := range q.Relevant {
			if passages[grade] = documents[id]; used[id] || documents[id].ID == "" {
				t.Errorf("%s: the passage %q is another question's too, or not there", q.ID, id)
			}
			used[id] = true
		}
		joint := strings.Split(passages[2].Title, ".")[1]
		if !strings.Contains(q.Text, passages[1].Title) || slices.Contains(word.FindAllString(q.Text, -1), joint) {
			t.Errorf("%q does not name %s, or names %s", q.Text, passages[1].Title, joint)
		}
		if !strings.Contains(passages[1].Text, joint) {
			t.Errorf("%q: nothing in %s leads to %s", q.Text, passages[1].Title, joint)
		}
	}
}
