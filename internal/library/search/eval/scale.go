package eval

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
)

// ScaleOptions say how big a library to measure. Zero values: 100,000 chunks
// of 384 dimensions beside a library of 100, 200 questions.
type ScaleOptions struct {
	Graph      library.Graph
	Chunks     int
	Small      int
	Dimensions int
	Queries    int
	Progress   func(done, total int)
}

// ScaleReport is how long each leg took.
type ScaleReport struct {
	Chunks, Small, Queries int
	Build                  time.Duration
	Bytes                  int64         // of the big library's index
	FirstVector            time.Duration // the search that loads the vectors
	// Medians and 95th percentiles, big library and small.
	FullText, Vector, SmallFullText, SmallVector Times
	// Same tells that the small library's hits and scores were, for every
	// question, those that it gave before the big one was there.
	Same bool
}

const (
	chunksOfItem  = 50
	wordsOfChunk  = 150
	scaleSpace    = "scale"
	vocabulary    = 200_000
	zipfExponent  = 1.07
	scaleTopK     = 50
	scaleFullText = 30
)

// Scale measures the legs on words and vectors that are made up: words are as
// frequent as in natural text, vectors stand anywhere.
func Scale(ctx context.Context, opt ScaleOptions) (r ScaleReport, err error) {
	for value, byDefault := range map[*int]int{&opt.Chunks: 100_000, &opt.Small: 100, &opt.Dimensions: 384, &opt.Queries: 200} {
		if *value == 0 {
			*value = byDefault
		}
	}
	r = ScaleReport{Chunks: opt.Chunks, Small: opt.Small, Queries: opt.Queries, Same: true}
	w := newMaker(opt.Dimensions)
	small, big := uuid.NewString(), uuid.NewString()
	defer func() {
		for _, uid := range []string{small, big} {
			if drop := opt.Graph.DeleteLibrary(context.WithoutCancel(ctx), uid); err == nil && drop != nil {
				err = fmt.Errorf("delete the library: %w", drop)
			}
		}
	}()
	if err := w.fill(ctx, opt.Graph, small, opt.Small, nil); err != nil {
		return r, err
	}
	questions := make([]question, opt.Queries)
	for i := range questions {
		questions[i] = w.question(small)
		if questions[i].before, err = questions[i].ask(ctx, opt.Graph, small, nil, nil); err != nil {
			return r, err
		}
	}
	start := time.Now()
	if err := w.fill(ctx, opt.Graph, big, opt.Chunks, opt.Progress); err != nil {
		return r, err
	}
	r.Build = time.Since(start)
	stats, err := opt.Graph.Stats(ctx, big)
	if err != nil {
		return r, fmt.Errorf("size of the index: %w", err)
	}
	r.Bytes = stats.Bytes
	return r, timeAll(ctx, opt.Graph, questions, small, big, &r)
}

func timeAll(ctx context.Context, g library.Graph, questions []question, small, big string, r *ScaleReport) error {
	start := time.Now()
	if _, err := questions[0].ask(ctx, g, big, nil, nil); err != nil {
		return err
	}
	r.FirstVector = time.Since(start)
	var bigWords, bigNear, smallWords, smallNear []time.Duration
	for _, q := range questions {
		if _, err := q.ask(ctx, g, big, &bigWords, &bigNear); err != nil {
			return err
		}
		now, err := q.ask(ctx, g, small, &smallWords, &smallNear)
		if err != nil {
			return err
		}
		r.Same = r.Same && reflect.DeepEqual(now, q.before)
	}
	r.FullText, r.Vector, r.SmallFullText, r.SmallVector = timesOf(bigWords), timesOf(bigNear), timesOf(smallWords), timesOf(smallNear)
	return nil
}

// question is one to time, with the small library's answer when it was alone.
type question struct {
	text   string
	vector []float32
	before [2][]library.Scored
}

