package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

const starts = 11

// start measures starts on a folder that holds a document, and what memory
// the program holds right after.
func (b *bench) start(ctx context.Context) ([]row, error) {
	dir, err := b.folder("start")
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	if err := b.furnish(ctx, dir, data); err != nil {
		return nil, err
	}
	var waits, works []time.Duration
	var memory []int64
	for range starts {
		wait, work, held, err := b.startOnce(ctx, data)
		if err != nil {
			return nil, err
		}
		waits, works, memory = append(waits, wait), append(works, work), append(memory, held)
	}
	b.log.InfoContext(ctx, "started", slog.Any("waits", waits), slog.Any("resident_bytes", memory))
	wait, work, held := percentile(waits, .5), percentile(works, .5), slices.Max(memory)
	return []row{{
		what:     fmt.Sprintf("start on an existing data folder to `/ready/`, median of %d", starts),
		measured: fmt.Sprintf("%d ms (%d ms of processor time)", wait.Milliseconds(), work.Milliseconds()),
		target:   "≤ 500 ms", missed: wait > 500*time.Millisecond,
	}, {
		what: "resident memory then", measured: megabytes(held), target: "≤ 60 MB", missed: held > 60e6,
	}}, nil
}

// furnish takes a document in, so that the folder has been used.
func (b *bench) furnish(ctx context.Context, dir, data string) (err error) {
	pdf := filepath.Join(dir, "start.pdf")
	if err := b.words.seeded(12).book(pdf, 2); err != nil {
		return err
	}
	s, err := b.up(ctx, data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	j, err := s.upload(ctx, s.library, pdf)
	if err != nil {
		return err
	}
	return s.follow(ctx, j.ID, 50*time.Millisecond, job.ended)
}

func (b *bench) startOnce(ctx context.Context, data string) (wait, work time.Duration, held int64, err error) {
	started := time.Now()
	s, err := begin(ctx, data, exec.CommandContext(ctx, b.binary, "up"))
	if err != nil {
		return 0, 0, 0, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	for deadline := started.Add(time.Minute); !ready(ctx, s.url+"/ready/"); {
		if time.Now().After(deadline) {
			return 0, 0, 0, errors.New("the program is not ready after a minute")
		}
		if err := pause(ctx, 2*time.Millisecond); err != nil {
			return 0, 0, 0, err
		}
	}
	wait, work = time.Since(started), s.cpu()
	return wait, work, resident(s.pid), s.readBanner()
}

func ready(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	return res.Body.Close() == nil && res.StatusCode == http.StatusOK
}

func megabytes(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }

// percentile gives the time that a share p of all do not exceed.
func percentile(times []time.Duration, p float64) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[min(int(p*float64(len(sorted))), len(sorted)-1)]
}
