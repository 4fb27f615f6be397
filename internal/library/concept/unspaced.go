package concept

import (
	"unicode"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library"
)

const (
	leastDense  = 2 // characters of a concept
	mostDense   = 6
	longestKana = 16
)

// particles are what Chinese words are told apart by.
const particles = "的了在是和与與及或也就都而并並着著之其这這那一不有为為以于於从從对對把被让讓个個们們我你他她它吗嗎呢吧啊很会會能可要将將已又还還更最"

// parts gives the pieces of a run without spaces that may be words: runs of
// katakana, and runs of Han characters between kana or particles. Of Thai and
// other scripts whose words only a dictionary tells apart, nothing.
func parts(run string, yield func(from, to int)) {
	from, script := 0, outside
	flush := func(to int) {
		if script != outside && to > from {
			yield(from, to)
		}
	}
	for i, r := range run {
		if c := scriptOf(r); c != script {
			flush(i)
			from, script = i, c
		}
	}
	flush(len(run))
}

type script uint8

const (
	outside script = iota
	han
	katakana
)

func scriptOf(r rune) script {
	switch {
	case unicode.Is(unicode.Katakana, r), r == 'ー':
		return katakana
	case unicode.Is(unicode.Han, r) && !isParticle(r):
		return han
	}
	return outside
}

func isParticle(r rune) bool {
	for _, p := range particles {
		if p == r {
			return true
		}
	}
	return false
}

// dense gives the candidates of the unspaced words of a segment, as slices of
// the piece that they stand in: whole pieces, and of Han characters each run
// of two to mostDense.
func (s segment) dense(yield func(piece string, from, to int)) {
	for _, w := range s.words {
		if w.shape != unspaced {
			continue
		}
		run := s.text[w.from:w.to]
		parts(run, func(from, to int) {
			piece := run[from:to]
			if scriptOf(firstRune(piece)) == han {
				grams(piece, yield)
			} else if n := utf8.RuneCountInString(piece); n > leastDense && n <= longestKana {
				yield(piece, 0, len(piece))
			}
		})
	}
}

func grams(piece string, yield func(piece string, from, to int)) {
	for from := range piece {
		to := from
		for n := 1; n <= mostDense && to < len(piece); n++ {
			to = after(piece, to)
			if n >= leastDense {
				yield(piece, from, to)
			}
		}
	}
}

func after(s string, i int) int {
	_, size := utf8.DecodeRuneInString(s[i:])
	return i + size
}

func before(s string, i int) int {
	_, size := utf8.DecodeLastRuneInString(s[:i])
	return i - size
}

// unspaced collects the concepts of scripts that write no spaces: what the
// document says several times, and no longer run says as often.
func (f *finder) unspaced(s segment, scale float64) {
	v := f.doc.vocab
	s.dense(func(piece string, from, to int) {
		name := piece[from:to]
		key := Key(name)
		times := v.times(key)
		if scriptOf(firstRune(name)) == han && (times < 2 || !v.stands(piece, from, to, times)) {
			return
		}
		n := utf8.RuneCountInString(name)
		c := v.cvalue(key, min(n-1, maxPhrase))
		f.add(key, name, library.ConceptPhrase, (0.15+0.45*c/(c+4))*v.spread(key)*scale)
	})
}

// stands tells whether a run of characters is more than a part of a longer
// one that is said as often.
func (v *vocabulary) stands(piece string, from, to, times int) bool {
	if from > 0 && v.times(Key(piece[before(piece, from):to])) == times {
		return false
	}
	return to == len(piece) || v.times(Key(piece[from:after(piece, to)])) != times
}
