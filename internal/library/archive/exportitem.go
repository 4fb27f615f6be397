package archive

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	// A document whose next version is in the index already and not in its row
	// is between two: its vectors are those of the next.
	readItem = `SELECT i.uid, c.name, u.username, i.title, i.title_given, i.source, i.filename, i.file_id, i.parent_uid, i.attachment, i.metadata,
	i.generation, i.last_generation, i.created_at, i.updated_at,
	EXISTS (SELECT 1 FROM ingest_job j WHERE j.item_uid = i.uid AND j.status IN ('queued', 'running') AND j.publishing)
FROM item i LEFT JOIN collection c ON c.uid = i.collection_uid LEFT JOIN auth_user u ON u.id = i.created_by
WHERE i.uid = $1 AND i.generation > 0 AND i.deleted_at IS NULL`
	readGenerations = `SELECT generation, content_hash, content_type, size_bytes, pages, chunk_count, title, language, created_at, published_at,
	original_key, text_key, structure_key
FROM item_generation WHERE item_uid = $1 AND generation <= $2 AND status IN ('published', 'retired') AND structure_key <> ''
ORDER BY generation`
)

// errMoved says that a document was changed while it was read.
var errMoved = errors.New("archive: the document was changed meanwhile")

const (
	itemTries = 20
	itemWait  = 250 * time.Millisecond
)

