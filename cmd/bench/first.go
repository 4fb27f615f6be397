package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// first clones the checkout, runs `make run` and asks a PDF over MCP: what a
// newcomer waits for.
func (b *bench) first(ctx context.Context) (rows []row, err error) {
	dir, err := b.folder("first")
	if err != nil {
		return nil, err
	}
	clone := filepath.Join(dir, "clone")
	if err := quiet(exec.CommandContext(ctx, "git", "clone", "--quiet", b.root, clone)); err != nil {
		return nil, err
	}
	beside := "a rack of containers: images of some GB first"
	if b.cold {
		took, err := coldBuild(ctx, clone, filepath.Join(dir, "cache"))
		if err != nil {
			return nil, err
		}
		beside = fmt.Sprintf("the first build, without a build cache: %.0f s", took.Seconds())
	}
	pdf := filepath.Join(dir, "first.pdf")
	if err := b.words.seeded(11).book(pdf, 3); err != nil {
		return nil, err
	}
	start := time.Now()
	cmd := exec.CommandContext(ctx, "make", "run")
	cmd.Dir = clone
	s, err := launch(ctx, filepath.Join(dir, "data"), cmd)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	banner := time.Since(start)
	j, err := s.upload(ctx, s.library, pdf)
	if err != nil {
		return nil, err
	}
	if err := s.follow(ctx, j.ID, 50*time.Millisecond, job.ended); err != nil {
		return nil, err
	}
	found := time.Since(start)
	if err := s.cited(ctx, "chapter 2"); err != nil {
		return nil, err
	}
	total := time.Since(start)
	return []row{{
		what:     "`make run` in a clone to the first cited answer over MCP, a PDF of 3 pages",
		measured: fmt.Sprintf("%.1f s (banner %.1f s, ingest %.1f s, answer %.2f s)", total.Seconds(), banner.Seconds(), (found - banner).Seconds(), (total - found).Seconds()),
		target:   "≤ 60 s", missed: total > time.Minute, beside: beside,
	}}, nil
}

// coldBuild times the first build on a machine, its modules downloaded.
func coldBuild(ctx context.Context, clone, cache string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, "make", "build")
	cmd.Dir = clone
	cmd.Env = append(environment(), "GOCACHE="+cache)
	start := time.Now()
	err := quiet(cmd)
	return time.Since(start), errors.Join(err, os.RemoveAll(cache))
}

// quiet runs a command and tells what it said where it fails.
func quiet(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}

// cited asks over MCP and sees that the answer can be cited: by page and by
// words that stand at its span.
func (s *server) cited(ctx context.Context, query string) error {
	session, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = session.Close() }()
	var found answer
	if err := ask(ctx, session, "search", map[string]any{"query": query}, &found); err != nil {
		return err
	}
	if len(found.Hits) == 0 || found.Hits[0].Page == nil || found.Hits[0].End <= found.Hits[0].Start {
		return fmt.Errorf("the answer to %q cites no page: %+v", query, found)
	}
	var doc struct{ Text string }
	hit := found.Hits[0]
	if err := ask(ctx, session, "get_item", map[string]any{
		"item_uid": hit.ItemUID, "offset": hit.Start, "max_chars": hit.End - hit.Start,
	}, &doc); err != nil {
		return err
	}
	if doc.Text != hit.Text {
		return fmt.Errorf("the cited span reads %.80q, the hit %.80q", doc.Text, hit.Text)
	}
	return nil
}
