package embedding

import (
	"context"
	"time"
)

// Use is what a model is for.
type Use string

// The uses.
const (
	UseEmbedding Use = "embedding" // passages and queries become vectors
	UseRerank    Use = "rerank"    // hits are put into a better order
	UseChat      Use = "chat"      // questions are answered
)

// Endpoint is a model that a provider serves, and all there is to know to ask
// it.
type Endpoint struct {
	Use      Use
	Provider string // its name, so that a failure can say whose
	API      string // the shape the provider is asked in: openai, vllm or tei
	BaseURL  string
	APIKey   string // never shown and never logged; empty: none is sent
	Model    string // as the provider calls it

	Dimensions int // vectors are cut to; 0: as they come
	MaxTokens  int // of a passage; 0: what the provider says

	QueryPrompt, DocumentPrompt string // empty: as the model was trained
}

// Trial is what came of asking a model once.
type Trial struct {
	Space Space         // of an embedding model's vectors
	Says  string        // what it did, in a few words
	Took  time.Duration // all of it
}

// Trier asks models whether they do what they are for. What an error says may
// be shown: it holds neither a key nor more than a line of the provider's.
type Trier interface {
	Try(ctx context.Context, e Endpoint) (Trial, error)
}
