package terms

import (
	"slices"
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/arabic"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/hungarian"
	"github.com/blevesearch/snowballstem/irish"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/romanian"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
	"github.com/blevesearch/snowballstem/tamil"
	"github.com/blevesearch/snowballstem/turkish"
	"golang.org/x/text/unicode/norm"
)

// Language is the language of a BCP 47 tag as this package tells them apart:
// de of de-CH, no of nb, "" of what is no tag.
func Language(tag string) string {
	base, _, _ := strings.Cut(strings.ReplaceAll(tag, "_", "-"), "-")
	base = strings.ToLower(base)
	switch {
	case len(base) < 2 || len(base) > 3 || !asciiLetters(base), base == "und":
		return ""
	case base == "nb", base == "nn":
		return "no"
	}
	return base
}

// standard is the language that words are stemmed by where it is not known:
// most names of things in code are English, whatever the text around them.
const standard = "en"

// stemmer gives the Snowball stemmer of a language, nil where there is none.
func stemmer(language string) func(*snowballstem.Env) bool { //nolint:gocyclo // a table
	switch language {
	case "ar":
		return arabic.Stem
	case "da":
		return danish.Stem
	case "de":
		return german.Stem
	case standard:
		return english.Stem
	case "es":
		return spanish.Stem
	case "fi":
		return finnish.Stem
	case "fr":
		return french.Stem
	case "ga":
		return irish.Stem
	case "hu":
		return hungarian.Stem
	case "it":
		return italian.Stem
	case "nl":
		return dutch.Stem
	case "no":
		return norwegian.Stem
	case "pt":
		return portuguese.Stem
	case "ro":
		return romanian.Stem
	case "ru":
		return russian.Stem
	case "sv":
		return swedish.Stem
	case "ta":
		return tamil.Stem
	case "tr":
		return turkish.Stem
	}
	return nil
}

// foldsFirst tells of languages whose endings have no accents, so that a word
// is stemmed as people type it in haste. Of others the accents tell endings
// apart, and go afterwards.
func foldsFirst(language string) bool { return language == standard || language == "de" }

// endings are what may follow on the beginning of a word so that its stem is
// shorter than that beginning.
func endings(language string) []string {
	switch language {
	case "", standard:
		return []string{"", "e", "s", "d", "l", "y", "ty", "ing", "ed", "er", "on", "ion", "tion", "ment", "ness"}
	case "de":
		return []string{"", "e", "n", "en", "er", "s", "ung", "ungen", "keit", "lich"}
	}
	return []string{""}
}

// stemsOf holds the stems of one language.
type stemsOf struct {
	stem  func(*snowballstem.Env) bool
	fold  bool
	known map[string]string
}

func (a *Analyzer) stemsOf(language string) *stemsOf {
	if language == "" {
		language = standard
	}
	s := a.stems[language]
	if s == nil {
		s = &stemsOf{stem: stemmer(language), fold: foldsFirst(language), known: map[string]string{}}
		if a.stems == nil {
			a.stems = map[string]*stemsOf{}
		}
		a.stems[language] = s
	}
	return s
}

// term folds and stems one piece of a word.
func (a *Analyzer) term(language, piece string) string {
	s := a.stemsOf(language)
	if s.stem == nil {
		return a.fold(piece)
	}
	word := piece
	if s.fold {
		if word = a.fold(piece); len(word) < 3 || !asciiLetters(word) {
			return word
		}
	}
	if stem, ok := s.known[word]; ok {
		return stem
	}
	stem := a.stem(s, word)
	if len(s.known) >= maxStems {
		clear(s.known)
	}
	s.known[strings.Clone(word)] = stem
	return stem
}

func (a *Analyzer) stem(s *stemsOf, word string) string {
	if !s.fold {
		word = norm.NFC.String(strings.ToLower(word))
		if folded := a.fold(word); len(word) > maxTermBytes || digits(word) || len([]rune(folded)) < 3 {
			return folded
		}
		word = strings.ReplaceAll(word, "ё", "е")
	}
	if a.env == nil {
		a.env = snowballstem.NewEnv("")
	}
	a.env.SetCurrent(word)
	s.stem(a.env)
	if stem := a.fold(a.env.Current()); stem != "" {
		return stem
	}
	return a.fold(word)
}

// terms gives what a piece is in each language, each once.
func (a *Analyzer) terms(languages []string, piece string) []string {
	var out []string
	for _, l := range languages {
		if t := a.term(l, piece); t != "" && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

func asciiLetters(s string) bool {
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return true
}
