package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
)

const (
	bigLibrary   = "big"
	smallLibrary = "small"
	smallChunks  = 1000
	spaceName    = "made-up/384"
)

// job is what an engine is told to do, as JSON in its first argument.
type job struct {
	Do        string  `json:"do"` // build or ask
	Engine    string  `json:"engine"`
	Dir       string  `json:"dir"`       // the engine's own
	Vectors   string  `json:"vectors"`   // file of [Rows][Dim]float32
	Questions string  `json:"questions"` // file of [][Dim]float32
	Rows      int     `json:"rows"`
	Dim       int     `json:"dim"`
	PerItem   int     `json:"per_item"`
	Groups    int     `json:"groups"`
	K         int     `json:"k"`
	Scopes    []scope `json:"scopes"`
	Texts     []texts `json:"texts,omitempty"` // of questions, for an engine that reads them
}

type texts struct {
	Kind  string   `json:"kind"`
	Texts []string `json:"texts"`
}

// report is a line that an engine prints.
type report struct {
	What  string    `json:"what"` // progress, built, version, opened, or the name of a series of questions
	Done  int       `json:"done,omitempty"`
	IDs   [][]int   `json:"ids,omitempty"`
	MS    []float64 `json:"ms,omitempty"`    // by the clock, a question each
	CPU   float64   `json:"cpu,omitempty"`   // seconds of processor time, all of them together
	Bytes int64     `json:"bytes,omitempty"` // resident now; of what was built, on the disk
	Text  string    `json:"text,omitempty"`
}

func tell(r report) error { return json.NewEncoder(os.Stdout).Encode(r) }

// buildOurs fills the two libraries, or goes on where it was cut short.
func buildOurs(ctx context.Context, j job) (err error) {
	g, err := sqlitegraph.Open(j.Dir, sqlitegraph.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	m := newMaker()
	if err := fill(ctx, g, m, smallLibrary, newLayout(smallChunks), func(int) {}); err != nil {
		return err
	}
	cpu := processorTime()
	start := time.Now()
	said := time.Now()
	if err := fill(ctx, g, m, bigLibrary, layout{j.Rows, j.PerItem}, func(done int) {
		if time.Since(said) > 5*time.Second {
			said = time.Now()
			_ = tell(report{What: "progress", Done: done})
		}
	}); err != nil {
		return err
	}
	stats, err := g.Stats(ctx, bigLibrary)
	if err != nil {
		return err
	}
	return tell(report{What: "built", MS: []float64{milliseconds(time.Since(start))}, CPU: (processorTime() - cpu).Seconds(), Bytes: stats.Bytes})
}

func fill(ctx context.Context, g library.Graph, m *maker, uid string, l layout, progress func(int)) error {
	for from := 0; from < l.chunks; from += l.perItem {
		to := min(from+l.perItem, l.chunks)
		ref := library.GenerationRef{LibraryUID: uid, ItemUID: itemUID(uid, l.item(from)), Generation: 1}
		batch := make([]library.IndexChunk, 0, l.perItem)
		for chunk := from; chunk < to; chunk++ {
			text := m.text(chunk)
			batch = append(batch, library.IndexChunk{
				Ordinal: chunk - from, Text: text, End: len(text), Space: spaceName, Hash: text[:20], Vector: m.vector(chunk),
			})
		}
		if err := g.Stage(ctx, ref, batch); err != nil {
			return fmt.Errorf("stage: %w", err)
		}
		item := library.IndexItem{UID: ref.ItemUID, CollectionUID: collectionUID(l.group(from)), Title: m.say(chance(5, from), 5)}
		if err := g.Publish(ctx, ref, item, 0); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		progress(to)
	}
	return nil
}

// asker asks the index what it was built for.
type asker struct {
	g library.Graph
	l layout
	j job
}

func askOurs(ctx context.Context, j job) (err error) {
	g, err := sqlitegraph.Open(j.Dir, sqlitegraph.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	vectors, n, unmap, err := mapVectors(filepath.Clean(j.Questions))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unmap()) }()
	a := asker{g, layout{j.Rows, j.PerItem}, j}
	// The first search of a library loads its vectors.
	if err := series("opened", 1, func(int) ([]int, error) { return a.near(ctx, bigLibrary, a.l, j.Scopes[0], vectors(0), j.K) }); err != nil {
		return err
	}
	small := newLayout(smallChunks)
	for _, s := range j.Scopes {
		if err := series("vector "+s.Name, n, func(i int) ([]int, error) { return a.near(ctx, bigLibrary, a.l, s, vectors(i), j.K) }); err != nil {
			return err
		}
	}
	if err := series("small vector", n, func(i int) ([]int, error) { return a.near(ctx, smallLibrary, small, scopes()[0], vectors(i), j.K) }); err != nil {
		return err
	}
	for _, t := range j.Texts {
		for _, s := range j.Scopes {
			name := strings.TrimSuffix("words "+t.Kind+", "+s.Name, ", all")
			if err := series(name, len(t.Texts), func(i int) ([]int, error) { return a.words(ctx, bigLibrary, a.l, s, t.Texts[i]) }); err != nil {
				return err
			}
		}
	}
	if err := series("small words "+j.Texts[0].Kind, n, func(i int) ([]int, error) {
		return a.words(ctx, smallLibrary, small, j.Scopes[0], j.Texts[0].Texts[i])
	}); err != nil {
		return err
	}
	return a.whole(ctx, vectors)
}

// series asks n questions, one after the other, after a few that do not count.
func series(what string, n int, ask func(int) ([]int, error)) error {
	r := report{What: what}
	const warm = 5
	if n > warm {
		for i := range warm {
			if _, err := ask(n - 1 - i); err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
		}
	}
	cpu := processorTime()
	for i := range n {
		start := time.Now()
		found, err := ask(i)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		r.MS = append(r.MS, milliseconds(time.Since(start)))
		r.IDs = append(r.IDs, found)
	}
	r.CPU, r.Bytes = (processorTime() - cpu).Seconds(), resident()
	return tell(r)
}

func (a asker) near(ctx context.Context, uid string, l layout, s scope, v []float32, k int) ([]int, error) {
	q := library.VectorQuery{Libraries: []string{uid}, Space: spaceName, Vector: v, Filter: filter(uid, s), Limit: k}
	found, err := a.g.Nearest(ctx, q)
	return chunksOf(l, found), err
}

func (a asker) words(ctx context.Context, uid string, l layout, s scope, text string) ([]int, error) {
	const depth = 30 // as deep as a search looks
	q := library.FullTextQuery{Libraries: []string{uid}, Text: text, Filter: filter(uid, s), Limit: depth}
	found, err := a.g.FullText(ctx, q)
	return chunksOf(l, found), err
}

func filter(uid string, s scope) (f library.Filter) {
	for group := range s.Below {
		f.CollectionUIDs = append(f.CollectionUIDs, collectionUID(group))
	}
	if s.Item >= 0 {
		f.ItemUIDs = []string{itemUID(uid, s.Item)}
	}
	return f
}

func chunksOf(l layout, found []library.Scored) []int {
	out := make([]int, 0, len(found))
	for _, f := range found {
		item, err := itemOf(f.ItemUID)
		if err != nil {
			continue // no item of ours, so a miss
		}
		out = append(out, item*l.perItem+f.Ordinal)
	}
	return out
}
