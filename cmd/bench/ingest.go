package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/chunk"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/search/eval"
	"git.helu.ca/r/mnemosyne/internal/settings"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	ingestCollection = "scifact-train"
	ingestBlock      = 250 // documents between two looks at the clocks
)

const noData = "skipped: set MNEMOSYNE_BENCH_DATA to a folder of collections in the BEIR layout (NAME/corpus.jsonl.gz, queries.jsonl, qrels.tsv)"

// ingest takes a collection in, a document each, and embeds the very same
// chunks in this process: what is left is what all else costs. The two take
// turns, so that what else the machine does falls on both.
func (b *bench) ingest(ctx context.Context) (rows []row, err error) {
	const what = "ingest of a collection beside embedding alone"
	if b.data == "" {
		return []row{{what: what, measured: noData, target: "≤ 15 % more"}}, nil
	}
	collection, err := eval.Load(filepath.Join(b.data, ingestCollection))
	if err != nil {
		return nil, err
	}
	documents := collection.Documents
	if b.documents > 0 {
		documents = documents[:min(b.documents, len(documents))]
	}
	s, err := b.fresh(ctx, "ingest")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	alone, err := openAlone(ctx, s.dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, alone.services.Close()) }()
	var all, embedder time.Duration
	chunks := 0
	for block := range slices.Chunk(documents, ingestBlock) {
		took, items, err := s.takeIn(ctx, block)
		if err != nil {
			return nil, err
		}
		own, n, err := alone.embed(ctx, s.library, items)
		if err != nil {
			return nil, err
		}
		if chunks > 0 || len(block) == len(documents) { // the first block warms both up
			all, embedder = all+took, embedder+own
		}
		chunks += n
		b.log.InfoContext(ctx, "ingested", slog.Int("chunks", chunks), slog.Duration("cpu", all), slog.Duration("embedder", embedder))
	}
	more := 100 * (all.Seconds()/embedder.Seconds() - 1)
	return []row{{
		what:     fmt.Sprintf("ingest of %s through REST, %d documents, %d chunks, beside embedding the same chunks alone", collection.Name, len(documents), chunks),
		measured: fmt.Sprintf("%+.1f %% (%.0f s and %.0f s of processor time)", more, all.Seconds(), embedder.Seconds()),
		target:   "≤ 15 % more", missed: more > 15,
	}}, nil
}

// takeIn submits documents, waits for all of them and gives the program's
// processor time with the items' uids.
func (s *server) takeIn(ctx context.Context, documents []eval.Document) (cpu time.Duration, items []string, err error) {
	before := s.cpu()
	for _, d := range documents {
		j, err := s.submit(ctx, submitted{LibraryUID: s.library, Filename: d.ID + ".md", Text: "# " + d.Title + "\n\n" + d.Text + "\n"})
		if err != nil {
			return 0, nil, err
		}
		items = append(items, j.ItemUID)
	}
	err = s.settle(ctx, s.library)
	return s.cpu() - before, items, err
}

// embedAlone reads what was made of documents from a running program's data
// folder, and embeds it again.
type embedAlone struct {
	services *app.Services
	model    *minilm.Model
}

func openAlone(ctx context.Context, dir string) (*embedAlone, error) {
	environment := map[string]string{"MNEMOSYNE_DATA_DIR": dir}
	set, err := settings.Load(func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	})
	if err != nil {
		return nil, err
	}
	services, err := app.OpenServices(ctx, app.Program{
		Settings: set, Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), Version: "bench",
	})
	if err != nil {
		return nil, err
	}
	model := minilm.New(minilm.Options{})
	return &embedAlone{services: services, model: model}, model.Ping(ctx)
}

// embed gives the processor time of embedding the items' chunks in one go.
func (a *embedAlone) embed(ctx context.Context, libraryUID string, items []string) (cpu time.Duration, chunks int, err error) {
	var inputs []embedding.Input
	for _, uid := range items {
		doc, err := a.document(ctx, uid)
		if err != nil {
			return 0, 0, fmt.Errorf("read item %s of library %s: %w", uid, libraryUID, err)
		}
		typical, _ := library.TypeNamed(library.DefaultType)
		for c, err := range chunk.Split(doc, chunk.Options{
			MaxTokens: a.model.MaxTokens(), TargetTokens: min(typical.ChunkTokens, a.model.MaxTokens()), Count: a.model.CountTokens,
		}) {
			if err != nil {
				return 0, 0, err
			}
			inputs = append(inputs, embedding.Input{Context: c.Context, Text: doc.Text[c.StartByte:c.EndByte]})
		}
	}
	before := ownCPU(syscall.RUSAGE_SELF)
	_, err = a.model.EmbedDocuments(ctx, inputs)
	return ownCPU(syscall.RUSAGE_SELF) - before, len(inputs), err
}

const readKeys = `SELECT text_key, structure_key FROM item_generation WHERE item_uid = $1 AND status = 'published'`

// document reads an item's text and structure as ingest kept them.
func (a *embedAlone) document(ctx context.Context, itemUID string) (*document.Document, error) {
	keys, err := sqldb.One(ctx, a.services.DB.Read(), func(row sqldb.Row) (k [2]string, err error) {
		return k, row.Scan(&k[0], &k[1])
	}, readKeys, itemUID)
	if err != nil {
		return nil, err
	}
	var open [2]io.ReadCloser
	for i, key := range keys {
		if open[i], _, err = a.services.Objects.Open(ctx, key); err != nil {
			return nil, err
		}
		defer func() { _ = open[i].Close() }()
	}
	return document.Decode(open[0], open[1])
}
