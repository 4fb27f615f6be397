package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"git.helu.ca/r/mnemosyne/internal/embedding/minilm"
	"git.helu.ca/r/mnemosyne/internal/library/search/eval"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
)

// meanTarget is the mean over all seven collections of byWords.
const meanTarget = .70

// byWords is the nDCG@10 that BM25 over SQLite's FTS5 (porter, title and text)
// reaches on collections: what a search without vectors would answer.
func byWords() map[string]float64 {
	return map[string]float64{
		"scifact-train": .701, "cranfield": .361, "cisi": .318, "med": .700,
		"cosqa-dev": .384, "xquad-en": .969, "xquad-de": .930,
	}
}

// quality measures each collection of the folder.
func (b *bench) quality(ctx context.Context) (rows []row, err error) {
	if b.data == "" {
		return []row{{what: "nDCG@10", measured: noData, target: fmt.Sprintf("each ≥ BM25, mean ≥ %.3f", meanTarget)}}, nil
	}
	entries, err := os.ReadDir(b.data)
	if err != nil {
		return nil, err
	}
	dir, err := b.folder("quality")
	if err != nil {
		return nil, err
	}
	graph, err := sqlitegraph.Open(dir, sqlitegraph.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, graph.Close()) }()
	model := minilm.New(minilm.Options{})
	var all []eval.Quality
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		c, err := eval.Load(filepath.Join(b.data, entry.Name()))
		if err != nil {
			return rows, err
		}
		report, err := eval.Run(ctx, c, eval.Options{Graph: graph, Embedder: model})
		if err != nil {
			return rows, err
		}
		b.log.InfoContext(ctx, "judged", slog.String("collection", c.Name), slog.Float64("ndcg", report.Adaptive.NDCG10))
		rows = append(rows, qualityRow(report))
		all = append(all, report.Adaptive)
	}
	mean := eval.Mean(all)
	return append(rows, row{
		what: fmt.Sprintf("nDCG@10, mean of %d collections", len(all)), measured: fmt.Sprintf("%.3f", mean.NDCG10),
		target: fmt.Sprintf("≥ %.3f", meanTarget), missed: len(all) == len(byWords()) && mean.NDCG10 < meanTarget,
	}), nil
}

func qualityRow(r eval.Report) row {
	out := row{
		what:     fmt.Sprintf("nDCG@10 of %s, %d documents, %d questions", r.Name, r.Documents, r.Queries),
		measured: fmt.Sprintf("%.3f (recall@100 %.3f)", r.Adaptive.NDCG10, r.Adaptive.Recall100),
		target:   "≥ BM25", beside: fmt.Sprintf("our full-text leg %.3f, vectors %.3f, fixed weights %.3f, plain RRF %.3f", r.FullText.NDCG10, r.Vector.NDCG10, r.Weighted.NDCG10, r.RRF.NDCG10),
	}
	if words, known := byWords()[r.Name]; known {
		out.target = fmt.Sprintf("≥ %.3f (BM25)", words)
		out.missed = r.Adaptive.NDCG10 < words || r.Adaptive.NDCG10 < max(r.FullText.NDCG10, r.Vector.NDCG10)-.04
	}
	return out
}
