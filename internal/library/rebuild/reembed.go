package rebuild

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// batch is how many chunks are embedded and written at once.
const batch = 32

// openRecuts are the jobs that cut documents anew for the sake of a model.
const openRecuts = `SELECT EXISTS (SELECT 1 FROM ingest_job WHERE library_uid = $1 AND queue = 'embedding' AND status IN ('queued', 'running'))`

// reembed gives published chunks the vectors that they lack in the task's
// space, until none lacks any.
func (w *slice) reembed(ctx context.Context) error {
	lib, err := w.library(ctx, w.task.LibraryUID)
	if err != nil {
		return err
	}
	if w.task.Space != lib.space && w.task.Space != lib.other {
		return errGone // aborted
	}
	e, err := w.embedders.In(ctx, w.task.Space)
	if err != nil {
		return noEmbedder(err, w.task.Space)
	}
	f := &filling{slice: w, embedder: e, recut: map[string]bool{}, refused: map[passage]bool{}}
	w.task.failures = failures{} // what is refused still, is found again
	if w.task.Total, err = w.total(ctx, lib.uid); err != nil {
		return err
	}
	for {
		pending, err := f.pending(ctx, lib.uid)
		if err != nil {
			return err
		}
		if len(pending) == 0 {
			break
		}
		if err := f.fill(ctx, pending); err != nil {
			return err
		}
		w.task.Done = min(w.task.Done+int64(len(pending)), w.task.Total)
		if err := w.further(ctx); err != nil {
			return err
		}
	}
	return f.finish(ctx, lib.uid)
}

// finish waits for documents that are cut anew, and tells whether all is done.
func (f *filling) finish(ctx context.Context, libraryUID string) error {
	w := f.slice
	waiting, err := sqldb.One(ctx, w.db.Read(), scanBool, openRecuts, libraryUID)
	if err != nil {
		return fmt.Errorf("look for jobs: %w", err)
	}
	if waiting {
		return waitError{2 * time.Second}
	}
	if w.task.Total, err = w.total(ctx, libraryUID); err != nil {
		return err
	}
	w.task.Done = w.task.Total - int64(len(f.refused))
	if err := w.save(ctx, *w.task, w.opt.Lease); err != nil || w.task.failures.none() {
		return err
	}
	return errIncomplete
}

// passage names a chunk.
type passage struct {
	library.GenerationRef

	ordinal int
}

func passageOf(c library.PendingChunk) passage { return passage{c.GenerationRef, c.Ordinal} }

// filling is one go at giving a library's chunks their vectors in a space.
type filling struct {
	*slice

	embedder embedding.Embedder
	recut    map[string]bool  // items that are on their way to being cut anew
	refused  map[passage]bool // what the embedder has no vector for
}

// maxRefused is when the embedder is at fault and not the documents.
const maxRefused = 1000

// pending gives chunks that lack a vector, but for those that were refused.
func (f *filling) pending(ctx context.Context, libraryUID string) ([]library.PendingChunk, error) {
	if len(f.refused) > maxRefused {
		return nil, nil
	}
	all, err := f.graph.WithoutVector(ctx, libraryUID, f.task.Space, batch+len(f.refused))
	if err != nil {
		return nil, fmt.Errorf("look for chunks without a vector: %w", err)
	}
	all = slices.DeleteFunc(all, func(c library.PendingChunk) bool { return f.refused[passageOf(c)] })
	return all[:min(batch, len(all))], nil
}

func (w *slice) total(ctx context.Context, libraryUID string) (int64, error) {
	stats, err := w.graph.Stats(ctx, libraryUID)
	if err != nil {
		return 0, fmt.Errorf("count chunks: %w", err)
	}
	return stats.Visible, nil
}