func (q question) ask(ctx context.Context, g library.Graph, uid string, words, near *[]time.Duration) (out [2][]library.Scored, err error) {
	start := time.Now()
	out[0], err = g.FullText(ctx, library.FullTextQuery{Libraries: []string{uid}, Text: q.text, Limit: scaleFullText})
	if err != nil {
		return out, fmt.Errorf("full-text: %w", err)
	}
	if words != nil {
		*words = append(*words, time.Since(start))
	}
	start = time.Now()
	out[1], err = g.Nearest(ctx, library.VectorQuery{Libraries: []string{uid}, Space: scaleSpace, Vector: q.vector, Limit: scaleTopK})
	if err != nil {
		return out, fmt.Errorf("vectors: %w", err)
	}
	if near != nil {
		*near = append(*near, time.Since(start))
	}
	return out, nil
}

// maker makes up text and vectors, the same at every run.
type maker struct {
	r    *rand.Rand
	dim  int
	cdf  []float64
	said map[string][]string // texts of a library, for questions
}

func newMaker(dim int) *maker {
	m := &maker{r: rand.New(rand.NewPCG(1, 2)), //nolint:gosec // the same texts at each run
		dim: dim, cdf: make([]float64, vocabulary), said: map[string][]string{}}
	var sum float64
	for i := range m.cdf {
		sum += 1 / math.Pow(float64(i+1), zipfExponent)
		m.cdf[i] = sum
	}
	for i := range m.cdf {
		m.cdf[i] /= sum
	}
	return m
}

// word gives a made-up word; the frequent ones are short.
func (m *maker) word() string {
	x := m.r.Float64()
	lo, hi := 0, len(m.cdf)-1
	for lo < hi {
		if mid := (lo + hi) / 2; m.cdf[mid] < x {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	const consonants, vowels = "bdfgklmnprtvz", "aou"
	var b strings.Builder
	for n := lo + 13; n > 0; n /= 39 {
		b.WriteByte(consonants[n%13])
		b.WriteByte(vowels[n/13%3])
	}
	return b.String()
}

func (m *maker) text(words int) string {
	out := make([]string, words)
	for i := range out {
		out[i] = m.word()
	}
	return strings.Join(out, " ")
}

func (m *maker) vector() []float32 {
	v := make([]float32, m.dim)
	var sum float64
	for i := range v {
		x := m.r.NormFloat64()
		v[i] = float32(x)
		sum += x * x
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// question takes some words of a text of the library and some of all words,
// as questions do.
func (m *maker) question(uid string) question {
	texts := m.said[uid]
	words := strings.Fields(texts[m.r.IntN(len(texts))])
	var asked []string
	for range 3 + m.r.IntN(5) {
		asked = append(asked, words[m.r.IntN(len(words))])
	}
	return question{text: strings.Join(asked, " ") + " " + m.text(2), vector: m.vector()}
}

func (m *maker) fill(ctx context.Context, g library.Graph, uid string, chunks int, progress func(done, total int)) error {
	for done := 0; done < chunks; {
		ref := library.GenerationRef{LibraryUID: uid, ItemUID: uuid.NewString(), Generation: 1}
		batch := make([]library.IndexChunk, min(chunksOfItem, chunks-done))
		for i := range batch {
			text := m.text(wordsOfChunk)
			if done == 0 {
				m.said[uid] = append(m.said[uid], text)
			}
			batch[i] = library.IndexChunk{Ordinal: i, Text: text, End: len(text), Space: scaleSpace, Hash: text[:20], Vector: m.vector()}
		}
		if err := g.Stage(ctx, ref, batch); err != nil {
			return fmt.Errorf("stage: %w", err)
		}
		if err := g.Publish(ctx, ref, library.IndexItem{UID: ref.ItemUID, Title: m.text(5)}, 0); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		if done += len(batch); progress != nil {
			progress(done, chunks)
		}
	}
	return nil
}
