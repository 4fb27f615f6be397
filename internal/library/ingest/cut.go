package ingest

import (
	"context"
	"fmt"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/chunk"
	"git.helu.ca/r/mnemosyne/internal/library/concept"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// Cut cuts a document into chunks of about target tokens, 0 being what the
// embedder reads at once. Each is short enough for both embedders; also may be
// nil.
func Cut(ctx context.Context, doc *document.Mapped, target int, e, also embedding.Embedder) ([]chunk.Chunk, error) {
	opt := chunk.Options{MaxTokens: e.MaxTokens(), Count: e.CountTokens}
	opt.TargetTokens = min(target, opt.MaxTokens)
	if also != nil {
		// A text of n tokens to the other takes as large a part of what it may
		// hold here.
		opt.Count = func(text string) int {
			theirs := also.CountTokens(text) * e.MaxTokens()
			return max(e.CountTokens(text), (theirs+also.MaxTokens()-1)/also.MaxTokens())
		}
	}
	var chunks []chunk.Chunk
	read := reading{doc: doc}
	for c, err := range chunk.Split(doc.Document, opt) {
		if err != nil {
			return nil, fmt.Errorf("cut the text: %w", err)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		chunks = append(chunks, c)
		read.reach(c.EndByte)
	}
	return chunks, nil
}

// reading goes through a text from its beginning, and has the memory given
// back that it took.
type reading struct {
	doc      *document.Mapped
	released int
}

// reach says how far in the text it is.
func (r *reading) reach(at int) {
	const often = 4 << 20 // bytes
	if at-r.released >= often {
		r.doc.Release()
		r.released = at
	}
}

// Concepts reads what a document speaks of, for all its chunks.
func Concepts(doc *document.Mapped) *concept.Document {
	const piece = 1 << 20 // bytes
	d := concept.New(doc.Title, doc.Language)
	read := reading{doc: doc}
	for at := 0; at < len(doc.Text); {
		end := min(at+piece, len(doc.Text))
		if cut := strings.LastIndexByte(doc.Text[at:end], '\n'); cut >= 0 && end < len(doc.Text) {
			end = at + cut + 1
		}
		d.Learn(doc.Text[at:end])
		read.reach(end)
		at = end
	}
	return d
}

// IndexChunks is what the index is told of chunks, without their vectors.
func IndexChunks(doc *document.Document, concepts *concept.Document, chunks []chunk.Chunk) []library.IndexChunk {
	out := make([]library.IndexChunk, len(chunks))
	for i, c := range chunks {
		out[i] = library.IndexChunk{
			Ordinal: c.Ordinal, Text: doc.Text[c.StartByte:c.EndByte], HeadingPath: c.HeadingPath, Context: c.Context, Page: c.Page,
			Start: c.Start, End: c.End, Hash: c.Hash,
		}
		out[i].Mentions = concepts.Mentions(concept.Passage{Text: out[i].Text, Headings: c.HeadingPath, First: c.Ordinal == 0})
	}
	return out
}
