package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// writer makes up text: English words, about as frequent as in English, in no
// sensible order. The same seed writes the same text.
type writer struct {
	words []string // most frequent first
	ranks *rand.Zipf
	rand  *rand.Rand
}

const zipfExponent = 1.07 // of English words' frequency by rank

// newWriter takes its words from the embedder's vocabulary, whose order is
// that of frequency and of which each word is one token.
func newWriter(root string) (*writer, error) {
	raw, err := os.ReadFile(filepath.Join(root, "internal", "embedding", "minilm", "model", "vocab.txt"))
	if err != nil {
		return nil, fmt.Errorf("read the vocabulary: %w", err)
	}
	var words []string
	for word := range strings.FieldsSeq(string(raw)) {
		if len(word) > 1 && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") == "" {
			words = append(words, word)
		}
	}
	return (&writer{words: words}).seeded(1), nil
}

// seeded is a writer of another text.
func (w *writer) seeded(seed uint64) *writer {
	r := rand.New(rand.NewPCG(seed, 0))                                                                      //nolint:gosec // text, no secret
	return &writer{words: w.words, rand: r, ranks: rand.NewZipf(r, zipfExponent, 8, uint64(len(w.words)-1))} //nolint:gosec // a length
}

func (w *writer) word() string { return w.words[w.ranks.Uint64()] }

// sentence has n words.
func (w *writer) sentence(n int) string {
	var b strings.Builder
	for i := range n {
		word := w.word()
		if i == 0 {
			word = strings.ToUpper(word[:1]) + word[1:]
		} else {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
	b.WriteByte('.')
	return b.String()
}

// paragraph has about n words in sentences.
func (w *writer) paragraph(n int) string {
	var all []string
	for n > 0 {
		k := 6 + w.rand.IntN(20)
		all = append(all, w.sentence(k))
		n -= k
	}
	return strings.Join(all, " ")
}

// article is Markdown of sections of three paragraphs, at least size bytes.
func (w *writer) article(size int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", w.sentence(5))
	for b.Len() < size {
		fmt.Fprintf(&b, "\n## %s\n", w.sentence(4))
		for range 3 {
			b.WriteByte('\n')
			b.WriteString(w.paragraph(90))
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// wrap breaks text into lines of at most width characters.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
