package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"git.helu.ca/r/mnemosyne/internal/embedding"
)

// halvings is how often a text is halved that a server calls too long.
const halvings = 6

// EmbedDocuments sends inputs in batches, several at once. What makes a batch
// fail is looked for by halving it, so that one input that a server refuses
// costs none of the others their vectors.
func (e *Embedder) EmbedDocuments(ctx context.Context, inputs []embedding.Input) ([][]float32, error) {
	if len(inputs) == 0 {
		return [][]float32{}, nil
	}
	known, err := e.facts(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	job := &batchJob{Embedder: e, known: known, vectors: make([][]float32, len(inputs)), refused: map[int]error{}}
	pieces := make([]piece, len(inputs))
	for i, in := range inputs {
		pieces[i] = piece{at: i, input: e.cut(in, known.maxTokens)}
	}
	group, running := errgroup.WithContext(ctx)
	group.SetLimit(e.opt.Concurrency)
	for batch := range slices.Chunk(pieces, e.dialect.atOnce(int(known.batch.Load()))) {
		group.Go(func() error { return job.embed(running, batch) })
	}
	err = group.Wait()
	e.record(ctx, embedding.PurposeDocuments, job.tokens, job.done, time.Since(began))
	if err != nil {
		return nil, fmt.Errorf("embed documents: %w", err)
	}
	return job.result()
}

// cut shortens an input to so many tokens, its context first.
func (e *Embedder) cut(in embedding.Input, tokens int) embedding.Input {
	if in.Context == "" {
		return embedding.Input{Text: cutTo(in.Text, tokens)}
	}
	if n := estimate(in.Text); n < tokens {
		return embedding.Input{Context: cutTo(in.Context, tokens-n), Text: in.Text}
	}
	return embedding.Input{Text: cutTo(in.Text, tokens)}
}

// piece is an input on its way.
type piece struct {
	at     int // its place among the inputs
	input  embedding.Input
	halved int
}

// shorter is the piece without its context or, where it has none, without the
// second half of its text; false when there is nothing left to take.
func (p piece) shorter() (piece, bool) {
	switch {
	case p.input.Context != "":
		p.input.Context = ""
	case p.halved == halvings || len(p.input.Text) <= 1:
		return p, false
	default:
		p.input.Text = halve(p.input.Text)
		p.halved++
	}
	return p, true
}

// batchJob is one call of EmbedDocuments.
type batchJob struct {
	*Embedder

	known   *facts
	mu      sync.Mutex
	vectors [][]float32
	refused map[int]error
	tokens  int
	done    int
}

// embed embeds a batch. Its error is one that says nothing of single inputs.
func (j *batchJob) embed(ctx context.Context, batch []piece) error {
	texts := make([]prompted, len(batch))
	for i, p := range batch {
		texts[i] = j.opt.Prompts.document(joined(p.input))
	}
	got, err := j.dialect.embed(ctx, j.documents, texts, j.shape(j.known))
	if err == nil {
		j.take(batch, got)
		return nil
	}
	f := faultOf(err)
	if f == nil || !f.ofInput() {
		return err
	}
	if len(batch) > 1 {
		if f.kind == tooLarge {
			j.known.batch.Store(min(j.known.batch.Load(), int64(len(batch)/2)))
		}
		half := len(batch) / 2
		return errors.Join(j.embed(ctx, batch[:half]), j.embed(ctx, batch[half:]))
	}
	if f.overlong() {
		if p, more := batch[0].shorter(); more {
			return j.embed(ctx, []piece{p})
		}
	}
	if f.kind == broken {
		return err
	}
	j.refuse(batch[0], f)
	return nil
}

// ofInput tells whether a failure may come from one text of several.
func (f *fault) ofInput() bool {
	return f.kind == refused || f.kind == tooLarge || (f.kind == broken && f.status == http.StatusInternalServerError)
}

func (j *batchJob) take(batch []piece, got answer) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tokens += got.tokens
	for i, p := range batch {
		if got.faults[i] != nil {
			j.refused[p.at] = got.faults[i]
			continue
		}
		j.vectors[p.at] = got.vectors[i]
		j.done++
	}
}

func (j *batchJob) refuse(p piece, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.refused[p.at] = err
}

// result gives the vectors and says what was refused. A server that refuses
// every one of several texts has another fault than the texts'.
func (j *batchJob) result() ([][]float32, error) {
	if len(j.refused) == 0 {
		return j.vectors, nil
	}
	out := &embedding.RefusedError{}
	for at := range j.refused {
		out.Inputs = append(out.Inputs, at)
	}
	slices.Sort(out.Inputs)
	out.Err = j.refused[out.Inputs[0]]
	if len(j.refused) == len(j.vectors) && len(j.vectors) > 1 {
		return nil, fmt.Errorf("embed documents: each of %d texts was refused: %w", len(j.vectors), out.Err)
	}
	return j.vectors, out
}

// joined is what the model reads of an input.
func joined(in embedding.Input) string {
	if in.Context == "" {
		return in.Text
	}
	return in.Context + "\n" + in.Text
}
