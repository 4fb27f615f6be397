package sqlitegraph

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/terms"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	pageOfChunks = 128     // read at a time while a generation is indexed
	maxCounts    = 1 << 16 // words whose counts are held before they are written
)

// indexer keeps words, term and total in step with what is published. It
// lives within one transaction.
type indexer struct {
	*snapshot
	analyzer    *terms.Analyzer
	insert      *sql.Stmt
	erase       *sql.Stmt
	counts      map[string]int // chunks gained or lost, a word
	visible     int
	language    string // of what follows
	titleOf     string
	title       []string
	headingsOf  string
	headingPath []string
}

const (
	insertWords = `INSERT INTO words (rowid, title, heading, body) VALUES ($1, $2, $3, $4)`
	eraseWords  = `INSERT INTO words (words, rowid, title, heading, body) VALUES ('delete', $1, $2, $3, $4)`
)

func (s *snapshot) newIndexer(ctx context.Context, a *terms.Analyzer) (*indexer, error) {
	x := &indexer{snapshot: s, analyzer: a, counts: map[string]int{}}
	var err error
	if x.insert, err = s.PrepareContext(ctx, insertWords); err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	if x.erase, err = s.PrepareContext(ctx, eraseWords); err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	return x, nil
}

// chunkText is what of a chunk is searched by words.
type chunkText struct {
	id, ordinal             int64
	text, headings, context string
}

const readTexts = `SELECT id, ordinal, text, heading_path, context FROM chunk
WHERE item_id = $1 AND generation = $2 AND ordinal >= $3 ORDER BY ordinal LIMIT $4`

func scanText(r sqldb.Row) (c chunkText, err error) {
	err = r.Scan(&c.id, &c.ordinal, &c.text, &c.headings, &c.context)
	return c, err
}

// add indexes the chunks of an item's generation.
func (x *indexer) add(ctx context.Context, it item) error {
	return x.change(ctx, it, x.insert, 1)
}

// remove takes the chunks of an item's generation out of the index.
func (x *indexer) remove(ctx context.Context, it item) error {
	return x.change(ctx, it, x.erase, -1)
}

func (x *indexer) change(ctx context.Context, it item, stmt *sql.Stmt, sign int) error {
	x.language, x.title, x.headingPath = it.language, nil, nil
	return x.walk(ctx, it, func(c chunkText) error {
		f, err := x.fields(it.title, c)
		if err != nil {
			return err
		}
		x.count(f, sign)
		_, err = stmt.ExecContext(ctx, c.id, strings.Join(f.title, " "), strings.Join(f.heading, " "), strings.Join(f.body, " "))
		return err
	})
}

func (x *indexer) walk(ctx context.Context, it item, each func(chunkText) error) error {
	for from := int64(0); ; {
		page, err := sqldb.All(ctx, x, scanText, readTexts, it.id, it.generation, from, pageOfChunks)
		if err != nil {
			return err
		}
		for _, c := range page {
			if err := each(c); err != nil {
				return fmt.Errorf("index chunk %d: %w", c.ordinal, err)
			}
			from = c.ordinal + 1
		}
		if err := x.writeCounts(ctx, maxCounts); err != nil {
			return err
		}
		if len(page) < pageOfChunks {
			return nil
		}
	}
}

// fields are a chunk's terms, a column each.
type fields struct{ title, heading, body []string }

func (x *indexer) fields(title string, c chunkText) (fields, error) {
	if x.titleOf != title || x.title == nil {
		x.titleOf, x.title = title, x.analyzer.Document(x.language, title)
	}
	if x.headingsOf != c.headings || x.headingPath == nil {
		var path []string
		if err := json.Unmarshal([]byte(c.headings), &path); err != nil {
			return fields{}, fmt.Errorf("read the heading path: %w", err)
		}
		x.headingsOf, x.headingPath = c.headings, x.analyzer.Document(x.language, strings.Join(path, "\n"))
	}
	f := fields{title: x.title, heading: x.headingPath, body: x.analyzer.Document(x.language, c.text)}
	if c.context != "" {
		// Mostly title and headings again; a table's header row is not.
		known := map[string]bool{}
		for _, w := range slices.Concat(f.title, f.heading) {
			known[w] = true
		}
		f.heading = slices.Clip(f.heading)
		for _, w := range x.analyzer.Document(x.language, c.context) {
			if !known[w] {
				f.heading = append(f.heading, w)
			}
		}
	}
	return f, nil
}

func (x *indexer) count(f fields, sign int) {
	seen := make(map[string]struct{}, len(f.body))
	for _, words := range [][]string{f.title, f.heading, f.body} {
		for _, w := range words {
			if _, ok := seen[w]; !ok {
				seen[w] = struct{}{}
				x.counts[w] += sign
			}
		}
	}
	x.visible += sign
}

const (
	addCount  = `INSERT INTO term (word, chunks) VALUES ($1, $2) ON CONFLICT (word) DO UPDATE SET chunks = chunks + excluded.chunks`
	dropCount = `DELETE FROM term WHERE word = $1 AND chunks <= 0`
	addTotal  = `UPDATE total SET visible = visible + $1`
)

// finish writes what is still held.
func (x *indexer) finish(ctx context.Context) error {
	if err := x.writeCounts(ctx, 0); err != nil {
		return err
	}
	_, err := sqldb.Exec(ctx, x, addTotal, x.visible)
	x.visible = 0
	return err
}

// writeCounts writes the counts once there are more than limit. Words go in
// order, which the table's tree likes.
func (x *indexer) writeCounts(ctx context.Context, limit int) (err error) {
	if len(x.counts) <= limit {
		return nil
	}
	add, err := x.PrepareContext(ctx, addCount)
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	defer func() { err = errors.Join(err, add.Close()) }()
	for _, w := range slices.Sorted(maps.Keys(x.counts)) {
		n := x.counts[w]
		if n == 0 {
			continue
		}
		if _, err := add.ExecContext(ctx, w, n); err != nil {
			return fmt.Errorf("count words: %w", err)
		}
		if n < 0 {
			if _, err := sqldb.Exec(ctx, x, dropCount, w); err != nil {
				return err
			}
		}
	}
	clear(x.counts)
	return nil
}
