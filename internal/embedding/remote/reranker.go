package remote

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"git.helu.ca/r/mnemosyne/internal/embedding"
)

// Cohere is the shape POST /v1/rerank, which Jina, vLLM, llama.cpp, Infinity
// and SGLang speak too. A reranker is asked in it or in TEI.
const Cohere API = "cohere"

// RerankerOptions are what a Reranker is made of.
type RerankerOptions struct {
	Server

	API API // Cohere when empty
	// Prompts are what is put around queries and passages; nothing when empty.
	Prompts Prompts
}

// Reranker is an embedding.Reranker whose model is on a server.
type Reranker struct {
	opt  RerankerOptions
	lane *lane

	most   atomic.Int64 // passages in one request; 0: any number
	logits atomic.Bool  // the scores are not in [0, 1]
}

var _ embedding.Reranker = (*Reranker)(nil)

// NewReranker makes a client. It asks nothing yet.
func NewReranker(opt RerankerOptions) (*Reranker, error) {
	opt.Server = opt.withDefaults("RERANKER")
	if opt.API == "" {
		opt.API = Cohere
	}
	if opt.API != Cohere && opt.API != TEI {
		return nil, fmt.Errorf("%s: there is no shape %q", opt.setting(apiSetting), opt.API)
	}
	if opt.Prompts.Query == "" {
		opt.Prompts.Query = textPlace
	}
	if opt.Prompts.Document == "" {
		opt.Prompts.Document = textPlace
	}
	if err := opt.Prompts.check(opt.Server); err != nil {
		return nil, err
	}
	c, err := newClient(opt.Server)
	if err != nil {
		return nil, err
	}
	return &Reranker{opt: opt, lane: newLane(c, opt.Server, embedding.PurposeRerank)}, nil
}

// Model is what the settings call the model, or the server where they name
// none.
func (r *Reranker) Model() string {
	if r.opt.Model == "" {
		return r.opt.BaseURL
	}
	return r.opt.Model
}

// API is the shape that the server is asked in.
func (r *Reranker) API() API { return r.opt.API }

// Ping has two short passages scored.
func (r *Reranker) Ping(ctx context.Context) error {
	scores, err := r.Rerank(ctx, embedding.Query{Text: "a greeting"}, []string{"good morning", "a stone"})
	if err == nil && len(scores) == 0 {
		return fmt.Errorf("the reranker at %s gave no scores", r.opt.BaseURL)
	}
	return err
}

// Rerank scores passages, in several requests where the server takes no more
// in one. A model that scores pairs gives the same scores either way. One that
// refuses all of them has failed.
func (r *Reranker) Rerank(ctx context.Context, query embedding.Query, passages []string) (map[int]float64, error) {
	if len(passages) == 0 {
		return map[int]float64{}, nil
	}
	began := time.Now()
	const queryTokens = 256 // a question that is longer leaves the passages no room
	job := &rerankJob{Reranker: r, query: r.opt.Prompts.query(query.Instruction, cutTo(query.Text, queryTokens)).text, scores: map[int]float64{}}
	pieces := make([]piece, len(passages))
	for i, p := range passages {
		pieces[i] = piece{at: i, input: embedding.Input{Text: p}}
	}
	size := len(pieces)
	if most := int(r.most.Load()); most > 0 {
		size = min(size, most)
	}
	group, running := errgroup.WithContext(ctx)
	group.SetLimit(r.opt.Concurrency)
	for batch := range slices.Chunk(pieces, size) {
		group.Go(func() error { return job.score(running, batch) })
	}
	err := group.Wait()
	if err == nil && len(job.scores) == 0 {
		err = job.refusal
	}
	if err != nil {
		return nil, fmt.Errorf("rerank: %w", err)
	}
	if r.opt.Recorder != nil {
		r.opt.Recorder.RecordUsage(ctx, embedding.Usage{
			Purpose: embedding.PurposeRerank, Provider: string(r.opt.API), Model: r.Model(),
			Tokens: job.tokens, Items: len(job.scores), Took: time.Since(began),
		})
	}
	return r.scaled(job.scores), nil
}

// scaled brings scores into [0, 1], with their order kept. Some servers give
// the model's raw logits, and then always do.
func (r *Reranker) scaled(scores map[int]float64) map[int]float64 {
	for _, s := range scores {
		if s < 0 || s > 1 {
			r.logits.Store(true)
		}
	}
	if r.logits.Load() {
		for i, s := range scores {
			scores[i] = 1 / (1 + math.Exp(-s))
		}
	}
	return scores
}

// rerankJob is one call of Rerank.
type rerankJob struct {
	*Reranker

	query   string
	mu      sync.Mutex
	scores  map[int]float64
	refusal error // of one passage, if any
	tokens  int
}

// score scores a batch, and halves one that fails for one of its passages.
func (j *rerankJob) score(ctx context.Context, batch []piece) error {
	texts := make([]string, len(batch))
	for i, p := range batch {
		texts[i] = strings.NewReplacer(textPlace, p.input.Text).Replace(j.opt.Prompts.Document)
	}
	err := j.ask(ctx, batch, texts)
	f := faultOf(err)
	if f == nil || !f.ofInput() {
		return err
	}
	if len(batch) > 1 {
		half := len(batch) / 2
		if f.kind == tooLarge {
			j.most.Store(int64(half))
		}
		return errors.Join(j.score(ctx, batch[:half]), j.score(ctx, batch[half:]))
	}
	if f.overlong() {
		if p, more := batch[0].shorter(); more {
			return j.score(ctx, []piece{p})
		}
	}
	if f.kind == broken {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.refusal = f
	return nil
}

type cohereRequest struct {
	Model     string   `json:"model,omitempty"`
	Query     string   `json:"query"`
	Documents []string `json:"documents"`
	TopN      int      `json:"top_n"` // all of them: some servers give fewer by themselves
}

type teiRerankRequest struct {
	Query    string   `json:"query"`
	Texts    []string `json:"texts"`
	Truncate bool     `json:"truncate"`
}

// ask sends one request and takes its scores.
func (j *rerankJob) ask(ctx context.Context, batch []piece, texts []string) error {
	address := j.lane.versionedURL("rerank")
	var request any = cohereRequest{Model: j.opt.Model, Query: j.query, Documents: texts, TopN: len(texts)}
	if j.opt.API == TEI {
		address = j.lane.siblingURL("rerank")
		request = teiRerankRequest{Query: j.query, Texts: texts, Truncate: true}
	}
	limit := int64(1 << 20)
	for _, t := range texts {
		limit += int64(len(t)) * 6 //nolint:mnd // some repeat the texts, escaped at worst
	}
	body, err := j.lane.ask(ctx, address, request, limit, append(slices.Clone(texts), j.query))
	if err != nil {
		return err
	}
	scores, tokens, err := j.lane.readScores(body, len(batch))
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tokens += tokens
	for i, s := range scores {
		j.scores[batch[i].at] = s
	}
	return nil
}
