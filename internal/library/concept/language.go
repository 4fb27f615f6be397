package concept

import (
	_ "embed"
	"strings"
	"sync"
)

// language is what phrases are told from the words between them by.
type language struct {
	tag  string // empty: not known; no phrases are looked for
	stop map[string]bool
	// common words are no concept alone, nor are two of them together.
	common map[string]bool
	// nouns tells that nouns have capitals, as in German.
	nouns bool
}

//go:embed words.txt
var wordLists string

// languages reads words.txt: lines of a tag, "stop" or "common", and words.
var languages = sync.OnceValue(func() map[string]language { //nolint:gochecknoglobals // a table that is read once
	out := map[string]language{}
	for line := range strings.Lines(wordLists) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		l, ok := out[fields[0]]
		if !ok {
			l = language{tag: fields[0], stop: map[string]bool{}, common: map[string]bool{}, nouns: fields[0] == "de"}
			out[fields[0]] = l
		}
		set := l.stop
		if fields[1] == "common" {
			set = l.common
		}
		for _, w := range fields[2:] {
			set[foldWord(w)] = true
		}
	}
	return out
})

// genericTag is of headings' words, of all languages.
const genericTag = "all"

// languageOf gives what is known of a BCP 47 tag. One that is not supported is
// known not to be.
func languageOf(tag string) (l language, known bool) {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	return languages()[base], base != "" && base != genericTag
}

const (
	sampleBytes = 8 << 10
	fewWords    = 20   // a text of fewer tells nothing: English
	stopShare   = 0.15 // of words, the least that prose has
)

// order is that of preference among languages that a text fits alike.
func order() []string { return []string{"en", "de", "fr", "es", "it", "pt", "nl"} }

// guessLanguage tells a text's language by its stop words.
func guessLanguage(text string) language {
	known, counts, all := languages(), map[string]int{}, 0
	pieces(clip(text, sampleBytes), func(p string, unspaced bool) bool {
		if unspaced {
			return true
		}
		all++
		for _, tag := range order() {
			if known[tag].stop[p] {
				counts[tag]++
			}
		}
		return true
	})
	best := "en"
	for _, tag := range order() {
		if counts[tag] > counts[best] {
			best = tag
		}
	}
	if all >= fewWords && float64(counts[best]) < stopShare*float64(all) {
		return language{}
	}
	return known[best]
}

// stops tells of words that no phrase begins, ends or goes on with.
func (l language) stops(w word) bool {
	return w.runes < 2 || l.stop[w.folded]
}
