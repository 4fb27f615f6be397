package search

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	// widestGap is what may stand between two chunks that are put together, in
	// code points. It is white space.
	widestGap = 200
	// longestRead is how much of a text is read for it; neighbours further
	// down stay apart.
	longestRead  = 8 << 20
	textsAtOnce  = 4
	readerBuffer = 64 << 10
)

// Texts reads what stands between chunks: white space, which no chunk holds.
type Texts struct {
	db      *sqldb.DB
	objects blob.Store
}

// NewTexts reads from these stores.
func NewTexts(db *sqldb.DB, objects blob.Store) *Texts { return &Texts{db, objects} }

// gap is what stands behind a chunk, in code points.
type gap struct {
	behind     key
	start, end int
}

// gaps reads what stands between chunks that follow one another. What cannot
// be read leaves them apart, which loses nothing.
func (e *Engine) gaps(ctx context.Context, found []candidate) map[key]string {
	wanted := gapsOf(found)
	out := map[key]string{}
	if len(wanted) == 0 || e.opt.Texts == nil {
		return out
	}
	results := make(chan map[key]string, len(wanted))
	var group errgroup.Group
	group.SetLimit(textsAtOnce)
	for doc, list := range wanted {
		group.Go(func() error {
			read, err := e.opt.Texts.read(ctx, doc, list)
			if err != nil && ctx.Err() == nil {
				e.opt.Log.WarnContext(ctx, "what stands between passages cannot be read", slog.String("item_uid", doc.item), slog.Any("error", err))
			}
			results <- read
			return nil
		})
	}
	_ = group.Wait() // what failed is logged
	close(results)
	for read := range results {
		maps.Copy(out, read)
	}
	return out
}

// gapsOf finds the gaps between chunks that follow one another, by document
// and in order.
func gapsOf(found []candidate) map[document][]gap {
	at := map[key]candidate{}
	for _, c := range found {
		at[c.key] = c
	}
	out := map[document][]gap{}
	for k, c := range at {
		next := k
		next.ordinal++
		if n, there := at[next]; there && n.Start > c.End && n.Start-c.End <= widestGap {
			out[k.document()] = append(out[k.document()], gap{k, c.End, n.Start})
		}
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b gap) int { return a.start - b.start })
	}
	return out
}

const findText = `SELECT text_key FROM item_generation WHERE item_uid = $1 AND generation = $2`

func (t *Texts) read(ctx context.Context, doc document, wanted []gap) (_ map[key]string, err error) {
	object, err := sqldb.One(ctx, t.db.Read(), func(r sqldb.Row) (k string, err error) { return k, r.Scan(&k) }, findText, doc.item, doc.generation)
	if sqldb.Missing(err) || err == nil && object == "" {
		return map[key]string{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the text: %w", err)
	}
	body, _, err := t.objects.Open(ctx, object)
	if errors.Is(err, blob.ErrMissing) {
		return map[key]string{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the text: %w", err)
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	return cutGaps(body, wanted)
}

// cutGaps reads a text up to the last gap, and no further than longestRead.
func cutGaps(text io.Reader, wanted []gap) (map[key]string, error) {
	out := map[key]string{}
	r := bufio.NewReaderSize(io.LimitReader(text, longestRead), readerBuffer)
	at := 0
	for _, g := range wanted {
		var err error
		if at, err = skip(r, at, g.start); err != nil {
			return out, ended(err)
		}
		var b strings.Builder
		for ; at < g.end; at++ {
			c, _, err := r.ReadRune()
			if err != nil {
				return out, ended(err)
			}
			b.WriteRune(c)
		}
		out[g.behind] = b.String()
	}
	return out, nil
}

func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return fmt.Errorf("read the text: %w", err)
}

// skip reads on to a code point.
func skip(r *bufio.Reader, at, to int) (int, error) {
	for at < to {
		if _, err := r.Peek(utf8.UTFMax); err != nil && r.Buffered() == 0 {
			return at, err
		}
		piece, _ := r.Peek(r.Buffered())
		n := 0
		for n < len(piece) && at < to {
			if !utf8.FullRune(piece[n:]) && n > 0 {
				break
			}
			_, size := utf8.DecodeRune(piece[n:])
			n, at = n+size, at+1
		}
		if _, err := r.Discard(n); err != nil {
			return at, err
		}
	}
	return at, nil
}
