package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/chunk"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// batch is how many chunks are embedded and staged at once: what is held in
// memory, and what a crash has to do again.
const batch = 32

// embed gives each chunk its vector and stages it. Chunks that an earlier
// attempt staged are left as they are; those whose words did not change since
// the published generation keep its vectors.
func (r *run) embed(ctx context.Context, doc *document.Mapped, chunks []chunk.Chunk) error {
	r.tracker.begin(StageEmbedding, int64(len(chunks)), "chunks")
	r.hook("embedding")
	staged, err := r.graph.Staged(ctx, r.generation())
	if err != nil {
		return fmt.Errorf("ask for staged chunks: %w", err)
	}
	r.tracker.count(func(c *Counts) { c.Embedded, c.Reused = 0, 0 })
	r.staged = true
	read := reading{doc: doc}
	r.concepts = Concepts(doc)
	for start := 0; start < len(chunks); start += batch {
		part := chunks[start:min(start+batch, len(chunks))]
		if err := r.embedPart(ctx, doc.Document, part, staged); err != nil {
			return err
		}
		read.reach(part[len(part)-1].EndByte)
		r.tracker.progress(int64(start+len(part)), int64(len(chunks)), "chunks")
		r.hook("staged")
	}
	return nil
}

func (r *run) embedPart(ctx context.Context, doc *document.Document, part []chunk.Chunk, staged map[int]bool) error {
	vectors, reused, err := r.vectors(ctx, r.embedder, doc, part, staged)
	if err != nil {
		return err
	}
	r.tracker.count(func(c *Counts) { c.Reused += int64(reused); c.Embedded += int64(len(part) - reused) })
	if err := r.stage(ctx, doc, part, staged, vectors); err != nil || r.also == nil {
		return err
	}
	return r.embedAlso(ctx, doc, part, staged)
}

// embedAlso gives staged chunks their vectors in the library's other space. No
// search needs them yet: where that embedder is down or refuses a passage,
// whoever fills the space comes to it later.
func (r *run) embedAlso(ctx context.Context, doc *document.Document, part []chunk.Chunk, staged map[int]bool) error {
	vectors, _, err := r.vectors(ctx, r.also, doc, part, staged)
	if f, ok := errors.AsType[*Failure](err); ok && ctx.Err() == nil {
		r.log.InfoContext(ctx, "a document is not embedded in its library's other space yet", "space", r.otherSpace, "error", f)
		if _, refused := errors.AsType[*embedding.RefusedError](err); !refused {
			r.also = nil // nor is the rest asked for
		}
		return nil
	}
	if err != nil {
		return err
	}
	of := map[int][]float32{}
	for _, c := range part {
		if v := vectors[c.Hash]; v != nil {
			of[c.Ordinal] = v
		}
	}
	if err := r.graph.AddVectors(ctx, r.generation(), r.also.Space().ID(), of); err != nil {
		return fmt.Errorf("stage vectors of the other space: %w", err)
	}
	return nil
}

// vectors gives chunks their vectors, by hash: those that the published
// generation has, and new ones for chunks that are not staged.
func (r *run) vectors(ctx context.Context, e embedding.Embedder, doc *document.Document, part []chunk.Chunk, staged map[int]bool) (_ map[string][]float32, reused int, _ error) {
	vectors, err := r.known(ctx, e, part)
	if err != nil {
		return nil, 0, err
	}
	var missing []chunk.Chunk
	var inputs []embedding.Input
	for _, c := range part {
		switch {
		case vectors[c.Hash] != nil:
			reused++
		case !staged[c.Ordinal]:
			missing = append(missing, c)
			inputs = append(inputs, embedding.Input{Context: c.Context, Text: doc.Text[c.StartByte:c.EndByte]})
		}
	}
	if len(inputs) == 0 {
		return vectors, reused, nil
	}
	made, err := e.EmbedDocuments(ctx, inputs)
	if refused, ok := errors.AsType[*embedding.RefusedError](err); ok {
		return nil, 0, endedBy(ctx, chunkRefused(missing, refused))
	}
	if err != nil {
		return nil, 0, endedBy(ctx, embedderFailed(err))
	}
	for i, c := range missing {
		vectors[c.Hash] = made[i]
	}
	return vectors, reused, nil
}

// known gives the vectors that the published generation has for these chunks.
func (r *run) known(ctx context.Context, e embedding.Embedder, part []chunk.Chunk) (map[string][]float32, error) {
	if r.published == 0 {
		return map[string][]float32{}, nil
	}
	hashes := make([]string, len(part))
	for i, c := range part {
		hashes[i] = c.Hash
	}
	vectors, err := r.graph.Vectors(ctx, r.job.LibraryUID, r.job.ItemUID, e.Space().ID(), hashes)
	if err != nil {
		return nil, fmt.Errorf("ask for known vectors: %w", err)
	}
	if vectors == nil {
		vectors = map[string][]float32{}
	}
	return vectors, nil
}

