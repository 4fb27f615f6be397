// Package query reads what a person types into a search box: words, and the
// few signs that people expect to mean something ("a phrase", -word,
// title:word, file:name, type:pdf, lang:de, begin*).
//
// It owns what is a sign and what is text. It refuses nothing: what is no sign,
// or stands in code or in a paragraph that was pasted, is text.
package query

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Query is what was read.
type Query struct {
	// Text is what to look for, without the signs. What is left out is not in
	// it, nor is what narrows.
	Text     string
	Phrases  []string // that a passage must say
	Without  []string // words and phrases that it must not
	Titles   []string // words and phrases that its document's title must say
	NoTitles []string // and must not
	Begins   []string // what words begin with, without the star
	File     string   // stands in the file's name
	Type     string   // of the content, as an ending or a media type
	Language string   // ISO 639-1
	// Ignored are parts that look like signs and mean nothing here.
	Ignored []string
	// Plain tells that the text was taken as it is, whatever signs are in it:
	// it is code, or long.
	Plain bool

	fixed []string // words that are meant exactly as they are typed
}

// longest is from which length on a text is a paragraph, in bytes.
const longest = 400

// code tells of what stands in programs and hardly ever in questions.
var code = regexp.MustCompile(`[{}=<>\\;\[\]\n]|::|&&|\|\||[\pL\pN_]\(`)

// Parse reads a text.
func Parse(text string) Query {
	text = strings.TrimSpace(strings.ToValidUTF8(text, " "))
	if len(text) > longest || code.MatchString(text) {
		return Query{Text: text, Plain: true}
	}
	r := reader{rest: text}
	for r.skipSpace(); r.rest != ""; r.skipSpace() {
		r.part()
	}
	r.q.Text = strings.Join(r.text, " ")
	if r.q.Text == "" {
		// Of what narrows, this says something to look for.
		r.q.Text = strings.Join(r.q.Titles, " ")
	}
	return r.q
}

// Empty tells that there is nothing to look for.
func (q Query) Empty() bool { return q.Text == "" }

// Narrows tells that the query says more than what to look for.
func (q Query) Narrows() bool {
	return len(q.Without)+len(q.NoTitles)+len(q.Titles) > 0 || q.File+q.Type+q.Language != ""
}

// Words are those of the text, at most so many, without punctuation around
// them.
func (q Query) Words(most int) []string {
	var out []string
	for w := range strings.FieldsSeq(q.Text) {
		w = strings.TrimFunc(w, func(r rune) bool { return !Letter(r) })
		if w == "" || slices.Contains(out, w) {
			continue
		}
		if out = append(out, w); len(out) == most {
			break
		}
	}
	return out
}

// Letter tells of what is no punctuation around a word.
func Letter(r rune) bool {
	return unicode.In(r, unicode.L, unicode.N, unicode.M) || r == '+' || r == '#'
}

// Doubtful are the words that may have been mistyped: of letters alone, not in
// quotes, not the beginning of a word. Code and paragraphs have none.
func (q Query) Doubtful() []string {
	const (
		mostWords = 16 // in a query whose spelling is looked at
		fewest    = 4  // letters
		most      = 40
	)
	words := q.Words(mostWords + 1)
	if q.Plain || len(words) > mostWords {
		return nil
	}
	return slices.DeleteFunc(words, func(w string) bool {
		n := utf8.RuneCountInString(w)
		return n < fewest || n > most || slices.Contains(q.fixed, w) || strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) })
	})
}

type reader struct {
	q    Query
	rest string
	text []string
}

func (r *reader) skipSpace() { r.rest = strings.TrimLeftFunc(r.rest, unicode.IsSpace) }

// part reads what stands up to the next space, or a phrase.
func (r *reader) part() {
	word := r.rest
	if i := strings.IndexFunc(r.rest, unicode.IsSpace); i >= 0 {
		word = r.rest[:i]
	}
	body, not := strings.CutPrefix(r.rest, "-")
	if phrase, size := quoted(body); size > 0 {
		r.rest = body[size:]
		r.phrase(phrase, not)
		return
	}
	if key, value, ok := keyed(body); ok {
		if phrase, size := quoted(value); size > 0 {
			if r.narrow(key, phrase, not) {
				r.rest = value[size:]
				return
			}
		} else if value = upToSpace(value); r.narrow(key, value, not) {
			r.rest = r.rest[len(word):]
			return
		}
	}
	r.rest = r.rest[len(word):]
	r.word(word, not)
}

