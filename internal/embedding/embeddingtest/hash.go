// Package embeddingtest has an embedder for tests that need vectors and no
// meaning: cheap, and the same for the same words.
package embeddingtest

import (
	"context"
	"crypto/sha256"
	"errors"
	"math"
	"strings"
	"sync/atomic"

	"git.helu.ca/r/mnemosyne/internal/embedding"
)

// Hash gives each text the unit vector that its hash spells. A token is a
// word.
type Hash struct {
	Model      string
	Dimensions int
	Max        int                             // tokens; 64 when 0
	Before     func(ctx context.Context) error // called before each batch; nil: nothing
	Refuses    string                          // passages with this in them are refused; empty: none

	embedded atomic.Int64
}

// Embedded counts the passages embedded so far.
func (h *Hash) Embedded() int64 { return h.embedded.Load() }

// Space is named after the model.
func (h *Hash) Space() embedding.Space {
	return embedding.Space{Model: h.Model, Dimensions: h.Dimensions}
}

// MaxTokens is Max.
func (h *Hash) MaxTokens() int {
	if h.Max == 0 {
		return 64
	}
	return h.Max
}

// CountTokens counts words.
func (h *Hash) CountTokens(text string) int { return len(strings.Fields(text)) }

// TakesInstructions is false.
func (h *Hash) TakesInstructions() bool { return false }

// Ping has nothing to ask.
func (h *Hash) Ping(context.Context) error { return nil }

// EmbedDocuments hashes each passage with its context.
func (h *Hash) EmbedDocuments(ctx context.Context, inputs []embedding.Input) ([][]float32, error) {
	if h.Before != nil {
		if err := h.Before(ctx); err != nil {
			return nil, err
		}
	}
	h.embedded.Add(int64(len(inputs)))
	out := make([][]float32, len(inputs))
	var refused []int
	for i, in := range inputs {
		if h.Refuses != "" && strings.Contains(in.Text, h.Refuses) {
			refused = append(refused, i)
			continue
		}
		out[i] = h.vector(in.Text)
	}
	if len(refused) > 0 {
		return out, &embedding.RefusedError{Inputs: refused, Err: errors.New("words that it does not take")}
	}
	return out, nil
}

// EmbedQuery hashes the words, so that a query of a passage's words finds it
// first.
func (h *Hash) EmbedQuery(_ context.Context, q embedding.Query) ([]float32, error) {
	return h.vector(q.Text), nil
}

func (h *Hash) vector(text string) []float32 {
	v := make([]float32, h.Dimensions)
	sum := sha256.Sum256([]byte(h.Model + "\n" + text))
	var norm float64
	for i := range v {
		v[i] = float32(int8(sum[i%len(sum)])) + .5 //nolint:gosec // any sign will do
		norm += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(norm))
	}
	return v
}
