package dense

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// exactly ranks what Nearest gives by the vectors themselves, as a caller does.
func exactly(t *testing.T, m *Matrix, truth map[Key][]float32, query []float32, k int, groups []int64) []Key {
	t.Helper()
	found, err := m.Nearest(t.Context(), query, k, groups)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) > mostTimes*k+mostMore {
		t.Fatalf("%d rows for %d", len(found), k)
	}
	top := NewTop(k)
	for _, f := range found {
		top.Offer(Match{Key: f.Key, Score: Dot(query, truth[f.Key])})
	}
	return keysOf(top.Sorted())
}

func brute(truth map[Key][]float32, query []float32, k int, groups []int64) []Key {
	within := map[int64]bool{}
	for _, g := range groups {
		within[g] = true
	}
	top := NewTop(k)
	for key, v := range truth {
		if groups == nil || within[key.Group] {
			top.Offer(Match{Key: key, Score: Dot(query, v)})
		}
	}
	return keysOf(top.Sorted())
}

func keysOf(ms []Match) []Key {
	out := []Key{}
	for _, m := range ms {
		out = append(out, m.Key)
	}
	return out
}

func TestNearestHoldsTheBestAsGroupsComeAndGo(t *testing.T) {
	t.Parallel()
	const dim = 30 // not a multiple of 32: rows are padded
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
		if got, want := exactly(t, m, truth, query, 10, nil), brute(truth, query, 10, nil); !slices.Equal(got, want) {
			t.Fatalf("step %d: found %v, want %v", step, got, want)
		}
		some := []int64{group, group%40 + 1, 99}
		if got, want := exactly(t, m, truth, query, 5, some), brute(truth, query, 5, some); !slices.Equal(got, want) {
			t.Fatalf("step %d, within %v: found %v, want %v", step, some, got, want)
		}
	}
	m.Free()
	if found, err := m.Nearest(t.Context(), random(r, dim), 5, nil); err != nil || len(found) != 0 || m.Bytes() != 0 {
		t.Fatalf("after Free: %v, %v, %d bytes", found, err, m.Bytes())
	}
}

func TestManyRowsAreSearchedInPartsAtEverySelectivity(t *testing.T) {
	t.Parallel()
	const dim, rows, groups = 64, parallelMin/64 + 3000, 500
	r := rand.New(rand.NewPCG(5, 6))
	m, truth := New(dim), map[Key][]float32{}
	defer m.Free()
	for i := range rows {
		k, v := Key{Group: int64(i%groups + 1), Ordinal: int32(i)}, random(r, dim)
		truth[k] = v
		if err := m.Add(k, v); err != nil {
			t.Fatal(err)
		}
	}
	for _, share := range []int{0, 1, 5, 50, 250, groups} {
		var some []int64
		for g := range share {
			some = append(some, int64(g+1))
		}
		query := random(r, dim)
		if got, want := exactly(t, m, truth, query, 50, some), brute(truth, query, 50, some); !slices.Equal(got, want) {
			t.Errorf("%d of %d groups: found %v, want %v", share, groups, got, want)
		}
	}
}

// Vectors that rounding treats worst: one great number beside many small ones,
// and crowds that differ by less than a step.
func TestNearestHoldsTheBestOfVectorsThatRoundBadly(t *testing.T) {
	t.Parallel()
	const dim = 96
	r := rand.New(rand.NewPCG(9, 10))
	centre := random(r, dim)
	shapes := map[string]func() []float32{
		"a great number": func() []float32 {
			v := random(r, dim)
			v[r.IntN(3)] *= 60
			return v
		},
		"a crowd": func() []float32 {
			v := random(r, dim)
			for i := range v {
				v[i] = centre[i] + v[i]/100
			}
			return v
		},
		"counts": func() []float32 {
			v := make([]float32, dim)
			for range 20 {
				v[r.IntN(dim)]++
			}
			return v
		},
		"tiny": func() []float32 {
			v := random(r, dim)
			for i := range v {
				v[i] *= 1e-30
			}
			return v
		},
		"nothing": func() []float32 { return make([]float32, dim) },
	}
	for name, shape := range shapes {
		m, truth := New(dim), map[Key][]float32{}
		for i := range 5000 {
			k, v := Key{Group: int64(i + 1)}, shape()
			truth[k] = v
			if err := m.Add(k, v); err != nil {
				t.Fatal(err)
			}
		}
		var hits, all int
		for range 40 {
			query := shape()
			want := brute(truth, query, 10, nil)
			worst := Dot(query, truth[want[len(want)-1]])
			for _, key := range exactly(t, m, truth, query, 10, nil) {
				if Dot(query, truth[key]) >= worst {
					hits++
				}
			}
			all += len(want)
		}
		if hits*100 < all*99 {
			t.Errorf("%s: %d of %d", name, hits, all)
		}
		m.Free()
	}
}

func TestEqualScoresComeInTheOrderOfTheirKeys(t *testing.T) {
	t.Parallel()
	m, truth := New(8), map[Key][]float32{}
	v := []float32{1, 0, 0, 0, 0, 0, 0, 0}
	for i := range 300 {
		k := Key{Group: int64(300 - i), Ordinal: int32(i % 3)}
		truth[k] = v
		if err := m.Add(k, v); err != nil {
			t.Fatal(err)
		}
	}
	for i, key := range exactly(t, m, truth, v, 4, nil) {
		if key.Group != int64(i+1) {
			t.Fatalf("place %d holds group %d", i, key.Group)
		}
	}
}

func TestALibraryOfFewVectorsTakesLittleMemory(t *testing.T) {
	t.Parallel()
	m := New(384)
	for i := range 10 {
		if err := m.Add(Key{Group: int64(i + 1)}, make([]float32, 384)); err != nil {
			t.Fatal(err)
		}
	}
	if m.Bytes() > 10_000 {
		t.Errorf("%d bytes", m.Bytes())
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
	defer m.Free()
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

func BenchmarkAdd(b *testing.B) {
	v := random(rand.New(rand.NewPCG(7, 8)), 384)
	dst := make([]int8, 384)
	for b.Loop() {
		round(dst, v)
	}
}
