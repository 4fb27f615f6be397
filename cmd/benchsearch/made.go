package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

const (
	dimensions    = 384
	vocabulary    = 200_000
	zipfExponent  = 1.07 // as frequent as words of natural text
	wordsOfChunk  = 150
	clusters      = 4096
	spread        = .8 // length of what is added to a centre, which has length 1
	reflections   = 3
	groups        = 100 // a document is in one; a filter names some of them
	longParagraph = 80  // words
)

// maker makes up texts and vectors, the same at every run. Vectors lie in
// clusters and fill some directions more than others, as those of real texts
// do; words are as frequent as in natural text.
type maker struct {
	cdf     []float64
	words   []string
	centres [][]float32
	mirrors [][]float32
	scale   []float32 // of each direction, before the mirrors
}

func newMaker() *maker {
	m := &maker{cdf: make([]float64, vocabulary), words: make([]string, vocabulary), scale: make([]float32, dimensions)}
	var sum float64
	for i := range m.cdf {
		sum += 1 / math.Pow(float64(i+1), zipfExponent)
		m.cdf[i], m.words[i] = sum, spell(i)
	}
	for i := range m.cdf {
		m.cdf[i] /= sum
	}
	for i := range m.scale {
		m.scale[i] = float32(1 / math.Sqrt(1+float64(i)/16))
	}
	r := chance(1, 0)
	for range reflections {
		m.mirrors = append(m.mirrors, unit(gaussian(r, nil)))
	}
	for range clusters {
		m.centres = append(m.centres, m.direction(r))
	}
	return m
}

// chance gives numbers that depend on what they are for and on nothing else.
func chance(purpose uint64, i int) *rand.Rand {
	return rand.New(rand.NewPCG(purpose, uint64(i))) //nolint:gosec // the same data at each run; not negative
}

// spell gives a made-up word; the frequent ones are short.
func spell(rank int) string {
	const consonants, vowels = "bdfgklmnprtvz", "aou"
	var b strings.Builder
	for n := rank + 13; n > 0; n /= 39 {
		b.WriteByte(consonants[n%13])
		b.WriteByte(vowels[n/13%3])
	}
	return b.String()
}

