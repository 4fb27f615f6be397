package rebuild

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Reindex begins to make libraries' indexes again from what is stored, all
// libraries when none is named. Documents whose chunks are there are left as
// they are, unless everything is asked for.
func (s *Service) Reindex(ctx context.Context, by accounts.Actor, libraryUIDs []string, everything bool) ([]Task, error) {
	libraries, err := s.libraries(ctx, libraryUIDs)
	if err != nil {
		return nil, err
	}
	var tasks []Task
	for _, l := range libraries {
		err := s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
			t, err := s.begin(ctx, tx, Reindex, l.uid, "", everything)
			if err != nil {
				return nil, err
			}
			tasks = append(tasks, t)
			return []accounts.Event{{Name: "library_reindex", Outcome: "begun", Actor: by, Detail: []slog.Attr{slog.String("library_uid", l.uid)}}}, nil
		})
		if err != nil {
			return tasks, err
		}
	}
	s.poke()
	return tasks, nil
}

// Fill begins to give a library's chunks the vectors that they lack in the
// space that searches of it use.
func (s *Service) Fill(ctx context.Context, by accounts.Actor, libraryUID string) (t Task, err error) {
	libraries, err := s.libraries(ctx, []string{libraryUID})
	if err != nil {
		return Task{}, err
	}
	l := libraries[0]
	err = s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		if t, err = s.begin(ctx, tx, Reembed, l.uid, l.space, false); err != nil {
			return nil, err
		}
		return []accounts.Event{event("begun", by, l, l.space, l.space)}, nil
	})
	s.poke()
	return t, err
}

const countItems = `SELECT COUNT(*) FROM item WHERE library_uid = $1 AND generation > 0 AND deleted_at IS NULL`

// reindex goes over the library's documents from where the task stands.
func (w *slice) reindex(ctx context.Context) error {
	lib, err := w.library(ctx, w.task.LibraryUID)
	if err != nil {
		return err
	}
	if w.task.position == "" {
		if err := w.dropDamaged(ctx, lib.uid); err != nil {
			return err
		}
		w.task.Done, w.task.failures = 0, failures{}
	}
	if w.task.Total, err = sqldb.One(ctx, w.db.Read(), scanInt, countItems, lib.uid); err != nil {
		return fmt.Errorf("count documents: %w", err)
	}
	busy := false
	for {
		items, err := sqldb.All(ctx, w.db.Read(), scanStored, nextItems, lib.uid, w.task.position, itemPage)
		if err != nil {
			return fmt.Errorf("list documents: %w", err)
		}
		if len(items) == 0 {
			break
		}
		for _, i := range items {
			still, err := w.visit(ctx, lib, i)
			if err != nil {
				return fmt.Errorf("restore document %s: %w", i.uid, err)
			}
			busy = busy || still
			w.task.position = i.uid
			w.task.Done++
			if err := w.further(ctx); err != nil {
				return err
			}
		}
	}
	if busy { // those are looked at again when their jobs have ended
		w.task.position = ""
		return errors.Join(w.save(ctx, *w.task, w.opt.Lease), waitError{5 * time.Second})
	}
	if !w.task.failures.none() {
		return errIncomplete
	}
	return nil
}

// dropDamaged takes an index away that cannot be read, to make it from nothing.
func (w *slice) dropDamaged(ctx context.Context, libraryUID string) error {
	_, err := w.graph.Generations(ctx, libraryUID)
	if !errors.Is(err, library.ErrDamaged) {
		return err
	}
	w.log.WarnContext(ctx, "an index that is damaged is made from nothing", slog.String("library_uid", libraryUID), slog.Any("error", err))
	return w.graph.DeleteLibrary(ctx, libraryUID)
}

const (
	itemPage    = 100
	itemColumns = `SELECT i.uid, i.title, COALESCE(i.collection_uid, ''), i.generation, i.chunk_count,
	EXISTS (SELECT 1 FROM ingest_job j WHERE j.item_uid = i.uid AND j.status IN ('queued', 'running'))
FROM item i`
	nextItems       = itemColumns + ` WHERE i.library_uid = $1 AND i.uid > $2 AND i.generation > 0 AND i.deleted_at IS NULL ORDER BY i.uid LIMIT $3`
	oneItem         = itemColumns + ` JOIN library l ON l.uid = i.library_uid WHERE i.uid = $1 AND i.generation > 0 AND i.deleted_at IS NULL AND l.deleted_at IS NULL`
	keptGenerations = `SELECT generation, text_key, structure_key, chunk_count, lacks_concepts FROM item_generation
WHERE item_uid = $1 AND generation <= $2 AND status IN ('published', 'retired') AND structure_key <> '' ORDER BY generation`
)

