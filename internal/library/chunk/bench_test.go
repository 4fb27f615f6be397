package chunk_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/chunk"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// BenchmarkSplit shows that the time grows with the text and not faster: the
// bytes per second of the long texts should be near those of the short ones.
func BenchmarkSplit(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	var sb strings.Builder
	for sb.Len() < 50<<20 {
		for range 1 + r.IntN(5) {
			sb.WriteString(sentence(r, 5+r.IntN(30)) + " ")
		}
		sb.WriteString("\n\n")
	}
	text := sb.String()
	for name, doc := range map[string]*document.Document{
		"one paragraph 1MB":  {Text: text[:1<<20]},
		"one paragraph 50MB": {Text: text},
		"no spaces 50MB":     {Text: strings.Repeat("abcdefgh", 50<<17)},
		"lines 50MB": {
			Text:   strings.ReplaceAll(text, "\n\n", "\n"),
			Blocks: []document.Block{{Kind: document.Table, End: strings.Count(text, "") / 2, Header: document.Span{End: 40}}},
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(doc.Text)))
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for _, err := range chunk.Split(doc, chunk.Options{MaxTokens: 256, Count: words}) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				b.ReportMetric(float64(n), "chunks")
			}
		})
	}
}
