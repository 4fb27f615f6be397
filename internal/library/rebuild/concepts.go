package rebuild

import (
	"context"
	"fmt"
	"log/slog"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/concept"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	lackConcepts = `SELECT EXISTS (SELECT 1 FROM item_generation g JOIN item i ON i.uid = g.item_uid AND i.generation = g.generation
WHERE g.lacks_concepts AND i.library_uid = $1 AND i.deleted_at IS NULL)`
	haveConcepts = `UPDATE item_generation SET lacks_concepts = FALSE WHERE item_uid = $1 AND generation = $2 AND lacks_concepts`
)

// beginConcepts has a library looked through whose documents were taken in
// before concepts were looked for.
func (s *Service) beginConcepts(ctx context.Context, l lib) error {
	lacking, err := sqldb.One(ctx, s.db.Read(), scanBool, lackConcepts, l.uid)
	if err != nil {
		return fmt.Errorf("look for documents without concepts: %w", err)
	}
	if !lacking {
		return nil
	}
	s.log.InfoContext(ctx, "a library gets its concepts", slog.String("library_uid", l.uid))
	_, err = s.begin(ctx, s.db.Write(), Reindex, l.uid, "", false)
	return err
}

// conceptPage is how many chunks are read, and given their concepts, at once.
const conceptPage = 64

// giveAllConcepts gives a document its concepts, of the generations that are
// kept, where they were never looked for.
func (w *slice) giveAllConcepts(ctx context.Context, libraryUID string, i stored, kept []generation) error {
	for _, g := range kept {
		if g.lacksConcepts && g.number == i.generation {
			return w.giveConcepts(ctx, libraryUID, i, g)
		}
	}
	return nil
}

// giveConcepts gives the chunks of a generation that searches see their
// concepts, which need neither an embedder nor the document.
func (w *slice) giveConcepts(ctx context.Context, libraryUID string, i stored, g generation) error {
	ref := library.GenerationRef{LibraryUID: libraryUID, ItemUID: i.uid, Generation: g.number}
	concepts := concept.New(i.title, "")
	err := w.pages(ctx, ref, g.chunks, func(chunks []library.Chunk) error {
		for _, c := range chunks {
			concepts.Learn(c.Text)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = w.pages(ctx, ref, g.chunks, func(chunks []library.Chunk) error {
		mentions := map[int][]library.Mention{}
		for _, c := range chunks {
			mentions[c.Ordinal] = concepts.Mentions(concept.Passage{Text: c.Text, Headings: c.HeadingPath, First: c.Ordinal == 0})
		}
		return w.graph.AddMentions(ctx, ref, mentions)
	})
	if err != nil {
		return err
	}
	return w.noteConcepts(ctx, i.uid, g.number)
}

// noteConcepts notes that a generation has its concepts.
func (w *slice) noteConcepts(ctx context.Context, itemUID string, number int64) error {
	if _, err := sqldb.Exec(ctx, w.db.Write(), haveConcepts, itemUID, number); err != nil {
		return fmt.Errorf("note that a document has its concepts: %w", err)
	}
	return nil
}

func (w *slice) pages(ctx context.Context, ref library.GenerationRef, count int64, visit func([]library.Chunk) error) error {
	for from := 0; int64(from) < count; from += conceptPage {
		chunks, err := w.graph.Chunks(ctx, ref, from, from+conceptPage)
		if err != nil {
			return fmt.Errorf("read chunks: %w", err)
		}
		if err := visit(chunks); err != nil {
			return err
		}
	}
	return nil
}
