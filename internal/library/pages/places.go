// Package pages shows where a text stands on the pages of its document: the
// boxes of a citation, and pictures of pages to draw them on.
//
// It owns the cache of pictures. It refuses to know who may see a document:
// whoever asks has been granted it.
package pages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Places knows where citations stand.
type Places struct {
	db      *sqldb.DB
	objects blob.Store
	log     *slog.Logger
}

// NewPlaces reads from these stores.
func NewPlaces(db *sqldb.DB, objects blob.Store, log *slog.Logger) *Places {
	return &Places{db: db, objects: objects, log: log}
}

// Spot is a run of a document's text, in code points.
type Spot struct {
	ItemUID    string
	Generation int64
	Page       *int // where it starts; nil: the document has no pages
	Start, End int
}

// SpotOf is where a chunk stands in its document.
func SpotOf(c library.Chunk) Spot {
	return Spot{ItemUID: c.ItemUID, Generation: c.Generation, Page: c.Page, Start: c.Start, End: c.End}
}

type version struct {
	itemUID    string
	generation int64
}

// atOnce is how many objects are read beside each other.
const atOnce = 8

// Of gives each spot's regions, in the order of the spots. Of a document that
// has no pages, or was read before they were kept, there are none; what cannot
// be read right now is logged, and gives none either, since a citation is of
// use without them.
func (p *Places) Of(ctx context.Context, spots ...Spot) [][]document.Region {
	out := make([][]document.Region, len(spots))
	wanted := map[version][]int{}
	for i, s := range spots {
		if s.Page != nil {
			v := version{s.ItemUID, s.Generation}
			wanted[v] = append(wanted[v], i)
		}
	}
	if len(wanted) == 0 {
		return out
	}
	keys, err := p.keys(ctx, wanted)
	if err != nil {
		p.warn(ctx, err)
		return out
	}
	var group errgroup.Group
	group.SetLimit(atOnce)
	for v, key := range keys {
		group.Go(func() error {
			if err := p.read(ctx, key, spots, wanted[v], out); err != nil {
				p.warn(ctx, fmt.Errorf("of version %d of %s: %w", v.generation, v.itemUID, err))
			}
			return nil
		})
	}
	_ = group.Wait() // what failed is logged
	return out
}

func (p *Places) warn(ctx context.Context, err error) {
	if ctx.Err() == nil {
		p.log.WarnContext(ctx, "the places of a citation cannot be read", slog.Any("error", err))
	}
}

const findStructures = `SELECT item_uid, generation, structure_key FROM item_generation WHERE structure_key <> '' AND item_uid IN (%s)
ORDER BY item_uid, generation`

// keys gives the objects in which places are kept.
func (p *Places) keys(ctx context.Context, wanted map[version][]int) (map[version]string, error) {
	items := map[string]bool{}
	var marks []string
	var args []any
	for v := range wanted {
		if !items[v.itemUID] {
			items[v.itemUID] = true
			args = append(args, v.itemUID)
			marks = append(marks, "$"+strconv.Itoa(len(args)))
		}
	}
	keys := map[version]string{}
	_, err := sqldb.All(ctx, p.db.Read(), func(row sqldb.Row) (struct{}, error) {
		var v version
		var key string
		err := row.Scan(&v.itemUID, &v.generation, &key)
		if _, asked := wanted[v]; asked {
			keys[v] = library.RegionsKey(key)
		}
		return struct{}{}, err
	}, fmt.Sprintf(findStructures, strings.Join(marks, ", ")), args...)
	if err != nil {
		return nil, fmt.Errorf("find the versions that are cited: %w", err)
	}
	return keys, nil
}

// read finds the spots of one version, each in its own place of out.
func (p *Places) read(ctx context.Context, key string, spots []Spot, which []int, out [][]document.Region) error {
	body, _, err := p.objects.Open(ctx, key)
	if errors.Is(err, blob.ErrMissing) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }() // nothing was written
	regions, err := document.OpenRegions(io.ReadSeeker(body))
	if err != nil {
		return err
	}
	for _, i := range which {
		s := spots[i]
		if out[i], err = regions.Find(*s.Page, s.Start, s.End); err != nil {
			return err
		}
	}
	return nil
}
