// Package minilm is the embedder that needs no server: all-MiniLM-L6-v2, its
// weights in the binary, computed on the processor. Vectors are those of the
// Python model up to the weights' rounding to int8 (cosine above 0.999).
//
// It owns scheduling (a bounded number of threads, queries before documents)
// and the order of the model's steps; the arithmetic is in package kernel, the
// tokens in wordpiece, the weights' layout in modelfile.
package minilm

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm/kernel"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm/modelfile"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm/wordpiece"
)

const (
	modelName = "all-MiniLM-L6-v2"
	maxTokens = modelfile.Positions - 2 // [CLS] and [SEP] are added
)

// Options of New. The zero value is good.
type Options struct {
	// Threads is how many batches of documents are computed at once, by all
	// callers together, and how many queries beside them. 0 is GOMAXPROCS.
	Threads int
	// Kernel is the arithmetic to use, by default the processor's best.
	Kernel kernel.Set
}

// Model is an embedding.Embedder. Before its first use it holds no memory.
type Model struct {
	threads int
	kernel  kernel.Set

	tokenizer func() *wordpiece.Tokenizer
	weights   func() (*modelfile.Model, error)

	documents desk
	queries   desk
	turns     *turns
}

var (
	_ embedding.Embedder = (*Model)(nil)
	_ embedding.Loader   = (*Model)(nil)
)

// New returns a model. Nothing is loaded before it is needed.
func New(options Options) *Model {
	threads := options.Threads
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	set := options.Kernel
	if set.Name == "" {
		set = kernel.Best()
	}
	return &Model{
		threads:   threads,
		kernel:    set,
		tokenizer: sync.OnceValue(loadTokenizer),
		weights:   sync.OnceValues(loadWeights),
		documents: newDesk(threads),
		queries:   newDesk(threads),
		turns:     newTurns(runtime.GOMAXPROCS(0)),
	}
}

// Space is the model's; it takes no instruction.
func (m *Model) Space() embedding.Space {
	return embedding.Space{Model: modelName, Dimensions: modelfile.Width}
}

// MaxTokens is 254: the model was trained on 256 with its two special tokens.
func (m *Model) MaxTokens() int { return maxTokens }

// CountTokens counts WordPieces and does not allocate.
func (m *Model) CountTokens(text string) int { return m.tokenizer().Count(text) }

// TakesInstructions is false: the model was trained without.
func (m *Model) TakesInstructions() bool { return false }

// Ping loads the model if need be.
func (m *Model) Ping(ctx context.Context) error { return m.Load(ctx) }

// Load reads the model into memory, unless it is there.
func (m *Model) Load(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.tokenizer()
	_, err := m.weights()
	return err
}

// EmbedDocuments packs texts into batches, without padding, and computes
// several batches at once. It gives way to queries, and stops soon after ctx
// ends. Beside the vectors its memory does not grow with inputs.
func (m *Model) EmbedDocuments(ctx context.Context, inputs []embedding.Input) ([][]float32, error) {
	weights, err := m.weights()
	if err != nil {
		return nil, err
	}
	queue := &queue{tokenizer: m.tokenizer(), inputs: inputs}
	vectors := make([][]float32, len(inputs))
	group, ctx := errgroup.WithContext(ctx)
	for range min(m.threads, len(inputs)) {
		group.Go(func() error { return m.work(ctx, weights, queue, vectors) })
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("embed documents: %w", err)
	}
	return vectors, nil
}

// work computes batches of queue until it is empty.
func (m *Model) work(ctx context.Context, weights *modelfile.Model, queue *queue, vectors [][]float32) error {
	for {
		w, err := m.documents.take(ctx)
		if err != nil {
			return err
		}
		first, more := queue.next(&w.batch)
		if more {
			m.turns.beginBatch()
			err = m.forward(w, weights, func() error { return m.turns.giveWay(ctx) })
			m.turns.endBatch()
		}
		if more && err == nil {
			for i, text := range w.batch.spans {
				vectors[first+i] = w.pool(text)
			}
		}
		m.documents.put(w)
		if err != nil || !more {
			return err
		}
	}
}

// EmbedQuery computes one short text, ahead of any documents.
func (m *Model) EmbedQuery(ctx context.Context, query embedding.Query) ([]float32, error) {
	weights, err := m.weights()
	if err != nil {
		return nil, err
	}
	m.turns.beginQuery()
	defer m.turns.endQuery()
	w, err := m.queries.take(ctx)
	if err != nil {
		return nil, fmt.Errorf("embed query: %w", err)
	}
	defer m.queries.put(w)
	w.batch.reset()
	w.batch.add(m.tokenizer(), embedding.Input{Text: query.Text})
	if err := m.forward(w, weights, ctx.Err); err != nil {
		return nil, fmt.Errorf("embed query: %w", err)
	}
	return w.pool(w.batch.spans[0]), nil
}