// fill embeds chunks and writes their vectors. What is too long for the model
// gets the vector of its beginning, and its document is cut anew. A document
// with a chunk that the model refuses is noted.
func (f *filling) fill(ctx context.Context, pending []library.PendingChunk) error {
	w, e := f.slice, f.embedder
	inputs := make([]embedding.Input, len(pending))
	for i, c := range pending {
		inputs[i] = embedding.Input{Context: c.Context, Text: c.Text}
		if w.task.Space == "" || f.recut[c.ItemUID] || e.CountTokens(c.Text) <= e.MaxTokens() {
			continue
		}
		f.recut[c.ItemUID] = true
		if err := w.recut(ctx, c.ItemUID); err != nil {
			return fmt.Errorf("cut document %s anew: %w", c.ItemUID, err)
		}
	}
	vectors, refused, err := embed(ctx, e, inputs)
	if err != nil {
		return err
	}
	for _, i := range refused {
		f.refused[passageOf(pending[i])] = true
		if err := w.refusal(ctx, pending[i].ItemUID); err != nil {
			return err
		}
	}
	for start := 0; start < len(pending); {
		ref, of := pending[start].GenerationRef, map[int][]float32{}
		for ; start < len(pending) && pending[start].GenerationRef == ref; start++ {
			if !f.refused[passageOf(pending[start])] {
				of[pending[start].Ordinal] = vectors[start]
			}
		}
		if len(of) == 0 {
			continue
		}
		if err := w.graph.AddVectors(ctx, ref, w.task.Space, of); err != nil {
			return fmt.Errorf("write vectors: %w", err)
		}
	}
	return nil
}

// itemTitle is empty for a document that is gone.
const itemTitle = `SELECT COALESCE(MAX(title), '') FROM item WHERE uid = $1`

// refusal notes a document of which the embedder refuses a passage.
func (w *slice) refusal(ctx context.Context, itemUID string) error {
	title, err := sqldb.One(ctx, w.db.Read(), scanString, itemTitle, itemUID)
	if err != nil {
		return fmt.Errorf("read the title of document %s: %w", itemUID, err)
	}
	w.task.failures.add(itemUID, title, "the embedder refuses a passage of it")
	return nil
}

// embed gives the vectors of all inputs but those at the places refused.
func embed(ctx context.Context, e embedding.Embedder, inputs []embedding.Input) (vectors [][]float32, refused []int, err error) {
	vectors, err = e.EmbedDocuments(ctx, inputs)
	if some, ok := errors.AsType[*embedding.RefusedError](err); ok {
		return vectors, some.Inputs, nil
	}
	if err != nil {
		return nil, nil, errs.Wrap(errs.Unavailable, err, "The embedder gave no vectors; see that it runs and that its settings are right.")
	}
	return vectors, nil, nil
}

// embedInto gives chunks on their way into the index their vectors. One that
// the embedder refuses has none, and is found by its words.
func (w *slice) embedInto(ctx context.Context, e embedding.Embedder, itemUID string, chunks []library.IndexChunk) error {
	inputs := make([]embedding.Input, len(chunks))
	for i, c := range chunks {
		inputs[i] = embedding.Input{Context: c.Context, Text: c.Text}
	}
	vectors, refused, err := embed(ctx, e, inputs)
	if err != nil {
		return err
	}
	if len(refused) > 0 {
		if err := w.refusal(ctx, itemUID); err != nil {
			return err
		}
	}
	space := e.Space().ID()
	for i := range chunks {
		if slices.Contains(refused, i) {
			continue
		}
		chunks[i].Space, chunks[i].Vector = space, vectors[i]
	}
	return nil
}

// embedderOf is the embedder of the space that searches of a library use.
func (w *slice) embedderOf(ctx context.Context, l lib) (embedding.Embedder, error) {
	e, err := w.embedders.In(ctx, l.space)
	if err != nil {
		return nil, noEmbedder(err, l.space)
	}
	if _, err := embedding.KnownSpace(ctx, e); err != nil {
		return nil, noEmbedder(err, l.space)
	}
	return e, nil
}

func noEmbedder(err error, space string) error {
	if errors.Is(err, embedding.ErrOtherSpace) {
		return errs.Wrap(errs.Unavailable, err, "No embedder is set for the embedding space "+space+". Name it in EMBEDDING_* or EMBEDDING_NEXT_*, or at /admin/providers/, and start Mnemosyne again.")
	}
	return errs.Wrap(errs.Unavailable, err, "The embedder does not answer; see that it runs and that its settings are right.")
}

const (
	lookAfterLibraries = `SELECT uid, name, library_type, embedding_space, other_space, space_switched, chunk_count FROM library WHERE deleted_at IS NULL ORDER BY uid`
	oneLibrary         = `SELECT uid, name, library_type, embedding_space, other_space, space_switched, chunk_count FROM library WHERE uid = $1 AND deleted_at IS NULL`
)

// lib is a library as its index is seen.
type lib struct {
	uid, name, kind string
	space, other    string
	switched        bool
	chunks          int64
}