// stored is a document as the rows have it.
type stored struct {
	uid, title, collection string
	generation, chunks     int64
	busy                   bool // a job is making a generation of it
}

func scanStored(row sqldb.Row) (i stored, err error) {
	return i, row.Scan(&i.uid, &i.title, &i.collection, &i.generation, &i.chunks, &i.busy)
}

type generation struct {
	number          int64
	text, structure string
	chunks          int64
	lacksConcepts   bool
}

func scanGeneration(row sqldb.Row) (g generation, err error) {
	return g, row.Scan(&g.number, &g.text, &g.structure, &g.chunks, &g.lacksConcepts)
}

// visit restores a document while none of its jobs runs. It tells whether one
// is open, so that the document has to be looked at again.
//
// The task names the document first, which keeps jobs of it from being begun,
// and asks for open ones then: of those that are accepted later, none begins.
func (w *slice) visit(ctx context.Context, lib lib, listed stored) (busy bool, err error) {
	if !w.task.Everything && !listed.busy { // most often there is nothing to do
		kept, err := w.kept(ctx, listed)
		if err != nil {
			return false, err
		}
		whole, err := w.whole(ctx, lib.uid, listed.uid, kept)
		if err != nil {
			return false, err
		}
		if whole {
			return false, w.giveAllConcepts(ctx, lib.uid, listed, kept)
		}
	}
	uid := listed.uid
	if err := w.at(ctx, *w.task, uid); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, w.leave(context.WithoutCancel(ctx), uid)) }()
	i, err := sqldb.One(ctx, w.db.Read(), scanStored, oneItem, uid)
	if sqldb.Missing(err) {
		return false, nil // deleted
	}
	if err != nil {
		return false, fmt.Errorf("read the document: %w", err)
	}
	if i.busy {
		return true, nil
	}
	if err := w.restore(ctx, lib, i); err != nil {
		return false, err
	}
	return false, w.catchUp(ctx, lib.uid, i)
}

// wakeItem has the jobs that had to wait be sent for again at once.
const wakeItem = `UPDATE ingest_job SET woken_at = NULL WHERE item_uid = $1 AND status = 'queued'`

// leave lets jobs of the document begin again.
func (w *slice) leave(ctx context.Context, uid string) error {
	ctx, cancel := context.WithTimeout(ctx, w.opt.Lease)
	defer cancel()
	if err := w.at(ctx, *w.task, ""); err != nil {
		return err
	}
	_, err := sqldb.Exec(ctx, w.db.Write(), wakeItem, uid)
	return err
}

// catchUp tells the index what it was told, and lost, while the document was
// restored: another title or collection, or that it is deleted.
func (w *slice) catchUp(ctx context.Context, libraryUID string, was stored) error {
	is, err := sqldb.One(ctx, w.db.Read(), scanStored, oneItem, was.uid)
	switch {
	case sqldb.Missing(err):
		return w.graph.DeleteItem(ctx, libraryUID, was.uid)
	case err != nil:
		return fmt.Errorf("read the document: %w", err)
	case is.title != was.title || is.collection != was.collection:
		return w.graph.SetItem(ctx, libraryUID, library.IndexItem{UID: is.uid, CollectionUID: is.collection, Title: is.title})
	}
	return nil
}

// restore makes a document's chunks again where they are not all there.
func (w *slice) restore(ctx context.Context, lib lib, i stored) error {
	kept, err := w.kept(ctx, i)
	if err != nil {
		return err
	}
	if len(kept) == 0 || kept[len(kept)-1].number != i.generation {
		return nil // dropped this moment
	}
	if !w.task.Everything {
		whole, err := w.whole(ctx, lib.uid, i.uid, kept)
		if err != nil || whole {
			return err
		}
	}
	// What cannot be made again is not taken away.
	if _, err := w.document(ctx, kept[len(kept)-1]); err != nil {
		return w.unreadable(ctx, i, err)
	}
	if err := w.graph.DeleteItem(ctx, lib.uid, i.uid); err != nil {
		return err
	}
	for _, g := range kept {
		if err := w.remake(ctx, lib, i, g); err != nil {
			return fmt.Errorf("generation %d: %w", g.number, err)
		}
	}
	return nil
}

// kept lists the generations whose chunks the index has, the published one
// last.
func (w *slice) kept(ctx context.Context, i stored) ([]generation, error) {
	kept, err := sqldb.All(ctx, w.db.Read(), scanGeneration, keptGenerations, i.uid, i.generation)
	if err != nil {
		return nil, fmt.Errorf("list generations: %w", err)
	}
	return kept, nil
}

