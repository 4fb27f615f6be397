package sqlitegraph_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
)

const (
	killDir     = "SQLITEGRAPH_TEST_KILL_DIR" // set: this process is to be killed
	killLibrary = "SQLITEGRAPH_TEST_KILL_LIBRARY"
	killItem    = "SQLITEGRAPH_TEST_KILL_ITEM"
	killChunks  = 40
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		if err := publishForever(dir, os.Getenv(killLibrary), os.Getenv(killItem)); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// publishForever publishes generation after generation and says so.
func publishForever(dir, lib, item string) error {
	g, err := sqlitegraph.Open(dir, sqlitegraph.Options{})
	if err != nil {
		return err
	}
	for generation := int64(1); ; generation++ {
		ref := library.GenerationRef{LibraryUID: lib, ItemUID: item, Generation: generation}
		for i := range killChunks {
			chunk := library.IndexChunk{
				Ordinal: i, Text: fmt.Sprintf("apple generation%d part%d", generation, i), Space: space, Hash: fmt.Sprint(i), Vector: []float32{1, 0, 0, 0},
			}
			if err := g.Stage(context.Background(), ref, []library.IndexChunk{chunk}); err != nil {
				return err
			}
		}
		fmt.Printf("staged %d\n", generation)
		if err := g.Publish(context.Background(), ref, library.IndexItem{UID: item}, 1); err != nil {
			return err
		}
		fmt.Printf("published %d\n", generation)
	}
}

// Whatever the moment at which the process dies, readers find one generation
// whole, in words, vectors and statistics.
func TestAKilledProcessLeavesOneGenerationWhole(t *testing.T) {
	t.Parallel()
	for round, line := range []string{"published 1", "staged 2", "published 2", "staged 3"} {
		dir, lib, item := t.TempDir(), uuid.NewString(), uuid.NewString()
		killAt(t, line, killDir+"="+dir, killLibrary+"="+lib, killItem+"="+item)
		g := open(t, dir, sqlitegraph.Options{})
		found, near := fullText(t, g, "apple", lib), nearest(t, g, lib)
		if len(found) != killChunks || len(near) != killChunks {
			t.Fatalf("round %d: %d found by words, %d by vectors", round, len(found), len(near))
		}
		for _, hit := range append(found, near...) {
			if hit.Generation != found[0].Generation {
				t.Fatalf("round %d: generations %d and %d", round, hit.Generation, found[0].Generation)
			}
		}
		next := found[0].Generation + 1
		republish(t, g, lib, item, next+1, "pear", 1)
		if n := len(fullText(t, g, "apple", lib)) + len(fullText(t, g, fmt.Sprintf("generation%d", next), lib)); n != 0 {
			t.Errorf("round %d: %d chunks of what was replaced are found", round, n)
		}
		st, err := g.Stats(t.Context(), lib)
		if err != nil || st.Visible != 1 || st.Vectors != 1 {
			t.Errorf("round %d: %+v, %v", round, st, err)
		}
	}
}

// killAt runs this test program as the one that is killed when it has said a
// line.
func killAt(t *testing.T, line string, env ...string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	for heard := false; !heard && said.Scan(); {
		heard = strings.HasPrefix(said.Text(), line)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the process ended by itself")
	}
}
