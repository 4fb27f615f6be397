package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const ours = "mnemosyne"

func peerNames() []string {
	return []string{"faiss", "faiss-hnsw", "lancedb", "qdrant", "chroma", "sqlite-vec", "duckdb"}
}

func choosePeers(list string) ([]string, error) {
	var chosen []string
	if list == "all" {
		return peerNames(), nil
	}
	for name := range strings.SplitSeq(list, ",") {
		if name == "" {
			continue
		}
		if !slices.Contains(peerNames(), name) {
			return nil, fmt.Errorf("there is no %q; there are %s", name, strings.Join(peerNames(), ", "))
		}
		chosen = append(chosen, name)
	}
	return chosen, nil
}

// bench is what sizes are measured with.
type bench struct {
	dir       string
	python    string
	script    string
	peers     []string
	questions int
	k         int
	made      *maker
	log       *slog.Logger // how far it is
}

// size measures every engine on one size.
func (b *bench) size(ctx context.Context, n int) (err error) {
	dir := filepath.Join(b.dir, strconv.Itoa(n))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	j := job{
		Vectors: filepath.Join(dir, "vectors.f32"), Questions: filepath.Join(dir, "questions.f32"), Rows: n, Dim: dimensions,
		PerItem: newLayout(n).perItem, Groups: groups, K: b.k, Scopes: scopes(),
	}
	b.log.InfoContext(ctx, "making vectors", slog.Int("chunks", n))
	if err := b.makeFiles(j); err != nil {
		return err
	}
	b.log.InfoContext(ctx, "comparing every vector, for the recall", slog.Int("chunks", n))
	truth, err := b.truth(j)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, truth.close()) }()
	t := &table{truth: truth, chunks: n}
	for _, engine := range append([]string{ours}, b.peers...) {
		if err := b.engine(ctx, j, engine, t); err != nil {
			b.log.ErrorContext(ctx, "not measured", slog.String("engine", engine), slog.Int("chunks", n), slog.Any("error", err))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// makeFiles writes vectors and questions, unless they are there.
func (b *bench) makeFiles(j job) error {
	asked := b.made.questions(usual, b.questions)
	if err := writeVectors(j.Questions, len(asked), func(i int) []float32 { return asked[i].Vector }); err != nil {
		return err
	}
	if info, err := os.Stat(j.Vectors); err == nil && info.Size() == int64(j.Rows)*dimensions*4 {
		return nil
	}
	return writeVectors(j.Vectors, j.Rows, b.made.vector)
}

// engine builds and asks one, and prints its lines.
func (b *bench) engine(ctx context.Context, j job, engine string, t *table) error {
	j.Engine, j.Dir = engine, filepath.Join(b.dir, strconv.Itoa(j.Rows), engine)
	if engine == ours {
		for _, kind := range kindsOfQuestion() {
			of := texts{Kind: kind}
			for _, q := range b.made.questions(kind, b.questions) {
				of.Texts = append(of.Texts, q.Text)
			}
			j.Texts = append(j.Texts, of)
		}
	}
	t.begin(engine)
	built := filepath.Join(j.Dir, "built.json")
	if raw, err := os.ReadFile(filepath.Clean(built)); err == nil {
		var r report
		if err := json.Unmarshal(raw, &r); err != nil {
			return fmt.Errorf("read %s: %w", built, err)
		}
		t.add(r)
	} else if err := b.build(ctx, j, built, t); err != nil {
		return err
	}
	j.Do = "ask"
	return b.run(ctx, j, t.add)
}

func (b *bench) build(ctx context.Context, j job, built string, t *table) error {
	if err := os.MkdirAll(j.Dir, 0o700); err != nil {
		return err
	}
	j.Do, j.Texts = "build", nil
	return b.run(ctx, j, func(r report) {
		t.add(r)
		if r.What == "built" {
			if raw, err := json.Marshal(r); err == nil {
				_ = os.WriteFile(built, raw, 0o600) // else it is built again
			}
		}
	})
}

// run starts an engine's process and reads what it tells.
func (b *bench) run(ctx context.Context, j job, add func(report)) error {
	text, err := json.Marshal(j)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, jobCommand, string(text)) //nolint:gosec // this program
	if j.Engine != ours {
		if b.python == "" {
			return errors.New("MNEMOSYNE_BENCH_PYTHON names no interpreter")
		}
		cmd = exec.CommandContext(ctx, b.python, b.script, string(text)) //nolint:gosec // the user's own
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewReaderSize(out, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var r report
		if err := json.Unmarshal(line, &r); err != nil {
			continue // a library that talks
		}
		if r.What == "progress" {
			b.log.InfoContext(ctx, "building", slog.String("engine", j.Engine), slog.Int("done", r.Done), slog.Int("of", j.Rows))
			continue
		}
		add(r)
	}
	return cmd.Wait()
}