// unreadable notes a document whose text is lost or damaged. Any other fault
// is the task's.
func (w *slice) unreadable(ctx context.Context, i stored, err error) error {
	reason := "its text is damaged"
	switch _, damaged := errors.AsType[damagedError](err); {
	case errors.Is(err, blob.ErrMissing):
		reason = "its text is lost"
	case !damaged, w.task.Attempts < damagedTries:
		return err
	}
	w.log.ErrorContext(ctx, "a document's text cannot be read; take it in again", slog.String("item_uid", i.uid), slog.Any("error", err))
	w.task.failures.add(i.uid, i.title, reason)
	return nil
}

// damagedTries is how often a text is read before it is taken for damaged: a
// connection that breaks looks the same.
const damagedTries = 3

// damagedError says that a stored text is not what was stored.
type damagedError struct{ error }

func (e damagedError) Unwrap() error { return e.error }

// whole tells whether the index has all chunks of all generations.
func (w *slice) whole(ctx context.Context, libraryUID, itemUID string, kept []generation) (bool, error) {
	for _, g := range kept {
		staged, err := w.graph.Staged(ctx, library.GenerationRef{LibraryUID: libraryUID, ItemUID: itemUID, Generation: g.number})
		if err != nil || int64(len(staged)) != g.chunks {
			return false, err
		}
	}
	return true, nil
}

// remake stages and publishes a generation. Only what searches see needs
// vectors.
func (w *slice) remake(ctx context.Context, lib lib, i stored, g generation) (err error) {
	doc, err := w.document(ctx, g)
	if err != nil {
		return w.unreadable(ctx, i, err)
	}
	defer func() { err = errors.Join(err, doc.Close()) }()
	e, err := w.embedderOf(ctx, lib)
	if err != nil {
		return err
	}
	var also embedding.Embedder // of the space that is filled beside it, so that it need not be cut anew
	if lib.other != "" {
		if also, err = w.embedders.In(ctx, lib.other); err != nil {
			also = nil // whoever fills that space says so
		}
	}
	chunks, err := ingest.Cut(ctx, doc, w.chunkTokens(lib.kind), e, also)
	if err != nil {
		return err
	}
	ref := library.GenerationRef{LibraryUID: lib.uid, ItemUID: i.uid, Generation: g.number}
	concepts := ingest.Concepts(doc)
	for start := 0; start < len(chunks); start += batch {
		part := ingest.IndexChunks(doc.Document, concepts, chunks[start:min(start+batch, len(chunks))])
		if g.number == i.generation {
			if err := w.embedInto(ctx, e, i.uid, part); err != nil {
				return err
			}
		}
		if err := w.graph.Stage(ctx, ref, part); err != nil {
			return err
		}
	}
	const keep = 1 << 20 // the rows say which generations are kept
	item := library.IndexItem{UID: i.uid, CollectionUID: i.collection, Title: i.title, Language: doc.Language}
	if err := w.graph.Publish(ctx, ref, item, keep); err != nil {
		return err
	}
	if err := w.noteConcepts(ctx, i.uid, g.number); err != nil {
		return err
	}
	return w.count(ctx, lib.uid, i, g, int64(len(chunks)))
}

const (
	setGenerationChunks = `UPDATE item_generation SET chunk_count = $3 WHERE item_uid = $1 AND generation = $2`
	setItemChunks       = `UPDATE item SET chunk_count = $3 WHERE uid = $1 AND generation = $2`
)

// count notes that the chunks are others than before, as when the library's
// type or the model has changed since.
func (w *slice) count(ctx context.Context, libraryUID string, i stored, g generation, chunks int64) error {
	if chunks == g.chunks {
		return nil
	}
	return w.db.Tx(ctx, func(tx sqldb.Querier) error {
		if _, err := sqldb.Exec(ctx, tx, setGenerationChunks, i.uid, g.number, chunks); err != nil {
			return err
		}
		n, err := sqldb.Exec(ctx, tx, setItemChunks, i.uid, g.number, chunks)
		if err != nil || n == 0 {
			return err
		}
		return library.Bump(ctx, tx, libraryUID, 0, chunks-i.chunks, w.now())
	})
}

func (w *slice) document(ctx context.Context, g generation) (*document.Mapped, error) {
	structure, _, err := w.objects.Open(ctx, g.structure)
	if err != nil {
		return nil, fmt.Errorf("read the structure: %w", err)
	}
	defer func() { _ = structure.Close() }()
	text, _, err := w.objects.Open(ctx, g.text)
	if err != nil {
		return nil, fmt.Errorf("read the text: %w", err)
	}
	defer func() { _ = text.Close() }()
	doc, err := document.Map(text, structure, "")
	if err != nil {
		return nil, damagedError{fmt.Errorf("read the text: %w", err)}
	}
	return doc, nil
}

func noLibrary(uid string) error {
	return errs.Newf(errs.NotFound, "There is no library %s.", uid)
}
