// Package chunk cuts a document's text into the pieces that are embedded,
// searched and cited.
//
// It owns where a chunk begins and ends and what is put before it. It refuses
// to change the text: a chunk is a slice of it, and together the chunks hold
// every character that is not white space, once.
package chunk

import (
	"errors"
	"iter"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// Options say how large chunks are.
type Options struct {
	// MaxTokens is what the embedder reads at once, Context included.
	MaxTokens int
	// TargetTokens is the size that groups of paragraphs are packed to; at
	// most MaxTokens, which is also its default.
	TargetTokens int
	// Count gives the number of tokens in a text.
	Count func(string) int
}

// Chunk is a slice of a document's text, with what a citation needs.
type Chunk struct {
	Ordinal int
	// StartByte and EndByte slice Document.Text; Start and End are the same
	// places in Unicode code points.
	StartByte, EndByte int
	Start, End         int
	// HeadingPath holds the headings above the chunk, outermost first.
	HeadingPath []string
	// Page is where the chunk starts, from 1; nil where there are no pages.
	Page *int
	// Context is put before the text for embedding and full-text: title,
	// heading path, a table's header row. It is not part of the text.
	Context string
	// Hash is the hex SHA-256 of Context and the text: chunks of equal hash
	// have equal vectors.
	Hash string
}

// Errors of Split.
var (
	ErrOptions  = errors.New("chunk: MaxTokens must be at least 16 and Count must be set")
	ErrDocument = errors.New("chunk: the document's blocks or pages are out of order or outside its text; extract the file again")
)

// Split yields the document's chunks in order. The text of a chunk is
// doc.Text[StartByte:EndByte]. The same document and options always give the
// same chunks. An error is yielded once and ends the sequence.
//
// Chunks are groups of paragraphs, list items, tables and functions of one
// section, packed up to TargetTokens. Which place behind its first third a full
// group ends at, its own content decides, so that in a long text without
// headings an edit moves the boundaries near it alone.
func Split(doc *document.Document, opt Options) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		if opt.MaxTokens < 16 || opt.Count == nil {
			yield(Chunk{}, ErrOptions)
			return
		}
		if !ordered(doc) {
			yield(Chunk{}, ErrDocument)
			return
		}
		p := newPacker(doc, opt, func(c Chunk) bool { return yield(c, nil) })
		for u := range units(doc) {
			if !p.add(u) {
				return
			}
		}
		p.finish()
	}
}

// ordered reports whether offsets ascend and lie within the text.
func ordered(doc *document.Document) bool {
	end := 0
	for _, b := range doc.Blocks {
		if b.Start < end || b.End < b.Start || b.End > len(doc.Text) || b.Header.Start < 0 || b.Header.End < b.Header.Start || b.Header.End > len(doc.Text) {
			return false
		}
		end = b.End
	}
	start := 0
	for _, p := range doc.Pages {
		if p.Start < start || p.Start > len(doc.Text) {
			return false
		}
		start = p.Start
	}
	return true
}
