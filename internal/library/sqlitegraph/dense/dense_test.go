package dense

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func random(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func TestKernelAgreesWithPlainSum(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, stride := range []int{8, 16, 32, 40, 64, 384, 392, 1024} {
		for _, n := range []int{1, 2, 7, 130} {
			query, rows := random(r, stride), random(r, stride*n)
			fast, portable := make([]float32, n), make([]float32, n)
			dotRows(query, rows, fast)
			dotPortable(query, rows, portable)
			for i := range n {
				var want float64
				for j := range stride {
					want += float64(query[j]) * float64(rows[i*stride+j])
				}
				if math.Abs(float64(fast[i])-want) > 1e-3 || math.Abs(float64(portable[i])-want) > 1e-3 {
					t.Fatalf("stride %d, row %d of %d: %v and %v, want %v", stride, i, n, fast[i], portable[i], want)
				}
			}
		}
	}
}

func TestNearestIsExactAsGroupsComeAndGo(t *testing.T) {
	t.Parallel()
	const dim = 30 // not a multiple of eight: rows are padded
	r := rand.New(rand.NewPCG(3, 4))
	m, truth := New(dim), map[Key][]float32{}
	for step := range 60 {
		group := int64(1 + r.IntN(40))
		m.Remove(group)
		for k := range truth {
			if k.Group == group {
				delete(truth, k)
			}
		}
		for i := range r.IntN(120) {
			k, v := Key{Group: group, Ordinal: int32(i)}, random(r, dim)
			truth[k] = v
			if err := m.Add(k, v); err != nil {
				t.Fatal(err)
			}
		}
		if m.Len() != len(truth) {
			t.Fatalf("step %d: Len() = %d, want %d", step, m.Len(), len(truth))
		}
		query := random(r, dim)
		got, err := m.Nearest(t.Context(), query, 10, nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := brute(truth, query, 10, nil); !slices.Equal(keysOf(got), want) {
			t.Fatalf("step %d: found %v, want %v", step, keysOf(got), want)
		}
		some := []int64{group, group%40 + 1, 99}
		got, err = m.Nearest(t.Context(), query, 5, some)
		if err != nil {
			t.Fatal(err)
		}
		if want := brute(truth, query, 5, some); !slices.Equal(keysOf(got), want) {
			t.Fatalf("step %d, within %v: found %v, want %v", step, some, keysOf(got), want)
		}
	}
}

func brute(truth map[Key][]float32, query []float32, k int, groups []int64) []Key {
	var all []Match
	for key, v := range truth {
		if groups == nil || slices.Contains(groups, key.Group) {
			all = append(all, Match{Key: key, Score: Dot(query, v)})
		}
	}
	slices.SortFunc(all, better)
	return keysOf(all[:min(k, len(all))])
}

func keysOf(ms []Match) []Key {
	out := []Key{}
	for _, m := range ms {
		out = append(out, m.Key)
	}
	return out
}

func TestManyRowsAreSearchedInPartsWithTheSameAnswer(t *testing.T) {
	t.Parallel()
	const dim, rows = 64, parallelMin/64 + 3000
	r := rand.New(rand.NewPCG(5, 6))
	m, truth := New(dim), map[Key][]float32{}
	for i := range rows {
		k, v := Key{Group: int64(i%500 + 1), Ordinal: int32(i)}, random(r, dim)
		truth[k] = v
		if err := m.Add(k, v); err != nil {
			t.Fatal(err)
		}
	}
	query := random(r, dim)
	got, err := m.Nearest(t.Context(), query, 50, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := brute(truth, query, 50, nil); !slices.Equal(keysOf(got), want) {
		t.Fatalf("found %v, want %v", keysOf(got), want)
	}
}

func TestEqualScoresComeInTheOrderOfTheirKeys(t *testing.T) {
	t.Parallel()
	m := New(8)
	v := []float32{1, 0, 0, 0, 0, 0, 0, 0}
	for i := range 300 {
		if err := m.Add(Key{Group: int64(300 - i), Ordinal: int32(i % 3)}, v); err != nil {
			t.Fatal(err)
		}
	}
	got, err := m.Nearest(t.Context(), v, 4, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, match := range got {
		if match.Key.Group != int64(i+1) {
			t.Fatalf("place %d holds group %d", i, match.Key.Group)
		}
	}
}

func TestWrongDimensionsAndCancelledSearchesAreErrors(t *testing.T) {
	t.Parallel()
	m := New(4)
	if err := m.Add(Key{Group: 1}, []float32{1}); !errors.Is(err, ErrDimensions) {
		t.Errorf("Add of another dimension: %v", err)
	}
	if err := m.Add(Key{Group: 1}, []float32{1, 2, 3, 4}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Nearest(t.Context(), []float32{1}, 1, nil); !errors.Is(err, ErrDimensions) {
		t.Errorf("Nearest of another dimension: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Nearest(ctx, []float32{1, 2, 3, 4}, 1, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Nearest after cancel: %v", err)
	}
}

func BenchmarkNearest(b *testing.B) {
	const dim, rows = 384, 100_000
	r := rand.New(rand.NewPCG(7, 8))
	m := New(dim)
	for i := range rows {
		if err := m.Add(Key{Group: int64(i/20 + 1), Ordinal: int32(i)}, random(r, dim)); err != nil {
			b.Fatal(err)
		}
	}
	query := random(r, dim)
	for b.Loop() {
		if _, err := m.Nearest(b.Context(), query, 50, nil); err != nil {
			b.Fatal(err)
		}
	}
}
