package sqlitegraph_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
)

const space = "test/4"

// put publishes one chunk and gives its item.
func put(t *testing.T, g library.Graph, lib, text string, vector ...float32) string {
	t.Helper()
	item := uuid.NewString()
	republish(t, g, lib, item, 1, text, vector...)
	return item
}

func republish(t *testing.T, g library.Graph, lib, item string, generation int64, text string, vector ...float32) {
	t.Helper()
	ref := library.GenerationRef{LibraryUID: lib, ItemUID: item, Generation: generation}
	chunk := library.IndexChunk{Text: text, Space: space, Hash: text, Vector: append(vector, make([]float32, 4-len(vector))...)}
	if err := g.Stage(t.Context(), ref, []library.IndexChunk{chunk}); err != nil {
		t.Fatal(err)
	}
	if err := g.Publish(t.Context(), ref, library.IndexItem{UID: item}, 2); err != nil {
		t.Fatal(err)
	}
}

func nearest(t *testing.T, g library.Graph, libs ...string) []library.Scored {
	t.Helper()
	found, err := g.Nearest(t.Context(), library.VectorQuery{Libraries: libs, Space: space, Vector: []float32{1, 0, 0, 0}, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func fullText(t *testing.T, g library.Graph, text string, libs ...string) []library.Scored {
	t.Helper()
	found, err := g.FullText(t.Context(), library.FullTextQuery{Libraries: libs, Text: text, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAnotherProcessesChangesAreSeen(t *testing.T) {
	t.Parallel()
	dir, lib := t.TempDir(), uuid.NewString()
	here, there := open(t, dir, sqlitegraph.Options{}), open(t, dir, sqlitegraph.Options{})
	item := put(t, there, lib, "apple", 1)
	if n := len(nearest(t, here, lib)); n != 1 {
		t.Fatalf("%d hits, want 1", n)
	}
	republish(t, there, lib, item, 2, "apple again", 0, 1)
	put(t, there, lib, "apple too", 0.5)
	found := nearest(t, here, lib)
	if len(found) != 2 || found[0].Score != 0.5 || found[1].Generation != 2 {
		t.Fatalf("found %+v", found)
	}
	if err := there.DeleteLibrary(t.Context(), lib); err != nil {
		t.Fatal(err)
	}
	if n := len(nearest(t, here, lib)) + len(fullText(t, here, "apple", lib)); n != 0 {
		t.Fatalf("%d hits of a library that another process deleted", n)
	}
	put(t, there, lib, "pear", 1)
	if found := fullText(t, here, "pear", lib); len(found) != 1 {
		t.Fatalf("found %+v of a library that was made again", found)
	}
}

// More changes than the log keeps: everything is loaded anew.
func TestChangesBeyondTheLogAreSeen(t *testing.T) {
	t.Parallel()
	dir, lib := t.TempDir(), uuid.NewString()
	here, there := open(t, dir, sqlitegraph.Options{}), open(t, dir, sqlitegraph.Options{})
	item := put(t, there, lib, "apple", 1)
	nearest(t, here, lib)
	sqlitegraph.ForgetChanges(t, there, lib)
	if err := there.DeleteItem(t.Context(), lib, item); err != nil {
		t.Fatal(err)
	}
	sqlitegraph.ForgetChanges(t, there, lib)
	put(t, there, lib, "pear", 0.5)
	if found := nearest(t, here, lib); len(found) != 1 || found[0].ItemUID == item {
		t.Fatalf("found %+v", found)
	}
}

func TestFilesAreClosedBeyondTheirNumber(t *testing.T) {
	t.Parallel()
	g := open(t, t.TempDir(), sqlitegraph.Options{OpenFiles: 3})
	var libs []string
	for i := range 12 {
		lib := uuid.NewString()
		libs = append(libs, lib)
		put(t, g, lib, fmt.Sprintf("apple %d", i), 1)
		if n := g.OpenFiles(); n > 3 {
			t.Fatalf("%d files are open", n)
		}
	}
	if n := len(fullText(t, g, "apple", libs...)); n != 12 {
		t.Fatalf("%d hits, want 12", n)
	}
	if n := g.OpenFiles(); n > 3 {
		t.Fatalf("%d files are open after a search", n)
	}
}

func TestVectorsInMemoryStayWithinTheirBudget(t *testing.T) {
	t.Parallel()
	const few = 16*32 + 500 // the smallest slab there is, and what is known of a row and its item
	g := open(t, t.TempDir(), sqlitegraph.Options{VectorBytes: 3*few + few/2})
	var libs []string
	for range 10 {
		lib := uuid.NewString()
		libs = append(libs, lib)
		put(t, g, lib, "apple", 1)
	}
	for range 2 {
		if n := len(nearest(t, g, libs...)); n != 10 {
			t.Fatalf("%d hits, want 10", n)
		}
		if held := g.VectorBytes(); held == 0 || held > 3*few+few/2 {
			t.Fatalf("%d bytes are held", held)
		}
	}
}

func TestALoadOfVectorsOutlivesTheSearchThatWasLate(t *testing.T) {
	t.Parallel()
	dir, lib := t.TempDir(), uuid.NewString()
	g := open(t, dir, sqlitegraph.Options{})
	put(t, g, lib, "apple", 1)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	g = open(t, dir, sqlitegraph.Options{})
	late, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = g.Nearest(late, library.VectorQuery{Libraries: []string{lib}, Space: space, Vector: []float32{1, 0, 0, 0}, Limit: 1})
	g.Loaded(lib, space)
	if g.VectorBytes() == 0 {
		t.Error("the vectors are not in memory for the next search")
	}
}

func TestADamagedFileIsNamedAndTheOthersAnswer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := open(t, dir, sqlitegraph.Options{})
	good, bad := uuid.NewString(), uuid.NewString()
	put(t, g, good, "apple", 1)
	if err := os.WriteFile(filepath.Join(dir, bad+".db"), bytes.Repeat([]byte("not a database "), 2000), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := g.FullText(t.Context(), library.FullTextQuery{Libraries: []string{good, bad}, Text: "apple", Limit: 5})
	if len(found) != 1 {
		t.Errorf("found %+v", found)
	}
	if !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), bad+".db is damaged") || !strings.Contains(err.Error(), "mnemosyne reindex --library "+bad) {
		t.Errorf("the error is %v", err)
	}
	if err := g.DeleteLibrary(t.Context(), bad); err != nil {
		t.Fatal(err)
	}
	if found := fullText(t, g, "apple", good, bad); len(found) != 1 {
		t.Errorf("found %+v after the damaged file was deleted", found)
	}
}

func TestDamageWithinAFileIsAnError(t *testing.T) {
	t.Parallel()
	dir, lib := t.TempDir(), uuid.NewString()
	g := open(t, dir, sqlitegraph.Options{})
	for i := range 50 {
		put(t, g, lib, fmt.Sprintf("apple %d %s", i, strings.Repeat("word ", 200)), 1)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, lib+".db")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[8192:], bytes.Repeat([]byte{0xa5}, len(data)-8192))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	g = open(t, dir, sqlitegraph.Options{})
	if _, err := g.FullText(t.Context(), library.FullTextQuery{Libraries: []string{lib}, Text: "apple", Limit: 5}); !errs.Is(err, errs.Unavailable) {
		t.Fatalf("the error is %v", err)
	}
}

func TestAnIndexOfANewerProgramIsRefused(t *testing.T) {
	t.Parallel()
	dir, lib := t.TempDir(), uuid.NewString()
	g := open(t, dir, sqlitegraph.Options{})
	put(t, g, lib, "apple", 1)
	sqlitegraph.SetVersion(t, g, lib, 99)
	g = open(t, dir, sqlitegraph.Options{})
	_, err := g.FullText(t.Context(), library.FullTextQuery{Libraries: []string{lib}, Text: "apple", Limit: 5})
	if !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), "version 99") {
		t.Fatalf("the error is %v", err)
	}
}

func TestAnIndexOfAnOlderProgramIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	dir, lib := t.TempDir(), uuid.NewString()
	old := open(t, dir, sqlitegraph.Options{})
	item := put(t, old, lib, "apple", 1)
	sqlitegraph.Downgrade(t, old, lib)
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	g := open(t, dir, sqlitegraph.Options{})
	ref := library.GenerationRef{LibraryUID: lib, ItemUID: item, Generation: 1}
	if err := g.AddVectors(t.Context(), ref, "next/1", map[int][]float32{0: {1}}); err != nil {
		t.Fatal(err)
	}
	republish(t, g, lib, item, 2, "pear", 1)
	if found := nearest(t, g, lib); len(found) != 1 || found[0].Generation != 2 {
		t.Errorf("found %v", found)
	}
	if found := fullText(t, g, "apple pear", lib); len(found) != 1 {
		t.Errorf("found %v", found)
	}
}

