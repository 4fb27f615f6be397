package embedding

import "context"

// Reranker is a model that reads a query and a passage together and says how
// well the one answers the other. It is safe for concurrent use.
type Reranker interface {
	// Model is what the model is called.
	Model() string
	// Rerank scores passages, by their places in passages. Scores are in
	// [0, 1], a higher one is a better answer, and those of different calls
	// are of one kind. A passage that the model gave no score is left out.
	Rerank(ctx context.Context, query Query, passages []string) (map[int]float64, error)
	// Ping reports whether the reranker can answer now.
	Ping(ctx context.Context) error
}
