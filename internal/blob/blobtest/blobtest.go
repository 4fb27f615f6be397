// Package blobtest is what every object store must do, as tests.
package blobtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"git.helu.ca/r/mnemosyne/internal/blob"
)

// Run runs all of them, each on an empty store.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, blob.Store){
		"objects of every size come back":           sizes,
		"putting again replaces the whole":          replaced,
		"a failed Put changes nothing":              failed,
		"an absent object is missing":               missing,
		"a bad key is refused":                      badKeys,
		"a prefix lists what begins with it":        listed,
		"a reader seeks":                            seeks,
		"writers of one key leave one of them":      contended,
		"readers see one writing or fail":           unmixed,
		"a sweep leaves what is whole and is young": swept,
		"it gives a sign of life":                   alive,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// Bounded tells that a large object goes in and out within a bound of memory.
// It measures the whole process: no other test may run beside it.
func Bounded(t *testing.T, s blob.Store, size, bound int64) {
	t.Helper()
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak uint64
	sum := sha256.New()
	watched := &watcher{r: io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{1}), size), sum), each: 16 << 20, tell: func() { peak = max(peak, heap()) }}
	info, err := s.Put(t.Context(), "large", watched)
	if err != nil {
		t.Fatal(err)
	}
	want := hex.EncodeToString(sum.Sum(nil))
	if info.Size != size || info.SHA256 != want {
		t.Errorf("Put = %+v, want %d bytes of %s", info, size, want)
	}
	f, _, err := s.Open(t.Context(), "large")
	if err != nil {
		t.Fatal(err)
	}
	back := sha256.New()
	watched.r = f
	if _, err := io.Copy(back, watched); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if got := hex.EncodeToString(back.Sum(nil)); got != want {
		t.Errorf("%s came back, want %s", got, want)
	}
	grown := int64(peak) - int64(before.HeapInuse)
	t.Logf("%d MiB went in and out with %d MiB of heap", size>>20, grown>>20)
	if grown > bound {
		t.Errorf("the heap grew by %d bytes, want at most %d", grown, bound)
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

type watcher struct {
	r              io.Reader
	read, at, each int64
	tell           func()
}

func (w *watcher) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if w.read += int64(n); w.read >= w.at {
		w.at += w.each
		w.tell()
	}
	return n, err
}

func content(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(b) // it never fails
	return b
}

func put(t *testing.T, s blob.Store, key string, b []byte) blob.Info {
	t.Helper()
	info, err := s.Put(t.Context(), key, iotest.HalfReader(bytes.NewReader(b)))
	if err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
	return info
}

func get(t *testing.T, s blob.Store, key string) ([]byte, blob.Info) {
	t.Helper()
	f, info, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("open %s: %v", key, err)
	}
	b, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return b, info
}

// sizes has the edges of what engines write in one piece.
func sizes(t *testing.T, s blob.Store) {
	for _, n := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 8<<20 - 1, 8 << 20, 8<<20 + 1, 24<<20 + 5} {
		key, want := fmt.Sprintf("of/%d", n), content(n)
		sum := sha256.Sum256(want)
		info := put(t, s, key, want)
		if info.Key != key || info.Size != int64(n) || info.SHA256 != hex.EncodeToString(sum[:]) || info.Modified.IsZero() {
			t.Errorf("Put of %d bytes = %+v", n, info)
		}
		got, info := get(t, s, key)
		if !bytes.Equal(got, want) || info.Size != int64(n) || info.Key != key || info.Modified.IsZero() {
			t.Errorf("of %d bytes %d came back, %+v", n, len(got), info)
		}
	}
}

func replaced(t *testing.T, s blob.Store) {
	for _, n := range []int{9 << 20, 100, 0, 10 << 20} {
		put(t, s, "k", content(n))
		if got, _ := get(t, s, "k"); !bytes.Equal(got, content(n)) {
			t.Errorf("%d bytes came back, want the %d written last", len(got), n)
		}
	}
}

