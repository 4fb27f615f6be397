package concept_test

import (
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/concept"
	"git.helu.ca/r/mnemosyne/internal/library/search/eval"
)

// BenchmarkMentions tells what a passage of documentation costs, both passes
// over it.
func BenchmarkMentions(b *testing.B) {
	c, err := eval.Load("../search/eval/testdata/multihop")
	if err != nil {
		b.Fatal(err)
	}
	bytes := 0
	for _, d := range c.Documents {
		bytes += len(d.Text)
	}
	b.ReportAllocs()
	b.SetBytes(int64(bytes / len(c.Documents)))
	i := 0
	for b.Loop() {
		d := c.Documents[i%len(c.Documents)]
		concepts := concept.New(d.Title, "")
		concepts.Learn(d.Text)
		if len(concepts.Mentions(concept.Passage{Text: d.Text, First: true})) > concept.MaxMentions {
			b.Fatal("too many")
		}
		i++
	}
}