func TestAUidCannotNameAFileElsewhere(t *testing.T) {
	t.Parallel()
	g := open(t, t.TempDir(), sqlitegraph.Options{})
	for _, uid := range []string{"", ".", "..", "../x", "a/b", "a\x00b", "-x", strings.Repeat("a", 200)} {
		if _, err := g.Stats(t.Context(), uid); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %v", uid, err)
		}
	}
}

func TestASearchMakesNoFile(t *testing.T) {
	t.Parallel()
	dir, lib := t.TempDir(), uuid.NewString()
	g := open(t, dir, sqlitegraph.Options{})
	nearest(t, g, lib)
	fullText(t, g, "apple", lib)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Fatalf("%v, %v", entries, err)
	}
}

func TestADeletedLibraryLeavesNoFile(t *testing.T) {
	t.Parallel()
	dir, lib := t.TempDir(), uuid.NewString()
	g := open(t, dir, sqlitegraph.Options{})
	put(t, g, lib, "apple", 1)
	if err := g.DeleteLibrary(t.Context(), lib); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Fatalf("%v, %v", entries, err)
	}
}

func TestWhoeverReadsDuringADeletionBringsNoFileBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g, err := sqlitegraph.Open(dir, sqlitegraph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Close() }()
	for range 100 {
		lib := uuid.NewString()
		item := put(t, g, lib, "words", 1)
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for range 5 {
					if err := g.DeleteItem(t.Context(), lib, item); err != nil {
						t.Error(err)
					}
				}
			})
		}
		if err := g.DeleteLibrary(t.Context(), lib); err != nil {
			t.Fatal(err)
		}
		group.Wait()
		if files, err := filepath.Glob(filepath.Join(dir, lib+"*")); err != nil || len(files) != 0 {
			t.Fatalf("%v are back, %v", files, err)
		}
	}
}

func TestDeletedWordsAreNotInTheFile(t *testing.T) {
	t.Parallel()
	dir, lib := t.TempDir(), uuid.NewString()
	g := open(t, dir, sqlitegraph.Options{})
	put(t, g, lib, "plain words", 1)
	item := put(t, g, lib, "xylophonesecret zanzibarsecret", 1)
	if err := g.DeleteItem(t.Context(), lib, item); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, lib+".db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"xylophonesecret", "zanzibarsecret"} {
		if bytes.Contains(data, []byte(word)) {
			t.Errorf("%q is still in the file", word)
		}
	}
}

func TestAClosedGraphSaysSo(t *testing.T) {
	t.Parallel()
	g := open(t, t.TempDir(), sqlitegraph.Options{})
	lib := uuid.NewString()
	put(t, g, lib, "apple", 1)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Stats(t.Context(), lib); !errs.Is(err, errs.Unavailable) {
		t.Fatalf("the error is %v", err)
	}
}