// item writes a document, as it is at one moment. One that is deleted by now
// is none.
func (x *export) item(ctx context.Context, uid string) error {
	var counts Counts
	var notes Notes
	for try := 1; ; try++ {
		counts, notes = Counts{}, Notes{}
		err := x.copyItem(ctx, uid, &counts, &notes)
		if err == nil {
			break
		}
		if sqldb.Missing(err) {
			return x.spool.reset()
		}
		if !errors.Is(err, errMoved) || try == itemTries {
			return err
		}
		if err := x.spool.reset(); err != nil {
			return err
		}
		select {
		case <-time.After(itemWait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := x.spool.moveTo(x.w); err != nil {
		return err
	}
	sum := &x.made.Counts
	sum.Items++
	sum.Generations += counts.Generations
	sum.Chunks += counts.Chunks
	sum.Vectors += counts.Vectors
	sum.Bytes += counts.Bytes
	for _, line := range notes.Lines {
		x.made.Notes.add(line)
	}
	return nil
}

// copyItem copies a document into the spool.
func (x *export) copyItem(ctx context.Context, uid string, counts *Counts, notes *Notes) error {
	before, err := x.readItem(ctx, uid)
	if err != nil {
		return err
	}
	if err := x.spool.record(itemEntry(uid), before); err != nil {
		return err
	}
	generations, err := sqldb.All(ctx, x.db.Read(), scanGeneration, readGenerations, uid, before.Generation)
	if err != nil {
		return fmt.Errorf("list its versions: %w", err)
	}
	if len(generations) == 0 || generations[len(generations)-1].Generation != before.Generation {
		return errMoved
	}
	for _, g := range generations {
		err := x.copyGeneration(ctx, uid, g, counts, notes)
		if err != nil && ctx.Err() == nil && x.changed(ctx, before) {
			return errMoved
		}
		if errors.Is(err, blob.ErrMissing) {
			return fmt.Errorf("what is stored of version %d is lost, so that the library cannot be exported whole; delete the document or take it in again: %w", g.Generation, err)
		}
		if err != nil {
			return err
		}
	}
	if x.changed(ctx, before) {
		return errMoved
	}
	return nil
}

// readItem reads a document that no job is publishing.
func (x *export) readItem(ctx context.Context, uid string) (itemRecord, error) {
	var busy bool
	i, err := sqldb.One(ctx, x.db.Read(), func(row sqldb.Row) (i itemRecord, err error) {
		var metadata []byte
		err = row.Scan(&i.UID, &i.Collection, &i.CreatedBy, &i.Title, &i.TitleGiven, &i.Source, &i.Filename, &i.FileID, &i.ParentUID, &i.Attachment, &metadata,
			&i.Generation, &i.LastGeneration, at(&i.CreatedAt), at(&i.UpdatedAt), &busy)
		i.Metadata = append(i.Metadata, metadata...)
		return i, err
	}, readItem, uid)
	if err != nil {
		return i, fmt.Errorf("read its row: %w", err)
	}
	if busy {
		return i, errMoved
	}
	return i, nil
}

// changed tells whether the document is another than before. An error is the
// next try's to meet.
func (x *export) changed(ctx context.Context, before itemRecord) bool {
	now, err := x.readItem(ctx, before.UID)
	return err != nil || now.Generation != before.Generation
}

type generation struct {
	generationRecord

	original, text, structure string
}

func scanGeneration(row sqldb.Row) (g generation, err error) {
	var published sqldb.NullTime
	err = row.Scan(&g.Generation, &g.ContentHash, &g.ContentType, &g.SizeBytes, &g.Pages, &g.Chunks, &g.Title, &g.Language, at(&g.CreatedAt), &published,
		&g.original, &g.text, &g.structure)
	g.PublishedAt = published.Ptr()
	return g, err
}

func (x *export) copyGeneration(ctx context.Context, uid string, g generation, counts *Counts, notes *Notes) error {
	ref := library.GenerationRef{LibraryUID: x.library.UID, ItemUID: uid, Generation: g.Generation}
	whole, err := x.indexed(ctx, ref, g.Chunks)
	if err != nil {
		return err
	}
	if !whole {
		notes.add(fmt.Sprintf("the index lacks passages of %s, version %d; the import makes them again", uid, g.Generation))
		g.Chunks = 0
	}
	folder := generationFolder(uid, g.Generation)
	if err := x.spool.record(folder+generationEntry, g.generationRecord); err != nil {
		return err
	}
	for _, object := range []struct{ name, key string }{
		{originalEntry, g.original}, {textEntry, g.text}, {structureEntry, g.structure},
	} {
		if err := x.copyObject(ctx, folder+object.name, object.key); err != nil {
			return err
		}
	}
	if err := x.copyObject(ctx, folder+regionsEntry, library.RegionsKey(g.structure)); err != nil && !errors.Is(err, blob.ErrMissing) {
		return err
	}
	counts.Generations++
	counts.Bytes += g.SizeBytes
	return x.copyChunks(ctx, ref, g.Chunks, counts)
}

// indexed tells whether the index has the last of a generation's chunks, and
// none behind it. What it lacks between is found as the chunks are read.
func (x *export) indexed(ctx context.Context, ref library.GenerationRef, chunks int64) (bool, error) {
	found, err := x.opt.Graph.Stored(ctx, ref, int(chunks)-1, math.MaxInt32)
	if err != nil {
		return false, fmt.Errorf("ask the index: %w", err)
	}
	return len(found) == 1, nil
}

func (x *export) copyObject(ctx context.Context, name, key string) error {
	body, info, err := x.opt.Objects.Open(ctx, key)
	if err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	defer func() { _ = body.Close() }()
	return x.spool.add(name, info.Size, body)
}

func (x *export) copyChunks(ctx context.Context, ref library.GenerationRef, chunks int64, counts *Counts) error {
	out := x.spool.lines(generationFolder(ref.ItemUID, ref.Generation) + chunksFolder)
	for from := 0; from < int(chunks); from += partLines {
		to := min(from+partLines, int(chunks))
		found, err := x.opt.Graph.Stored(ctx, ref, from, to)
		if err != nil {
			return fmt.Errorf("read the index: %w", err)
		}
		if len(found) != to-from {
			return fmt.Errorf("the index lacks some of the passages %d to %d of version %d; run `mnemosyne reindex --library %s` first", from, to-1, ref.Generation, ref.LibraryUID)
		}
		for _, c := range found {
			r := chunkRecord{
				UID: c.UID, Ordinal: c.Ordinal, Text: c.Text, HeadingPath: c.HeadingPath, Context: c.Context, Page: c.Page,
				Start: c.Start, End: c.End, Hash: c.Hash, Vectors: make(map[string]vector, len(c.Vectors)),
			}
			for space, v := range c.Vectors {
				r.Vectors[space] = v
				counts.Vectors++
			}
			if err := out.add(r); err != nil {
				return err
			}
		}
		counts.Chunks += int64(len(found))
	}
	return out.flush()
}
