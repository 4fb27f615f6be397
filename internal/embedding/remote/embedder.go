package remote

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding"
)

// API is the shape that a server's embeddings are asked for in.
type API string

// The shapes.
const (
	OpenAI API = "openai" // POST /v1/embeddings with texts; vLLM, llama.cpp, Infinity, Ollama and others speak it too
	TEI    API = "tei"    // POST /embed of Hugging Face's text-embeddings-inference
	VLLM   API = "vllm"   // POST /v1/embeddings with messages, for Qwen3-VL-Embedding on vLLM
)

// EmbedderOptions are what an Embedder is made of.
type EmbedderOptions struct {
	Server

	// API is the shape; empty: what suits the model by its name.
	API API
	// Dimensions is the length of vectors; 0: what the model gives. Longer
	// ones of the server are cut to it.
	Dimensions int
	// BatchSize is the most texts in one request; 8 when 0.
	BatchSize int
	// MaxTokens is how much of a text is read; 0: what the server says, up to
	// usualTokens, or safeTokens where it says nothing.
	MaxTokens int
	// Prompts are what is put around texts; empty ones are those that the
	// model is known to want.
	Prompts Prompts
}

// Limits of texts where the settings name none.
const (
	// usualTokens bounds what a server offers: a passage of many thousand
	// tokens is found by nothing in particular and cites too much.
	usualTokens = 1024
	// safeTokens is what nearly every model for retrieval reads.
	safeTokens = 512
)

// Embedder is an embedding.Embedder whose model is on a server.
type Embedder struct {
	opt       EmbedderOptions
	dialect   dialect
	queries   *lane
	documents *lane

	known    atomic.Pointer[facts]
	learning chan struct{} // holds the one who asks
}

var _ embedding.Embedder = (*Embedder)(nil)

// facts are what the server had to be asked for.
type facts struct {
	dimensions int // of stored vectors
	maxTokens  int // of a text with its context, the prompt's subtracted
	batch      atomic.Int64
}

// NewEmbedder makes a client. It asks nothing yet.
func NewEmbedder(opt EmbedderOptions) (*Embedder, error) {
	opt.Server = opt.withDefaults("EMBEDDING")
	if opt.BatchSize <= 0 {
		opt.BatchSize = 8
	}
	if opt.API == "" {
		opt.API = apiFor(opt.Model)
	}
	opt.Prompts = opt.Prompts.orKnown(opt.API, opt.Model)
	if err := opt.Prompts.check(opt.Server); err != nil {
		return nil, err
	}
	c, err := newClient(opt.Server)
	if err != nil {
		return nil, err
	}
	e := &Embedder{opt: opt, learning: make(chan struct{}, 1)}
	switch opt.API {
	case OpenAI:
		e.dialect = &openAI{client: c, opt: &e.opt}
	case TEI:
		e.dialect = &tei{client: c}
	case VLLM:
		e.dialect = &vllm{openAI{client: c, opt: &e.opt}}
	default:
		return nil, fmt.Errorf("%s: there is no shape %q", opt.setting(apiSetting), opt.API)
	}
	e.queries = newLane(c, opt.Server, embedding.PurposeQuery)
	e.documents = newLane(c, opt.Server, embedding.PurposeDocuments)
	return e, nil
}

// apiFor is the shape for a model that nothing else is said of.
func apiFor(model string) API {
	if strings.Contains(strings.ToLower(model), "qwen3-vl-embedding") {
		return VLLM
	}
	return OpenAI
}

// Where is the server and the shape, as people know them.
func (e *Embedder) Where() string { return e.opt.BaseURL }

// API is the shape that the server is asked in.
func (e *Embedder) API() API { return e.opt.API }

// Space has no dimensions before the server was asked.
func (e *Embedder) Space() embedding.Space {
	s := embedding.Space{Model: e.opt.Model, Instruction: e.opt.Prompts.documentInstruction()}
	if known := e.known.Load(); known != nil {
		s.Dimensions = known.dimensions
	}
	return s
}

// MaxTokens is the smallest that it may be until the server was asked.
func (e *Embedder) MaxTokens() int {
	if known := e.known.Load(); known != nil {
		return known.maxTokens
	}
	return e.room(safeTokens)
}

// CountTokens estimates, on the safe side: the model's tokenizer is not here.
func (e *Embedder) CountTokens(text string) int { return estimate(text) }

// TakesInstructions tells whether the query's prompt has a place for one.
func (e *Embedder) TakesInstructions() bool { return e.opt.Prompts.takesInstructions() }