func (r *run) stage(ctx context.Context, doc *document.Document, part []chunk.Chunk, staged map[int]bool, vectors map[string][]float32) error {
	space := r.embedder.Space().ID()
	var out []library.IndexChunk
	for i, c := range IndexChunks(doc, r.concepts, part) {
		if staged[c.Ordinal] {
			continue
		}
		c.Space, c.Vector = space, vectors[part[i].Hash]
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil
	}
	if err := r.graph.Stage(ctx, r.generation(), out); err != nil {
		return fmt.Errorf("stage chunks: %w", err)
	}
	return r.forgive(ctx, r.claim)
}

// embedderFailed keeps the words that the embedder has for people.
func embedderFailed(err error) error {
	if _, ok := errors.AsType[*Failure](err); ok {
		return err
	}
	if errors.Is(err, embedding.ErrDown) {
		return &Failure{Code: CodeEmbedderFailed, Detail: "The embedder does not answer; see that it runs and that its settings are right.", Passing: true, Err: err}
	}
	return &Failure{Code: CodeEmbedderFailed, Detail: "The embedder gave no vectors; see that it runs and that its settings are right.", Passing: true, Err: err}
}

// chunkRefused says which passage the embedder has no vector for. It would
// refuse it again.
func chunkRefused(chunks []chunk.Chunk, refused *embedding.RefusedError) error {
	c := chunks[refused.Inputs[0]]
	where := fmt.Sprintf("at character %d", c.Start)
	if c.Page != nil {
		where = fmt.Sprintf("on page %d, %s", *c.Page, where)
	}
	return &Failure{Code: CodeEmbedderFailed, Detail: "The embedder refuses the passage that begins " + where + "; the log says with which words.", Err: refused}
}

// seal comes past the point of no return, and goes on from there.
func (r *run) seal(ctx context.Context) error {
	r.tracker.begin(StageIndexing, r.chunks, "chunks")
	r.hook("indexing")
	// Another run of this very job may have been told to forget what it staged.
	staged, err := r.graph.Staged(ctx, r.generation())
	if err != nil {
		return fmt.Errorf("ask for staged chunks: %w", err)
	}
	if int64(len(staged)) != r.chunks {
		return fmt.Errorf("%d chunks are staged of %d", len(staged), r.chunks)
	}
	at, _ := r.tracker.take()
	if err := r.core.seal(ctx, r.claim, at, r.embedder.Space().ID()); err != nil {
		r.tracker.putBack(at)
		return err
	}
	r.publishing = true
	r.hook("sealed")
	return r.publish(ctx)
}

// publish shows the generation to readers and ends the job.
func (r *run) publish(ctx context.Context) error {
	if err := r.graph.Publish(ctx, r.generation(), r.indexItem(), keepGenerations-1); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	r.staged = true
	r.hook("published")
	r.tracker.progress(r.chunks, r.chunks, "chunks")
	at, _ := r.tracker.take()
	left, err := r.commit(ctx, r.claim, at)
	if err != nil {
		r.tracker.putBack(at)
		return err
	}
	r.hook("committed")
	r.metrics.ended(StatusDone, "", 1)
	r.metrics.lasted(StatusDone, r.now().Sub(r.job.CreatedAt))
	r.afterwards(context.WithoutCancel(ctx), left)
	return nil
}

// afterwards does what the job's end does not wait for. What fails here, the
// reconciler does.
func (r *run) afterwards(ctx context.Context, left committed) {
	if left.next != nil {
		r.wake(ctx, *left.next)
	}
	for _, j := range left.spread.jobs {
		r.wake(ctx, j)
	}
	r.hub.changed(left.spread.superseded...)
	r.metrics.ended(StatusCancelled, "", len(left.spread.superseded))
	r.dropUnused(ctx, left.spread.unused)
	if left.spread.dropped {
		r.nudge()
	}
	if left.renamed != nil {
		if err := r.graph.SetItem(ctx, r.job.LibraryUID, *left.renamed); err != nil {
			r.log.ErrorContext(ctx, "the index does not know a document's new title", "error", err)
		}
	}
	if r.job.Generation == 1 {
		return
	}
	if err := r.trim(ctx, r.job.ItemUID); err != nil {
		r.log.WarnContext(ctx, "old generations are not gone yet", "error", err)
	}
}

// cutTitle bounds a title that a file gives itself.
func cutTitle(title string) string {
	return cutText(strings.Join(strings.Fields(title), " "), library.MaxTitle)
}
