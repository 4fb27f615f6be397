package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm"
)

// Of each embedder measurement the median of several counts.
const (
	embedRounds  = 5
	embedChunks  = 16 // a round
	embedQueries = 100
)

// embed calls the embedder itself, on all cores.
func (b *bench) embed(ctx context.Context) ([]row, error) {
	model := minilm.New(minilm.Options{})
	if err := model.Ping(ctx); err != nil {
		return nil, err
	}
	w := b.words.seeded(14)
	var rates, queries []float64
	for range embedRounds {
		inputs := make([]embedding.Input, embedChunks)
		for i := range inputs {
			inputs[i].Text = w.tokens(model.MaxTokens())
		}
		begin := ownCPU(syscall.RUSAGE_SELF)
		if _, err := model.EmbedDocuments(ctx, inputs); err != nil {
			return nil, err
		}
		rates = append(rates, embedChunks/(ownCPU(syscall.RUSAGE_SELF)-begin).Seconds())
		begin = ownCPU(syscall.RUSAGE_SELF)
		for range embedQueries {
			if _, err := model.EmbedQuery(ctx, embedding.Query{Text: w.tokens(12)}); err != nil {
				return nil, err
			}
		}
		queries = append(queries, float64(ownCPU(syscall.RUSAGE_SELF)-begin)/embedQueries/float64(time.Millisecond))
	}
	rate, query := median(rates), median(queries)
	return []row{{
		what: "embedder, chunks of 256 tokens", measured: fmt.Sprintf("%.1f a core-second", rate), target: "≥ 8", missed: rate < 8,
		beside: "pure Go session of hugot: 0.4; ONNX Runtime, not Go: 10–13",
	}, {
		what: "embedder, a query of 12 tokens", measured: fmt.Sprintf("%.1f ms of processor time", query), target: "≤ 10 ms", missed: query > 10,
		beside: "pure Go session of hugot: 201 ms",
	}}, nil
}

// tokens is a text of n tokens: each word is one.
func (w *writer) tokens(n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = w.word()
	}
	return strings.Join(words, " ")
}

func median(values []float64) float64 {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