func (m *maker) word(r *rand.Rand) string {
	x := r.Float64()
	lo, hi := 0, len(m.cdf)-1
	for lo < hi {
		if mid := (lo + hi) / 2; m.cdf[mid] < x {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return m.words[lo]
}

func (m *maker) say(r *rand.Rand, words int) string {
	out := make([]string, words)
	for i := range out {
		out[i] = m.word(r)
	}
	return strings.Join(out, " ")
}

// text is that of a chunk.
func (m *maker) text(chunk int) string { return m.say(chance(2, chunk), wordsOfChunk) }

// vector is that of a chunk.
func (m *maker) vector(chunk int) []float32 {
	r := chance(3, chunk)
	return m.near(r, m.centres[r.IntN(clusters)], spread)
}

func gaussian(r *rand.Rand, scale []float32) []float32 {
	v := make([]float32, dimensions)
	for i := range v {
		v[i] = float32(r.NormFloat64())
		if scale != nil {
			v[i] *= scale[i]
		}
	}
	return v
}

// direction is a unit vector; mirrors turn the favoured directions away from
// the axes.
func (m *maker) direction(r *rand.Rand) []float32 {
	v := gaussian(r, m.scale)
	for _, mirror := range m.mirrors {
		var along float32
		for i := range v {
			along += v[i] * mirror[i]
		}
		for i := range v {
			v[i] -= 2 * along * mirror[i]
		}
	}
	return unit(v)
}

func (m *maker) near(r *rand.Rand, centre []float32, spread float32) []float32 {
	v := m.direction(r)
	for i := range v {
		v[i] = centre[i] + spread*v[i]
	}
	return unit(v)
}

func unit(v []float32) []float32 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	length := float32(math.Sqrt(sum))
	for i := range v {
		v[i] /= length
	}
	return v
}

// question is asked of each leg and of the whole search.
type question struct {
	Text   string
	Vector []float32
}

// kinds of questions, by their words.
const (
	usual     = "usual"     // words of a text and others
	frequent  = "frequent"  // nothing but words that stand nearly everywhere
	rare      = "rare"      // one word that few texts hold
	paragraph = "paragraph" // a piece of a text
)

func kindsOfQuestion() []string { return []string{usual, frequent, rare, paragraph} }

// questions are about texts of the first chunks, which every size holds.
func (m *maker) questions(kind string, n int) []question {
	out := make([]question, n)
	for i := range out {
		r := chance(4, i)
		about := r.IntN(1000)
		words := strings.Fields(m.text(about))
		out[i].Vector = m.near(r, m.vector(about), .5)
		switch kind {
		case usual:
			var asked []string
			for range 3 + r.IntN(5) {
				asked = append(asked, words[r.IntN(len(words))])
			}
			out[i].Text = strings.Join(asked, " ") + " " + m.say(r, 2)
		case frequent:
			var asked []string
			for range 3 + r.IntN(4) {
				asked = append(asked, m.words[r.IntN(40)])
			}
			out[i].Text = strings.Join(asked, " ")
		case rare:
			out[i].Text = m.words[20_000+r.IntN(vocabulary-20_000)]
		case paragraph:
			from := r.IntN(len(words) - longParagraph)
			out[i].Text = strings.Join(words[from:from+longParagraph], " ")
		}
	}
	return out
}

// layout says which chunk is in which document and group.
type layout struct{ chunks, perItem int }

func newLayout(chunks int) layout { return layout{chunks, max(10, min(100, chunks/groups))} }

func (l layout) item(chunk int) int  { return chunk / l.perItem }
func (l layout) group(chunk int) int { return l.item(chunk) % groups }

// scope is a filter. Every engine is asked for the chunks whose group is below
// a number, or for those of one document.
type scope struct {
	Name  string `json:"name"`
	Below int    `json:"below"` // 0: every group
	Item  int    `json:"item"`  // -1: every document
}

func scopes() []scope {
	return []scope{{"all", 0, -1}, {"50 %", 50, -1}, {"10 %", 10, -1}, {"1 %, a collection", 1, -1}, {"a document", 0, 3}}
}

func (s scope) holds(l layout, chunk int) bool {
	return (s.Below == 0 || l.group(chunk) < s.Below) && (s.Item < 0 || l.item(chunk) == s.Item)
}

// itemFormat makes an item's uid of its number.
func itemFormat(library string) string {
	if library == smallLibrary {
		return "00000000-0000-4000-a000-%012x"
	}
	return "00000000-0000-4000-8000-%012x"
}

func itemUID(library string, item int) string { return fmt.Sprintf(itemFormat(library), item) }

func collectionUID(group int) string { return fmt.Sprintf("00000000-0000-4000-9000-%012x", group) }

func itemOf(uid string) (int, error) {
	n, err := strconv.ParseUint(uid[len(uid)-12:], 16, 48)
	return int(n), err
}

// writeVectors writes n vectors as [n][dimensions]float32, little-endian.
func writeVectors(path string, n int, vector func(int) []float32) (err error) {
	f, err := os.Create(filepath.Clean(path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	for i := range n {
		if err := binary.Write(w, binary.LittleEndian, vector(i)); err != nil {
			return err
		}
	}
	return w.Flush()
}

// mapVectors gives the file's vectors without reading them into memory.
func mapVectors(path string) (rows func(int) []float32, n int, unmap func() error, err error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, 0, nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, nil, err
	}
	raw, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, 0, nil, fmt.Errorf("map %s: %w", path, err)
	}
	all := unsafe.Slice((*float32)(unsafe.Pointer(&raw[0])), len(raw)/4) //nolint:gosec // the file is ours, on a little-endian machine
	return func(i int) []float32 { return all[i*dimensions : (i+1)*dimensions] }, len(all) / dimensions,
		func() error { return syscall.Munmap(raw) }, nil
}
