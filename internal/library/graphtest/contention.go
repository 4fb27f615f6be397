package graphtest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
)

func contention() map[string]func(*testing.T, Fixture) {
	return map[string]func(*testing.T, Fixture){
		"ReadersSeeOneGenerationWholeWhileAnotherIsPublished": testAtomicPublish,
		"ManyWritersLoseNothing":                              testManyWritersLoseNothing,
		"ACancelledCallStopsAndHarmsNothing":                  testACancelledCallStopsAndHarmsNothing,
	}
}

func testManyWritersLoseNothing(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	const writers, each = 8, 4
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				item := uuid.NewString()
				ref := s.ref(item, 1)
				err := s.g.Stage(t.Context(), ref, chunksOf(fmt.Sprintf("apple %d %d", w, i)))
				if err == nil {
					err = s.g.Publish(t.Context(), ref, library.IndexItem{UID: item}, 2)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	s.equal(len(s.words("apple")), writers*each)
	s.equal(len(s.near("apple")), writers*each)
}

func testACancelledCallStopsAndHarmsNothing(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	s.put("apple")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.g.FullText(ctx, library.FullTextQuery{Libraries: []string{s.uid}, Text: "apple", Limit: 5}); err == nil {
		t.Error("FullText answers after its context ended")
	}
	if _, err := s.g.Nearest(ctx, library.VectorQuery{Libraries: []string{s.uid}, Space: space, Vector: vectorOf("x"), Limit: 5}); err == nil {
		t.Error("Nearest answers after its context ended")
	}
	if err := s.g.Stage(ctx, s.ref(uuid.NewString(), 1), chunksOf("pear")); err == nil {
		t.Error("Stage writes after its context ended")
	}
	s.sees("apple", "apple")
	s.equal(s.stats().Chunks, int64(1))
}

// testAtomicPublish lets readers search while generations follow one another.
// Each answer must be of one generation, whole.
func testAtomicPublish(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	const generations, chunks = 12, 5
	item := uuid.NewString()
	stage := func(g int64) []string {
		texts := make([]string, chunks)
		for i := range texts {
			texts[i] = fmt.Sprintf("apple generation%d part%d", g, i)
		}
		return texts
	}
	s.stage(item, 1, stage(1)...)
	s.publish(item, 1)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for reader := range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := oneGeneration(t.Context(), s, item, reader%2 == 0, chunks); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for g := int64(2); g <= generations; g++ {
		s.stage(item, g, stage(g)...)
		s.publish(item, g)
	}
	close(done)
	readers.Wait()
	s.sees("apple", stage(generations)...)
}

func oneGeneration(ctx context.Context, s shelf, item string, words bool, want int) error {
	var found []library.Scored
	var err error
	if words {
		found, err = s.g.FullText(ctx, library.FullTextQuery{Libraries: []string{s.uid}, Text: "apple", Limit: 50})
	} else {
		found, err = s.g.Nearest(ctx, library.VectorQuery{Libraries: []string{s.uid}, Space: space, Vector: vectorOf("x"), Limit: 50})
	}
	if err != nil {
		return err
	}
	if len(found) != want {
		return fmt.Errorf("%d hits, want %d (by words: %v)", len(found), want, words)
	}
	for _, hit := range found {
		if hit.Generation != found[0].Generation {
			return fmt.Errorf("generations %d and %d in one answer", found[0].Generation, hit.Generation)
		}
	}
	// The generation that was found stays readable while only a few follow.
	chunks, err := s.g.Chunks(ctx, s.ref(item, found[0].Generation), 0, want)
	if err != nil {
		return err
	}
	for _, c := range chunks {
		if !strings.Contains(c.Text, fmt.Sprintf("generation%d ", c.Generation)) {
			return fmt.Errorf("generation %d holds %q", c.Generation, c.Text)
		}
	}
	return nil
}
