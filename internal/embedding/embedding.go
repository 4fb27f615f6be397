// Package embedding says what an embedder is: it turns passages and queries
// into unit vectors of one space. Engines live in packages below it. It knows
// nothing of libraries, chunks or storage, and never compares vectors.
package embedding

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// Space names what vectors can be compared with one another. Vectors of two
// spaces with different IDs must never meet in one index.
type Space struct {
	Model      string
	Dimensions int
	// Instruction is the text that the model is given with every document, or
	// empty for models that take none. Another instruction is another space.
	Instruction string
}

// ID is a stable short name, such as "all-MiniLM-L6-v2/384". With an
// Instruction it ends in "/" and twelve hex digits of the text's SHA-256.
func (s Space) ID() string {
	id := s.Model + "/" + strconv.Itoa(s.Dimensions)
	if s.Instruction == "" {
		return id
	}
	sum := sha256.Sum256([]byte(s.Instruction))
	return id + "/" + hex.EncodeToString(sum[:6])
}

// Input is one passage of a document.
type Input struct {
	// Context (title, heading path, table header) is read by the model before
	// Text but is not part of it. Where both do not fit, Context is cut.
	Context string
	Text    string
}

// Query is what a search asks for.
type Query struct {
	Text string
	// Instruction says what kind of passages are looked for. Models that take
	// none leave it unread.
	Instruction string
}

// Embedder is one model in one space, safe for concurrent use.
type Embedder interface {
	// Space is the same for as long as the process lives, once it is known:
	// a server may have to be asked first, and until then Dimensions is 0.
	// KnownSpace asks.
	Space() Space
	// MaxTokens, known when Space is, is the longest input that is read, special tokens excluded.
	// Longer inputs are cut, which is not an error.
	MaxTokens() int
	// CountTokens counts text alone, special tokens excluded. It is cheap
	// enough to be called for every sentence of a document.
	CountTokens(text string) int
	// EmbedDocuments returns [len(inputs)][Dimensions]float32 of unit length,
	// in the order of inputs: all of them, or an error and none. With a
	// *RefusedError the vectors of the inputs that were not refused are there.
	EmbedDocuments(ctx context.Context, inputs []Input) ([][]float32, error)
	// EmbedQuery returns [Dimensions]float32 of unit length, to be compared
	// with the vectors of EmbedDocuments.
	EmbedQuery(ctx context.Context, query Query) ([]float32, error)
	// TakesInstructions tells whether EmbedQuery reads Query.Instruction, so
	// that queries with different ones have different vectors.
	TakesInstructions() bool
	// Ping reports whether the embedder can answer now. After it has, Space
	// is known.
	Ping(ctx context.Context) error
}

// KnownSpace is the embedder's space, which its server is asked for where that
// has not been done yet.
func KnownSpace(ctx context.Context, e Embedder) (Space, error) {
	if s := e.Space(); s.Dimensions > 0 {
		return s, nil
	}
	if err := e.Ping(ctx); err != nil {
		return Space{}, err
	}
	return e.Space(), nil
}

// Loader is an Embedder that holds nothing before its first use.
type Loader interface {
	// Load makes it ready for use, once; after that it costs nothing.
	Load(ctx context.Context) error
}

// Load makes an embedder ready that has something to load. Others are as they are.
func Load(ctx context.Context, e Embedder) error {
	if r, ok := e.(*recorded); ok {
		e = r.Embedder
	}
	if l, ok := e.(Loader); ok {
		return l.Load(ctx)
	}
	return nil
}
