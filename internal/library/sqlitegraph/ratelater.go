package sqlitegraph

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/terms"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// k1 and b of FTS5's bm25().
const (
	bm25K1 = saturation - 1
	bm25B  = 0.75
)

// The weights of title, heading path and text in byWords.
const (
	titleWeight   = 2.0
	headingWeight = 1.5
	bodyWeight    = 1.0
)

// rateLater adds to the candidates' scores what the later terms give them, as
// bm25() would have, by the chunks' own texts, and gives the best of them.
// Candidates come best first; reading ends when none of the rest can be among
// the best.
func (s *snapshot) rateLater(ctx context.Context, a *terms.Analyzer, later []sought, found []candidate, limit int) ([]candidate, error) {
	mean, err := s.meanLength(ctx)
	if err != nil {
		return nil, err
	}
	var most float64
	for _, t := range later {
		most += t.most
	}
	const page = 64
	x := &indexer{snapshot: s, analyzer: a}
	var out []candidate
	for from := 0; from < len(found); from += page {
		if len(out) >= limit && out[limit-1].Score >= found[from].Score+most {
			break
		}
		next := found[from:min(from+page, len(found))]
		if err := x.rate(ctx, later, next, mean); err != nil {
			return nil, err
		}
		out = append(out, next...)
		slices.SortFunc(out, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.id, b.id))
		})
		out = out[:min(limit, len(out))]
	}
	return out, nil
}

const readFound = `SELECT c.id, c.ordinal, c.text, c.heading_path, c.context, i.title, i.language
FROM json_each($1) j CROSS JOIN chunk c ON c.id = j.value CROSS JOIN item i ON i.id = c.item_id`

// foundText is a chunk's text with what of its document is searched with it.
type foundText struct {
	chunkText

	title, language string
}

func (x *indexer) rate(ctx context.Context, later []sought, found []candidate, mean float64) error {
	at := make(map[int64]*candidate, len(found))
	ids := make([]int64, len(found))
	for i := range found {
		ids[i], at[found[i].id] = found[i].id, &found[i]
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return fmt.Errorf("write the chunks: %w", err)
	}
	texts, err := sqldb.All(ctx, x, func(r sqldb.Row) (t foundText, err error) {
		err = r.Scan(&t.id, &t.ordinal, &t.text, &t.headings, &t.context, &t.title, &t.language)
		return t, err
	}, readFound, string(list))
	if err != nil {
		return err
	}
	for _, t := range texts {
		if t.language != x.language {
			x.language, x.title, x.headingPath = t.language, nil, nil
		}
		f, err := x.fields(t.title, t.chunkText)
		if err != nil {
			return err
		}
		at[t.id].Score += f.rating(later, mean)
	}
	return nil
}

// rating is what FTS5's bm25() gives the chunk for some terms.
func (f fields) rating(asked []sought, mean float64) float64 {
	length := float64(len(f.title) + len(f.heading) + len(f.body))
	damp := bm25K1 * (1 - bm25B + bm25B*length/mean)
	var sum float64
	for _, t := range asked {
		for i, form := range t.term.Forms() {
			begins := t.term.Prefix && i == 0
			if n := titleWeight*times(f.title, form, begins) + headingWeight*times(f.heading, form, begins) +
				bodyWeight*times(f.body, form, begins); n > 0 {
				sum += t.idf[i] * n * saturation / (n + damp)
			}
		}
	}
	return sum
}

// times is how often words say a phrase, or words that begin as its only one.
func times(words, phrase []string, begins bool) float64 {
	n := 0
	for i, w := range words {
		if w == phrase[0] && len(words)-i >= len(phrase) && slices.Equal(words[i:i+len(phrase)], phrase) ||
			begins && strings.HasPrefix(w, phrase[0]) {
			n++
		}
	}
	return float64(n)
}

// The first row of the index's data is how many chunks it holds and how many
// words each column does.
const readTotals = `SELECT block FROM words_data WHERE id = 1`

// meanLength is how many terms a chunk has.
func (s *snapshot) meanLength(ctx context.Context) (float64, error) {
	var block []byte
	if err := s.QueryRowContext(ctx, readTotals).Scan(&block); err != nil {
		return 0, fmt.Errorf("read the index's totals: %w", err)
	}
	var totals []uint64
	for len(block) > 0 {
		n, size := sqliteVarint(block)
		if size == 0 {
			return 0, errors.New("read the index's totals: they are cut short")
		}
		totals, block = append(totals, n), block[size:]
	}
	if len(totals) == 0 || totals[0] == 0 {
		return 1, nil
	}
	var words uint64
	for _, n := range totals[1:] {
		words += n
	}
	return max(float64(words)/float64(totals[0]), 1), nil
}

// sqliteVarint reads a number as SQLite writes it: seven bits a byte, the
// highest first, and all eight of a ninth byte. Size 0: it is cut short.
func sqliteVarint(b []byte) (n uint64, size int) {
	for i, c := range b[:min(len(b), 9)] {
		if i == 8 {
			return n<<8 | uint64(c), 9
		}
		n = n<<7 | uint64(c&0x7f)
		if c < 0x80 {
			return n, i + 1
		}
	}
	return 0, 0
}