func (r *reader) phrase(phrase string, not bool) {
	switch {
	case !says(phrase):
	case not:
		r.q.Without = append(r.q.Without, phrase)
	default:
		r.q.Phrases = append(r.q.Phrases, phrase)
		r.text = append(r.text, phrase)
		r.q.fixed = append(r.q.fixed, Query{Text: phrase}.Words(longest)...)
	}
}

// word reads a word that is in no quotes and has no key. A minus is a sign
// before a word: not before a number, a second minus or a single letter.
func (r *reader) word(word string, not bool) {
	if not {
		body := word[1:]
		first, _ := utf8.DecodeRuneInString(body)
		if unicode.IsLetter(first) && utf8.RuneCountInString(strings.TrimFunc(body, unicode.IsPunct)) > 1 {
			r.q.Without = append(r.q.Without, strings.TrimRightFunc(body, func(c rune) bool { return unicode.IsPunct(c) && c != '*' }))
			return
		}
	}
	if begin, ok := strings.CutSuffix(word, "*"); ok && utf8.RuneCountInString(begin) > 1 && wordly(begin) {
		r.q.Begins = append(r.q.Begins, begin)
		r.q.fixed = append(r.q.fixed, begin)
		word = begin
	}
	r.text = append(r.text, word)
}

// narrow takes a key and its value, if they are ones.
func (r *reader) narrow(key, value string, not bool) bool {
	if !says(value) {
		return false
	}
	one := map[string]*string{"file": &r.q.File, "type": &r.q.Type, "lang": &r.q.Language}[key]
	switch {
	case key == "title" && not:
		r.q.NoTitles = append(r.q.NoTitles, value)
	case key == "title":
		r.q.Titles = append(r.q.Titles, value)
	case !fits(key, value):
		return false
	case not || *one != "" && *one != value: // there is no such filter
		sign := key + ":" + value
		if not {
			sign = "-" + sign
		}
		r.q.Ignored = append(r.q.Ignored, sign)
	default:
		*one = value
	}
	return true
}

var (
	typeValue     = regexp.MustCompile(`^\.?[A-Za-z0-9][A-Za-z0-9.+/-]*$`)
	languageValue = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]+)?$`)
)

func fits(key, value string) bool {
	switch key {
	case "type":
		return typeValue.MatchString(value)
	case "lang":
		return languageValue.MatchString(value)
	}
	return !strings.HasPrefix(value, "//")
}

// keyed parts title:word at its colon, if it begins with a key.
func keyed(s string) (key, value string, ok bool) {
	key, value, ok = strings.Cut(s, ":")
	key = strings.ToLower(key)
	switch key {
	case "title", "file", "type", "lang":
		return key, value, ok && value != ""
	case "filename":
		return "file", value, ok && value != ""
	case "language":
		return "lang", value, ok && value != ""
	}
	return "", "", false
}

func upToSpace(s string) string {
	if i := strings.IndexFunc(s, unicode.IsSpace); i >= 0 {
		s = s[:i]
	}
	return strings.TrimRight(s, ",;.!?\"”")
}

// quoted reads a phrase that s begins with; size 0: it begins with none. A
// quote that is not closed at the end of a word is none.
func quoted(s string) (phrase string, size int) {
	first, at := utf8.DecodeRuneInString(s)
	closing := map[rune]string{'"': "\"", '“': "”\"“", '”': "”\"", '„': "“”\"", '«': "»", '»': "«", '「': "」", '『': "』"}[first]
	if closing == "" {
		return "", 0
	}
	for i, c := range s[at:] {
		if !strings.ContainsRune(closing, c) {
			continue
		}
		end := at + i + utf8.RuneLen(c)
		next, _ := utf8.DecodeRuneInString(s[end:])
		if end == len(s) || !unicode.In(next, unicode.L, unicode.N) || first == '「' || first == '『' {
			return strings.TrimSpace(s[at : at+i]), end
		}
	}
	return "", 0
}

// says tells of texts that have a letter or a number.
func says(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.L, unicode.N) })
}

func wordly(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.N, unicode.M) })
}