// failed breaks off before, in and after the first piece.
func failed(t *testing.T, s blob.Store) {
	put(t, s, "k", []byte("old"))
	for _, n := range []int{0, 10, 1 << 20, 20 << 20} {
		broken := func() io.Reader {
			return io.MultiReader(bytes.NewReader(content(n)), iotest.ErrReader(io.ErrNoProgress))
		}
		for _, key := range []string{"k", "new"} {
			if _, err := s.Put(t.Context(), key, broken()); !errors.Is(err, io.ErrNoProgress) {
				t.Errorf("Put of a reader that breaks after %d bytes = %v", n, err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		ending := io.MultiReader(bytes.NewReader(content(n)), readerFunc(func([]byte) (int, error) { cancel(); return 0, nil }), bytes.NewReader(content(9<<20)))
		if _, err := s.Put(ctx, "k", ending); !errors.Is(err, context.Canceled) {
			t.Errorf("Put whose context ends after %d bytes = %v", n, err)
		}
		cancel()
	}
	if got, _ := get(t, s, "k"); string(got) != "old" {
		t.Errorf("%d bytes are there, want the old object", len(got))
	}
	if keys := list(t, s, ""); !slices.Equal(keys, []string{"k"}) {
		t.Errorf("there are %v, want the old object alone", keys)
	}
}

// readerFunc is read once.
type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) {
	n, _ := f(p)
	return n, io.EOF
}

func missing(t *testing.T, s blob.Store) {
	put(t, s, "a/b", []byte("x"))
	for _, key := range []string{"none", "a", "a/b/c", "a/none"} {
		if _, _, err := s.Open(t.Context(), key); !errors.Is(err, blob.ErrMissing) {
			t.Errorf("Open of %s = %v, want ErrMissing", key, err)
		}
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("Delete of %s = %v", key, err)
		}
	}
	if err := s.Delete(t.Context(), "a/b"); err != nil {
		t.Error(err)
	}
	if _, _, err := s.Open(t.Context(), "a/b"); !errors.Is(err, blob.ErrMissing) {
		t.Errorf("a deleted object: %v", err)
	}
}

func badKeys(t *testing.T, s blob.Store) {
	for _, key := range []string{"", "/a", "a/", "a//b", "..", "a/../b", ".part/x", "a b", "ä", "a\x00", strings.Repeat("k", 513)} {
		_, putErr := s.Put(t.Context(), key, strings.NewReader("x"))
		_, _, openErr := s.Open(t.Context(), key)
		for doing, err := range map[string]error{"Put": putErr, "Open": openErr, "Delete": s.Delete(t.Context(), key)} {
			if !errors.Is(err, blob.ErrKey) {
				t.Errorf("%s of %q = %v, want ErrKey", doing, key, err)
			}
		}
	}
}

func list(t *testing.T, s blob.Store, prefix string) []string {
	t.Helper()
	keys := []string{}
	for info, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		if info.Size != int64(len(info.Key)) && info.Key != "k" || info.Modified.IsZero() {
			t.Errorf("listed as %+v", info)
		}
		keys = append(keys, info.Key)
	}
	slices.Sort(keys)
	return keys
}

func listed(t *testing.T, s blob.Store) {
	for _, key := range []string{"a/b/1", "a/b/2", "a/bc", "a/c", "b"} {
		put(t, s, key, []byte(key))
	}
	for prefix, want := range map[string][]string{
		"": {"a/b/1", "a/b/2", "a/bc", "a/c", "b"}, "a/b": {"a/b/1", "a/b/2", "a/bc"}, "a/b/": {"a/b/1", "a/b/2"}, "a/b/2": {"a/b/2"}, "none": {}, "none/x": {},
	} {
		if got := list(t, s, prefix); !slices.Equal(got, want) {
			t.Errorf("%q lists %v, want %v", prefix, got, want)
		}
	}
	for _, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Error(err)
		}
		break // a caller may stop
	}
	for _, err := range s.List(t.Context(), "../x") {
		if !errors.Is(err, blob.ErrKey) {
			t.Errorf("a prefix that leads out: %v", err)
		}
	}
}

func seeks(t *testing.T, s blob.Store) {
	want := content(200_000)
	put(t, s, "k", want)
	f, _, err := s.Open(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	if err := iotest.TestReader(f, want); err != nil {
		t.Error(err)
	}
	if _, err := f.Seek(-1, io.SeekStart); err == nil {
		t.Error("a place before the beginning is taken")
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := f.Read(make([]byte, 1)); err == nil {
		t.Error("a closed reader reads")
	}
}

func contended(t *testing.T, s blob.Store) {
	var group sync.WaitGroup
	for i := range 6 {
		group.Go(func() {
			if _, err := s.Put(t.Context(), "k", bytes.NewReader(bytes.Repeat([]byte{byte('a' + i)}, 9<<20))); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	got, _ := get(t, s, "k")
	if len(got) != 9<<20 || bytes.Count(got, got[:1]) != len(got) {
		t.Errorf("%d bytes of several writers", len(got))
	}
}

func unmixed(t *testing.T, s blob.Store) {
	const size = 12 << 20
	put(t, s, "k", bytes.Repeat([]byte{'a'}, size))
	f, _, err := s.Open(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := io.CopyN(io.Discard, f, 1000); err != nil {
		t.Fatal(err)
	}
	put(t, s, "k", bytes.Repeat([]byte{'b'}, size))
	if _, err := f.Seek(size/2, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(f)
	if n := bytes.IndexByte(got, 'b'); n >= 0 || (err == nil && len(got) != size/2) {
		t.Errorf("a reader of the first writing reads %d bytes, of the second from %d on, %v", len(got), n, err)
	}
}

func swept(t *testing.T, s blob.Store) {
	put(t, s, "k", content(9<<20))
	if err := s.Sweep(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, _ := get(t, s, "k"); !bytes.Equal(got, content(9<<20)) {
		t.Error("a whole object was swept")
	}
}

func alive(t *testing.T, s blob.Store) {
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if keys := list(t, s, ""); len(keys) != 0 {
		t.Errorf("a sign of life leaves %v", keys)
	}
}
