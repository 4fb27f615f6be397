package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	questions   = 200
	smallChunks = 100
	fillers     = 4       // documents sent at once
	fillBytes   = 200_000 // a document of the large library
)

// search asks a library of many chunks and a small one beside it, through
// REST, one question after the other. The documents' vectors are made up;
// everything else is the program.
func (b *bench) search(ctx context.Context) (rows []row, err error) {
	dir, err := b.folder("search")
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	s, err := b.upMadeUp(ctx, data)
	if err != nil {
		return nil, err
	}
	stop := func() error { return s.stop() }
	defer func() { err = errors.Join(err, stop()) }()
	small, err := s.fillLibrary(ctx, b.words.seeded(20), "Small", smallChunks, 25_000)
	if err != nil {
		return nil, err
	}
	asked := b.questions(questions)
	if err := s.warm(ctx, asked[:1], small.UID); err != nil {
		return nil, err
	}
	alone, err := s.askAll(ctx, asked, small.UID)
	if err != nil {
		return nil, err
	}
	begin := s.cpu()
	large, err := s.fillLibrary(ctx, b.words.seeded(21), "Large", b.chunks, fillBytes)
	if err != nil {
		return nil, err
	}
	b.log.InfoContext(ctx, "filled", slog.Int("chunks", large.ChunkCount), slog.Duration("cpu", s.cpu()-begin))
	if err := s.warm(ctx, asked, large.UID); err != nil {
		return nil, err
	}
	known, err := s.askAll(ctx, asked, large.UID)
	if err != nil {
		return nil, err
	}
	beside, err := s.askAll(ctx, asked, small.UID)
	if err != nil {
		return nil, err
	}
	memory := treeMemory(s.pid)
	embedded, err := b.askCompiled(ctx, s, asked, large.UID)
	if err != nil {
		return nil, err
	}
	stop = func() error { return nil }
	return searchRows(large, small, memory, alone, beside, known, embedded), nil
}

func searchRows(large, small shelf, memory int64, alone, beside, known, embedded *asking) []row {
	same := 0
	for i := range alone.answers {
		if reflect.DeepEqual(alone.answers[i].Hits[:min(10, len(alone.answers[i].Hits))], beside.answers[i].Hits[:min(10, len(beside.answers[i].Hits))]) {
			same++
		}
	}
	p50, p95 := percentile(known.times, .5), percentile(known.times, .95)
	smallP50 := percentile(beside.times, .5)
	return []row{{
		what:     fmt.Sprintf("search through REST, %d chunks, %d questions, each embedded before (so not counted)", large.ChunkCount, len(known.times)),
		measured: known.String(), target: "p50 ≤ 40 ms, p95 ≤ 90 ms", missed: p50 > 40*time.Millisecond || p95 > 90*time.Millisecond,
		beside: "the program then holds " + megabytes(memory),
	}, {
		what: "the same questions with their embedding, by the compiled program", measured: embedded.String(),
	}, {
		what:     fmt.Sprintf("a library of %d chunks beside it, embedding not counted", small.ChunkCount),
		measured: beside.String(), target: "≤ 12 ms", missed: smallP50 > 12*time.Millisecond,
		beside: "alone: " + alone.String() + ", embedding counted",
	}, {
		what: "its first ten hits and scores the same as alone", measured: fmt.Sprintf("%d of %d questions", same, len(alone.answers)),
		target: "all", missed: same != len(alone.answers),
	}}
}

// upMadeUp starts this program as the server, with settings besides.
func (b *bench) upMadeUp(ctx context.Context, data string, set ...string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, serveCommand)
	cmd.Dir, cmd.Env = b.root, set
	return launch(ctx, data, cmd)
}

// askCompiled ends the server and asks the compiled program on its folder.
func (b *bench) askCompiled(ctx context.Context, s *server, asked []string, library string) (_ *asking, err error) {
	if err := s.stop(); err != nil {
		return nil, err
	}
	compiled, err := b.up(ctx, s.dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, compiled.stop()) }()
	compiled.token = s.token
	if err := compiled.warm(ctx, asked[:10], library); err != nil {
		return nil, err
	}
	return compiled.askAll(ctx, asked, library)
}

// fillLibrary makes a library of at least so many chunks from documents of so
// many bytes.
func (s *server) fillLibrary(ctx context.Context, w *writer, name string, chunks, bytes int) (shelf, error) {
	lib, err := s.newLibrary(ctx, name)
	if err != nil {
		return lib, err
	}
	const bytesOfChunk = 900 // at least; what is missing is filled in further rounds
	for sent := 0; lib.ChunkCount < chunks; {
		group, sending := errgroup.WithContext(ctx)
		group.SetLimit(fillers)
		for range max(1, (chunks-lib.ChunkCount)*bytesOfChunk/bytes) {
			d := submitted{LibraryUID: lib.UID, Filename: fmt.Sprintf("%s-%d.md", name, sent), Text: w.article(bytes)}
			group.Go(func() error {
				_, err := s.submit(sending, d)
				return err
			})
			sent++
		}
		if err := errors.Join(group.Wait(), s.settle(ctx, lib.UID)); err != nil {
			return lib, err
		}
		if lib, err = s.readLibrary(ctx, lib.UID); err != nil {
			return lib, err
		}
	}
	return lib, nil
}

// questions are of four to ten words.
func (b *bench) questions(n int) []string {
	w := b.words.seeded(22)
	all := make([]string, n)
	for i := range all {
		all[i] = strings.TrimSuffix(w.sentence(4+w.rand.IntN(7)), ".") + "?"
	}
	return all
}

// asking is what a series of questions took.
type asking struct {
	answers []answer
	times   []time.Duration
	cpu     time.Duration // of the server, all questions together
}

func (a *asking) String() string {
	ms := func(p float64) float64 { return float64(percentile(a.times, p)) / float64(time.Millisecond) }
	return fmt.Sprintf("p50 %.1f ms, p95 %.1f ms (%.1f ms of processor time)", ms(.5), ms(.95),
		float64(a.cpu)/float64(time.Millisecond)/float64(len(a.times)))
}

// warm asks until the vectors are loaded, which on a busy machine takes longer
// than a leg may.
func (s *server) warm(ctx context.Context, asked []string, library string) error {
	for _, q := range asked {
		for whole := false; !whole; {
			found, err := s.ask(ctx, q, library)
			if err != nil {
				return err
			}
			whole = !found.Degraded
		}
	}
	return nil
}

func (s *server) ask(ctx context.Context, query, library string) (answer, error) {
	var found answer
	return found, s.call(ctx, http.MethodPost, "/library/api/search/", map[string]any{
		"query": query, "libraries": []string{library}, "limit": 10,
	}, &found)
}

func (s *server) askAll(ctx context.Context, asked []string, library string) (*asking, error) {
	var all asking
	before := s.cpu()
	for _, q := range asked {
		begin := time.Now()
		found, err := s.ask(ctx, q, library)
		if err != nil {
			return nil, err
		}
		all.times = append(all.times, time.Since(begin))
		if found.Degraded || len(found.Hits) == 0 {
			return nil, fmt.Errorf("the answer to %q is not whole: %v", q, found.Status)
		}
		all.answers = append(all.answers, found)
	}
	all.cpu = s.cpu() - before
	return &all, nil
}
