package archive

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/concept"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// batch is how many passages are staged at once.
const batch = 64

// keepAll keeps every version: the archive has no more than are kept.
const keepAll = 1 << 20

// chunks stages a version's passages and publishes them, in a library that
// nobody sees.
func (m *imports) chunks(ctx context.Context, i incoming, g generationRecord, doc *document.Document) error {
	s := staging{m: m, i: i, g: g, ref: m.ref(i.UID, g.Generation), words: cursor{text: doc.Text}, concepts: concept.New(doc.Title, doc.Language)}
	s.concepts.Learn(doc.Text)
	if err := m.r.lines(generationFolder(i.was, g.Generation)+chunksFolder, func(line []byte) error { return s.add(ctx, line) }); err != nil {
		return err
	}
	if s.count != g.Chunks {
		return damaged("version %d of document %s has %d passages and should have %d.", g.Generation, i.was, s.count, g.Chunks)
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	item := library.IndexItem{UID: i.UID, CollectionUID: i.collection, Title: i.Title, Language: doc.Language}
	err := m.Service.opt.Graph.Publish(ctx, s.ref, item, keepAll)
	if err != nil {
		return fmt.Errorf("put its passages into the index: %w", err)
	}
	return nil
}

// staging is one version's passages on their way into the index.
type staging struct {
	m     *imports
	i     incoming
	g     generationRecord
	ref   library.GenerationRef
	words cursor
	count int64
	// concepts are made again: an archive of an older program has none.
	concepts *concept.Document
	some     []library.IndexChunk
}

func (s *staging) add(ctx context.Context, line []byte) error {
	where := fmt.Sprintf("passage %d of version %d of document %s", s.count, s.g.Generation, s.i.was)
	var r chunkRecord
	if err := decode(where, line, &r); err != nil {
		return err
	}
	if int64(r.Ordinal) != s.count || s.count == s.g.Chunks {
		return damaged("%s is in the wrong place.", where)
	}
	if err := s.check(where, r); err != nil {
		return err
	}
	s.count++
	s.m.made.Counts.Chunks++
	s.m.made.Counts.Vectors += int64(len(r.Vectors))
	c := library.IndexChunk{
		Ordinal: r.Ordinal, Text: r.Text, HeadingPath: r.HeadingPath, Context: r.Context, Page: r.Page, Start: r.Start, End: r.End, Hash: r.Hash,
		Mentions: s.concepts.Mentions(concept.Passage{Text: r.Text, Headings: r.HeadingPath, First: r.Ordinal == 0}),
	}
	if s.g.Generation == s.i.Generation { // what is not searched needs no vector
		if v := r.Vectors[s.m.made.Space]; v != nil {
			if len(v) != s.m.space.Dimensions {
				return damaged("%s has a vector of %d numbers in the space %s, which has %d.", where, len(v), s.m.made.Space, s.m.space.Dimensions)
			}
			c.Space, c.Vector = s.m.made.Space, v
		} else {
			s.m.made.Unembedded++
		}
	}
	s.some = append(s.some, c)
	if len(s.some) == batch {
		return s.flush(ctx)
	}
	return nil
}

const (
	maxHeadings = 64
	maxHash     = 128
)

// check sees that a passage is what this program would cite.
func (s *staging) check(where string, r chunkRecord) error {
	uid, err := library.ChunkUID(s.i.was, s.g.Generation, r.Ordinal)
	if err != nil || uid != r.UID {
		return damaged("%s has a uid that is not its own.", where)
	}
	all := append([]string{r.Text, r.Context, r.Hash}, r.HeadingPath...)
	for _, t := range all {
		if !utf8.ValidString(t) || hasNUL(t) {
			return damaged("%s is no text.", where)
		}
	}
	if len(r.HeadingPath) > maxHeadings || len(r.Hash) > maxHash || r.Text == "" || (r.Page != nil && *r.Page < 1) {
		return damaged("%s is not as it should be.", where)
	}
	if !s.words.has(r.Start, r.End, r.Text) {
		return damaged("%s is not the slice of the text that it names.", where)
	}
	return nil
}

func (s *staging) flush(ctx context.Context) error {
	if len(s.some) == 0 {
		return nil
	}
	if err := s.m.Service.opt.Graph.Stage(ctx, s.ref, s.some); err != nil {
		return fmt.Errorf("put its passages into the index: %w", err)
	}
	s.some = s.some[:0]
	return nil
}

// cursor finds code points in a text without counting them anew for each
// passage: passages begin one behind the other.
type cursor struct {
	text   string
	rune   int // code points before offset
	offset int
}

// has tells whether the code points [start, end) are exactly want.
func (c *cursor) has(start, end int, want string) bool {
	if start < c.rune || end < start {
		return false
	}
	for c.rune < start {
		if c.offset >= len(c.text) {
			return false
		}
		_, n := utf8.DecodeRuneInString(c.text[c.offset:])
		c.rune, c.offset = c.rune+1, c.offset+n
	}
	return strings.HasPrefix(c.text[c.offset:], want) && utf8.RuneCountInString(want) == end-start
}