// Ping embeds a word.
func (e *Embedder) Ping(ctx context.Context) error {
	if e.known.Load() == nil {
		_, err := e.facts(ctx)
		return err
	}
	_, err := e.EmbedQuery(ctx, embedding.Query{Text: "ping"})
	return err
}

// EmbedQuery embeds a short text, beside whatever documents are embedded. What
// is longer than the model reads is cut.
func (e *Embedder) EmbedQuery(ctx context.Context, query embedding.Query) ([]float32, error) {
	known, err := e.facts(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	text := cutTo(query.Text, known.maxTokens)
	for tries := 0; ; tries++ {
		got, err := e.dialect.embed(ctx, e.queries, []prompted{e.opt.Prompts.query(query.Instruction, text)}, e.shape(known))
		if f := faultOf(err); f != nil && (f.kind == refused || f.kind == tooLarge) && f.overlong() && tries < halvings && len(text) > 1 {
			text = halve(text)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("embed query: %w", err)
		}
		if got.faults[0] != nil {
			return nil, fmt.Errorf("embed query: %w", got.faults[0])
		}
		e.record(ctx, embedding.PurposeQuery, got.tokens, 1, time.Since(began))
		return got.vectors[0], nil
	}
}

// shape is what vectors look like from now on.
func (e *Embedder) shape(known *facts) shape {
	return shape{dimensions: known.dimensions, cut: e.opt.Dimensions > 0}
}

func (e *Embedder) record(ctx context.Context, p embedding.Purpose, tokens, items int, took time.Duration) {
	if e.opt.Recorder == nil || items == 0 {
		return
	}
	e.opt.Recorder.RecordUsage(ctx, embedding.Usage{
		Purpose: p, Provider: string(e.opt.API), Model: e.opt.Model, Tokens: tokens, Items: items, Took: took,
	})
}

// learnTime bounds how long the first questions to a server take.
const learnTime = 15 * time.Second

// facts asks the server, the first time, what it must be asked: whoever comes
// meanwhile waits for the answer.
func (e *Embedder) facts(ctx context.Context) (*facts, error) {
	if known := e.known.Load(); known != nil {
		return known, nil
	}
	select {
	case e.learning <- struct{}{}:
		defer func() { <-e.learning }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if known := e.known.Load(); known != nil {
		return known, nil
	}
	ctx, cancel := context.WithTimeout(ctx, learnTime)
	defer cancel()
	known, err := e.learn(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the embedder what it is: %w", err)
	}
	e.known.Store(known)
	e.opt.Log.InfoContext(ctx, "the embedder answered", slog.String("space", e.Space().ID()), slog.Int("max_tokens", known.maxTokens))
	return known, nil
}

func (e *Embedder) learn(ctx context.Context) (*facts, error) {
	got, err := e.dialect.embed(ctx, e.queries, []prompted{e.opt.Prompts.document("dimensions")}, shape{})
	if err != nil {
		return nil, err
	}
	if got.faults[0] != nil {
		return nil, got.faults[0]
	}
	known := &facts{dimensions: len(got.vectors[0])}
	if want := e.opt.Dimensions; want > 0 {
		if want > known.dimensions {
			return nil, &fault{kind: misconfigured, message: fmt.Sprintf("%s at %s gives vectors of %d dimensions, and %s asks for %d",
				e.opt.Model, e.opt.BaseURL, known.dimensions, e.opt.setting(dimensionsSetting), want)}
		}
		known.dimensions = want
	}
	limits, err := e.dialect.limits(ctx)
	if err != nil && faultOf(err) == nil || errors.Is(err, embedding.ErrDown) {
		return nil, err // another process would hear something else, and cut otherwise
	}
	known.batch.Store(int64(e.opt.BatchSize))
	if limits.batch > 0 {
		known.batch.Store(int64(min(e.opt.BatchSize, limits.batch)))
	}
	switch {
	case e.opt.MaxTokens > 0:
		known.maxTokens = e.opt.MaxTokens
	case limits.tokens > 0:
		known.maxTokens = e.room(min(limits.tokens, usualTokens))
	default:
		known.maxTokens = e.room(safeTokens)
	}
	return known, nil
}

// room is what the prompt and the special tokens leave of so many tokens.
func (e *Embedder) room(tokens int) int {
	const special, least = 8, 32
	return max(tokens-estimate(e.opt.Prompts.Document)-special, least)
}
