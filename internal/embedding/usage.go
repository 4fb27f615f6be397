package embedding

import (
	"context"
	"time"
)

// Purpose is what a model was asked for.
type Purpose string

// The purposes.
const (
	PurposeQuery     Purpose = "query"     // the embedding of a search's words
	PurposeDocuments Purpose = "documents" // the embedding of a batch of passages
	PurposeRerank    Purpose = "rerank"    // the scoring of a search's hits
)

// InProcess is the provider of models that are computed in this process.
const InProcess = "in_process"

// Usage is one call of a model that was answered.
type Usage struct {
	Purpose  Purpose
	Provider string // who answered: InProcess, or the interface spoken, as openai or tei
	Model    string
	Tokens   int // as the provider counts them; 0: it does not say
	Items    int // texts embedded, or hits scored
	Took     time.Duration
}

// Recorder keeps account of the calls of models, by the user that ForUser has
// put into the context. It neither waits nor fails.
type Recorder interface {
	RecordUsage(ctx context.Context, u Usage)
}

type userKey struct{}

// ForUser notes for whom models are called in this context. It is for the
// account of usage alone; no right follows from it.
func ForUser(ctx context.Context, userID string) context.Context {
	return context.WithValue(ctx, userKey{}, userID)
}

// UserOf is the user noted by ForUser, or empty.
func UserOf(ctx context.Context) string {
	id, _ := ctx.Value(userKey{}).(string)
	return id
}

// Recorded records every call of an embedder that does not record its own. A
// nil recorder leaves it as it is. Tokens are those that CountTokens counts,
// up to what the model reads.
func Recorded(e Embedder, provider string, r Recorder) Embedder {
	if r == nil {
		return e
	}
	return &recorded{Embedder: e, provider: provider, recorder: r}
}

type recorded struct {
	Embedder

	provider string
	recorder Recorder
}

func (e *recorded) EmbedQuery(ctx context.Context, query Query) ([]float32, error) {
	began := time.Now()
	vector, err := e.Embedder.EmbedQuery(ctx, query)
	if err == nil {
		e.record(ctx, PurposeQuery, time.Since(began), Input{Text: query.Text})
	}
	return vector, err
}

func (e *recorded) EmbedDocuments(ctx context.Context, inputs []Input) ([][]float32, error) {
	began := time.Now()
	vectors, err := e.Embedder.EmbedDocuments(ctx, inputs)
	if err == nil {
		e.record(ctx, PurposeDocuments, time.Since(began), inputs...)
	}
	return vectors, err
}

func (e *recorded) record(ctx context.Context, p Purpose, took time.Duration, inputs ...Input) {
	most, tokens := e.MaxTokens(), 0
	for _, in := range inputs {
		n := e.CountTokens(in.Text)
		if in.Context != "" && n < most {
			n += e.CountTokens(in.Context)
		}
		tokens += min(n, most)
	}
	e.recorder.RecordUsage(ctx, Usage{
		Purpose: p, Provider: e.provider, Model: e.Space().Model, Tokens: tokens, Items: len(inputs), Took: took,
	})
}
