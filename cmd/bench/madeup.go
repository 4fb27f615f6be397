package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"sync"

	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm"
	"git.helu.ca/r/mnemosyne/internal/settings"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// serveMadeUp is `mnemosyne up` with made-up vectors for documents, so that a
// large library fills in minutes, and with queries embedded once each, so that
// a query asked again costs what search costs alone.
func serveMadeUp(ctx context.Context) error {
	set, err := settings.Load(os.LookupEnv)
	if err != nil {
		return err
	}
	model, err := newMadeUp(ctx)
	if err != nil {
		return err
	}
	return app.Up(ctx, app.Program{
		Settings: set, Log: telemetry.NewLogger(os.Stderr, slog.LevelWarn), Version: "bench",
		Registry: telemetry.NewRegistry(telemetry.Build{Version: "bench"}), Embedder: model,
	}, os.Stdout)
}

// madeUp counts tokens and embeds queries as the model does. Documents get a
// vector near one of a few that the model made: they lie in clusters, as those
// of real texts do.
type madeUp struct {
	*minilm.Model

	centres [][]float32
	mu      sync.Mutex
	queries map[string][]float32
}

const (
	centres = 64
	spread  = .8 // length of what is added to a centre, which has length 1
)

func newMadeUp(ctx context.Context) (*madeUp, error) {
	m := &madeUp{Model: minilm.New(minilm.Options{}), queries: map[string][]float32{}}
	w, err := newWriter(".")
	if err != nil {
		return nil, err
	}
	inputs := make([]embedding.Input, centres)
	for i := range inputs {
		inputs[i].Text = w.sentence(30)
	}
	if m.centres, err = m.Model.EmbedDocuments(ctx, inputs); err != nil {
		return nil, fmt.Errorf("embed the centres: %w", err)
	}
	return m, nil
}

// EmbedDocuments gives equal texts equal vectors.
func (m *madeUp) EmbedDocuments(_ context.Context, inputs []embedding.Input) ([][]float32, error) {
	out := make([][]float32, len(inputs))
	for i, in := range inputs {
		sum := fnv.New64a()
		_, _ = sum.Write([]byte(in.Text))
		seed := sum.Sum64()
		out[i] = near(m.centres[seed%centres], rand.New(rand.NewPCG(seed, 1))) //nolint:gosec // vectors, no secret
	}
	return out, nil
}

// near is a unit vector around a centre.
func near(centre []float32, r *rand.Rand) []float32 {
	v := make([]float32, len(centre))
	each := spread / math.Sqrt(float64(len(v)))
	var length float64
	for i, c := range centre {
		v[i] = c + float32(r.NormFloat64()*each)
		length += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(length))
	}
	return v
}

// EmbedQuery embeds each query once.
func (m *madeUp) EmbedQuery(ctx context.Context, query embedding.Query) ([]float32, error) {
	m.mu.Lock()
	known := m.queries[query.Text]
	m.mu.Unlock()
	if known != nil {
		return known, nil
	}
	vector, err := m.Model.EmbedQuery(ctx, query)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queries[query.Text] = vector
	return vector, nil
}