func scanLib(row sqldb.Row) (l lib, err error) {
	return l, row.Scan(&l.uid, &l.name, &l.kind, &l.space, &l.other, &l.switched, &l.chunks)
}

func (w *slice) library(ctx context.Context, uid string) (lib, error) {
	l, err := sqldb.One(ctx, w.db.Read(), scanLib, oneLibrary, uid)
	if sqldb.Missing(err) {
		return lib{}, errGone
	}
	if err != nil {
		return lib{}, fmt.Errorf("read library: %w", err)
	}
	return l, nil
}

// libraries reads those named, or all.
func (s *Service) libraries(ctx context.Context, uids []string) ([]lib, error) {
	if len(uids) == 0 {
		all, err := sqldb.All(ctx, s.db.Read(), scanLib, lookAfterLibraries)
		if err != nil {
			return nil, fmt.Errorf("list libraries: %w", err)
		}
		return all, nil
	}
	var out []lib
	for _, uid := range uids {
		l, err := sqldb.One(ctx, s.db.Read(), scanLib, oneLibrary, uid)
		if sqldb.Missing(err) {
			return nil, noLibrary(uid)
		}
		if err != nil {
			return nil, fmt.Errorf("read library: %w", err)
		}
		out = append(out, l)
	}
	return out, nil
}

// LookAfter mends what nobody asked for: an index that is gone is made again,
// chunks that lack a vector in the space that searches use get one, and spaces
// that no library is in any more are dropped.
func (s *Service) LookAfter(ctx context.Context) error {
	libraries, err := s.libraries(ctx, nil)
	if err != nil {
		return err
	}
	there, err := s.graph.Libraries(ctx)
	if err != nil {
		return fmt.Errorf("list indexes: %w", err)
	}
	have := make(map[string]bool, len(there))
	for _, uid := range there {
		have[uid] = true
	}
	var faults []error
	for _, l := range libraries {
		switch {
		case l.chunks > 0 && !have[l.uid]:
			s.log.WarnContext(ctx, "the index of a library is gone; it is made again", slog.String("library_uid", l.uid))
			_, err := s.begin(ctx, s.db.Write(), Reindex, l.uid, "", false)
			faults = append(faults, err)
		case l.space != "":
			faults = append(faults, s.tidy(ctx, l), s.beginConcepts(ctx, l))
		default:
			faults = append(faults, s.beginConcepts(ctx, l))
		}
	}
	return errors.Join(faults...)
}

// tidy sees that a library has its vectors in its space, in the one that is
// filled beside it, and in no others.
func (s *Service) tidy(ctx context.Context, l lib) error {
	spaces, err := s.graph.Spaces(ctx, []string{l.uid})
	if err != nil {
		return fmt.Errorf("list the spaces of library %s: %w", l.uid, err)
	}
	for _, space := range spaces {
		if space == l.space || space == l.other {
			continue
		}
		if err := s.graph.DropSpace(ctx, l.uid, space); err != nil {
			return fmt.Errorf("drop the space %s of library %s: %w", space, l.uid, err)
		}
		s.log.InfoContext(ctx, "an embedding space that no search uses any more is dropped", slog.String("library_uid", l.uid), slog.String("space", space))
	}
	missing := []string{l.space}
	if l.other != "" && !l.switched {
		missing = append(missing, l.other) // of what came in while its embedder was down
	}
	for _, space := range missing {
		lacking, err := s.graph.WithoutVector(ctx, l.uid, space, 1)
		if err != nil {
			return fmt.Errorf("look for chunks without a vector: %w", err)
		}
		if len(lacking) == 0 {
			continue
		}
		failed, err := sqldb.One(ctx, s.db.Read(), scanBool, refusedBefore, l.uid, space)
		if err != nil {
			return fmt.Errorf("look for tasks: %w", err)
		}
		if failed {
			continue
		}
		if _, err := s.begin(ctx, s.db.Write(), Reembed, l.uid, space, false); err != nil {
			return err
		}
	}
	return nil
}

// refusedBefore tells that the last task of a space failed, so that repeating
// it is for people to decide.
const refusedBefore = `SELECT COALESCE((SELECT t.status = 'failed' FROM index_task t
WHERE t.library_uid = $1 AND t.kind = 'reembed' AND t.space = $2 ORDER BY t.created_at DESC, t.id LIMIT 1), FALSE)`
