// Package search answers questions with passages: it asks each leg (vector,
// full-text, and from their best hits on the graph of concepts) of the
// libraries that the caller may read, fuses their lists, cites what it found
// and has a reranker judge the best of it.
//
// Scope comes first and ranking second: library.Access says which libraries,
// and nothing else is asked. A leg that fails or is late is named in the
// answer, and the others answer without it. The package keeps no index and
// decides no right.
package search

import (
	"cmp"
	"context"
	"hash/maphash"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// MaxLimit is the most hits that one answer holds.
const MaxLimit = 100

// Request is a question and where to look. Zero values narrow nothing.
type Request struct {
	Query       string
	Libraries   []string // uids or names; none: all that the caller may read
	WorkspaceID string
	Limit       int // 1 to MaxLimit; 0: the default
	ItemUID     string
	Collection  string // name or uid
	LibraryType string
	Filters     Filters
	MaxChars    int    // of all hits' texts together, in code points; 0: no bound
	Exact       bool   // take words as they are typed, and correct none
	Explain     bool   // say of each hit how it came to its place
	Surface     string // who asks, for the metrics: rest, mcp, page, command
}

// Filters narrow a search to documents. Zero values narrow nothing, and
// everything that is given must hold.
type Filters struct {
	File        string            // stands in the name of the file, whatever the case
	ContentType string            // a media type, or its first part, or a file name's ending
	Language    string            // ISO 639-1
	Source      string            // as a hit's source begins
	Metadata    map[string]string // as the document was given them
	Since       time.Time         // taken in or changed at or after
	Before      time.Time         // and before
}

// Hit is a passage with what a citation of it needs.
type Hit struct {
	ChunkUID, ItemUID, LibraryUID, LibraryName, Title, Source string

	HeadingPath []string
	Page        *int   // counted from 1, nil where the format has none
	Start, End  int    // code points of the item's text
	Text        string // exactly that slice
	// Score falls from the first hit to the last. Where the reranker answered
	// it is the reranker's, in [0, 1], and 0 for hits that it did not judge;
	// else it is the fusion's. Scores of different answers do not compare.
	Score float64
	// ScoreKind tells what Score is of.
	ScoreKind ScoreKind
	// ChunkUIDs are the chunks that the passage is put together of, in the
	// order of the document; ChunkUID is the best of them.
	ChunkUIDs []string
	// Duplicates are other documents that have the passage in the same words,
	// or nearly.
	Duplicates []Duplicate
	// Found is where each leg has the best chunk; legs that lack it are left
	// out.
	Found []Finding
	// Explanation is there where it was asked for.
	Explanation *Explanation
}

// ScoreKind tells scores apart that do not compare.
type ScoreKind string

// A hit's score is the fusion's, or the reranker's; of hits that the reranker
// did not judge, where it judged others, it is none.
const (
	ScoreFused    ScoreKind = "fusion"
	ScoreReranked ScoreKind = "rerank"
	ScoreUnjudged ScoreKind = "unjudged"
)

// Duplicate is a passage of another document that says the same.
type Duplicate struct{ ItemUID, ChunkUID, LibraryUID, Title string }

// Finding is the place of a passage in a leg's list. Scores of different legs
// are of different kinds.
type Finding struct {
	Leg   string // vector, fulltext, graph, rerank
	Rank  int    // counted from 1
	Score float64
}

// Explanation is how a hit came to its place.
type Explanation struct {
	Fused float64 // by the fusion, the sum of the parts
	Parts []Part
	// Share is what is left of a score of a further passage of a document:
	// 1 of the first ones.
	Share    float64
	Reranked *float64 // nil: not judged
	Merged   []Trace  // the other chunks of the passage
	Folded   []Trace  // those that say the same
}

// Part is what a leg's list gave to the fused score.
type Part struct {
	Leg    string
	Weight float64 // its share of the fusion
	Gave   float64
}

// Trace is a chunk that became a part of a hit, and where it was found.
type Trace struct {
	ChunkUID, ItemUID string
	Found             []Finding
}

// LegStatus says what a leg did.
type LegStatus string

// What a leg does: it finds something, finds nothing, is not asked, is late,
// or fails.
const (
	OK      LegStatus = "ok"
	Empty   LegStatus = "empty"
	Skipped LegStatus = "skipped"
	Timeout LegStatus = "timeout"
	Failed  LegStatus = "failed"
)

// Status is what each leg did.
type Status struct{ Vector, FullText, Graph, Rerank LegStatus }

// Result is an answer, best hits first.
type Result struct {
	Hits   []Hit
	Status Status
	Legs   []Leg // what the Status says of each, with the time it took
	// Degraded tells that a part of the search did not answer, so that hits
	// may be missing.
	Degraded   bool
	Omitted    int // hits that MaxChars left out
	TookMS     int64
	Understood Understood // what was made of the query
}

// Fusion is how lists become one.
type Fusion string

// Adaptive adds scores as far as they say something; Weighted adds scores,
// each list's scaled to [0, 1]; RRF adds reciprocal ranks.
const (
	Adaptive Fusion = "adaptive"
	Weighted Fusion = "weighted"
	RRF      Fusion = "rrf"
)

// Access is what the engine needs of library.Access.
type Access interface {
	Resolve(ctx context.Context, p accounts.Principal, namesOrUIDs []string) ([]library.Library, error)
	ItemOfChunk(ctx context.Context, p accounts.Principal, chunkUID string) (library.Item, library.Library, library.ChunkRef, error)
}

// Options are what an engine is made of. Zero numbers take the defaults.
type Options struct {
	Access   Access
	Graph    library.Graph
	Embedder embedding.Embedder // nil: the vector leg is skipped
	// NextEmbedder is in the space that libraries move to; nil when they move
	// to none.
	NextEmbedder embedding.Embedder
	Reranker     embedding.Reranker // nil: hits stay in the order of the fusion
	Catalog      *Catalog
	// Texts reads what stands between chunks; nil: neighbours with anything
	// between them stay apart.
	Texts *Texts

	VectorTopK, FullTextTopK       int           // hits of a leg; 50, 30; of an Adaptive fusion 100 at least
	VectorTimeout, FullTextTimeout time.Duration // 5 s each
	GraphDepth                     int           // hops of the graph leg; 0: it is skipped
	GraphTimeout                   time.Duration // 2 s
	RerankTimeout                  time.Duration // the longest wait for the reranker; 5 s
	Candidates                     int           // hits that the reranker judges at most; 32
	DefaultLimit                   int           // 20
	Fusion                         Fusion        // Adaptive
	RRFK                           int           // 60
	Alpha                          float64       // the vector leg's share; the fusion's default

	Recorder Recorder              // nil: no search log
	Registry prometheus.Registerer // nil: no metrics
	Log      *slog.Logger          // nil: none
	Now      func() time.Time      // nil: time.Now; when a reranker that failed is tried again
}

// Engine answers searches. It is safe for concurrent use.
type Engine struct {
	opt      Options
	metrics  *metrics
	pace     *pace // of the reranker
	wordings wordings
}

// New makes an engine.
func New(opt Options) *Engine {
	opt.VectorTopK = cmp.Or(opt.VectorTopK, 50)
	opt.FullTextTopK = cmp.Or(opt.FullTextTopK, 30)
	opt.VectorTimeout = cmp.Or(opt.VectorTimeout, 5*time.Second)
	opt.FullTextTimeout = cmp.Or(opt.FullTextTimeout, 5*time.Second)
	opt.GraphTimeout = cmp.Or(opt.GraphTimeout, 2*time.Second)
	opt.RerankTimeout = cmp.Or(opt.RerankTimeout, 5*time.Second)
	opt.Candidates = cmp.Or(opt.Candidates, 32)
	opt.DefaultLimit = cmp.Or(opt.DefaultLimit, 20)
	opt.Fusion = cmp.Or(opt.Fusion, Adaptive)
	opt.RRFK = cmp.Or(opt.RRFK, 60)
	if opt.Fusion == Adaptive {
		opt.Alpha = cmp.Or(opt.Alpha, DefaultAdaptiveAlpha)
	}
	opt.Alpha = cmp.Or(opt.Alpha, DefaultAlpha)
	if opt.Fusion == Adaptive {
		opt.VectorTopK, opt.FullTextTopK = max(opt.VectorTopK, adaptiveDepth), max(opt.FullTextTopK, adaptiveDepth)
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Engine{
		opt: opt, metrics: newMetrics(opt.Registry), pace: &pace{now: opt.Now, longest: opt.RerankTimeout, most: opt.Candidates},
		wordings: wordings{maphash.MakeSeed()},
	}
}
