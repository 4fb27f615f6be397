package main

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// content is what is compared of a file's text.
type content struct {
	words    []string // in reading order
	headings []string
	cells    []string
}

var (
	comment   = regexp.MustCompile(`(?s)<!--.*?-->`)
	picture   = regexp.MustCompile(`!\[([^\]]*)\]\([^)\s]*\)`)
	link      = regexp.MustCompile(`\[([^\]]*)\]\([^)\s]*(?:\s"[^"]*")?\)`)
	tag       = regexp.MustCompile(`</?[a-zA-Z][^<>]*>`)
	htmlCell  = regexp.MustCompile(`(?is)<t[dh][^>]*>(.*?)</t[dh]>`)
	atx       = regexp.MustCompile(`^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$`)
	delimiter = regexp.MustCompile(`^[\s|:-]+$`)
)

// plain takes Markdown's marks out of a text.
func plain(s string) string {
	s = comment.ReplaceAllString(s, " ")
	s = picture.ReplaceAllString(s, " ")
	s = link.ReplaceAllString(s, "$1")
	s = tag.ReplaceAllString(s, " ")
	return html.UnescapeString(strings.ReplaceAll(s, "\\", ""))
}

// words are runs of letters and digits in lower case; scripts that write
// without spaces give each character.
func words(s string) []string {
	var out []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			out = append(out, string(word))
			word = word[:0]
		}
	}
	for _, r := range norm.NFKC.String(plain(s)) {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai):
			flush()
			out = append(out, string(r))
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			word = append(word, unicode.ToLower(r))
		default:
			flush()
		}
	}
	flush()
	return out
}

func normal(s string) string { return strings.Join(words(s), " ") }

// readMarkdown takes apart the Markdown of a peer or an expected text.
func readMarkdown(md string) content {
	c := content{words: words(md)}
	fenced := false
	for line := range strings.Lines(md) {
		line = strings.TrimRight(line, "\r\n")
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "```") {
			fenced = !fenced
		}
		if fenced {
			continue
		}
		if m := atx.FindStringSubmatch(line); m != nil {
			c.headings = appendFilled(c.headings, normal(m[1]))
		}
		if strings.HasPrefix(trimmed, "|") && !delimiter.MatchString(trimmed) {
			c.cells = append(c.cells, pipes(trimmed)...)
		}
	}
	for _, m := range htmlCell.FindAllStringSubmatch(md, -1) {
		c.cells = appendFilled(c.cells, normal(m[1]))
	}
	return c
}

// pipes gives the cells of a row of a Markdown table.
func pipes(row string) []string {
	var out []string
	row = strings.ReplaceAll(row, `\|`, "\x00")
	for cell := range strings.SplitSeq(row, "|") {
		out = appendFilled(out, normal(strings.ReplaceAll(cell, "\x00", " ")))
	}
	return out
}

func appendFilled(list []string, s string) []string {
	if s == "" {
		return list
	}
	return append(list, s)
}

// f1 is the harmonic mean of precision and recall of two multisets; ok is
// false where nothing is expected.
func f1(got, want []string) (score float64, ok bool) {
	if len(want) == 0 {
		return 0, false
	}
	left := map[string]int{}
	for _, w := range want {
		left[w]++
	}
	common := 0
	for _, g := range got {
		if left[g] > 0 {
			left[g]--
			common++
		}
	}
	return 2 * float64(common) / float64(len(got)+len(want)), true
}

// order is Kendall's tau of the runs of three words that both texts have once;
// ok is false where there are fewer than ten.
func order(got, want []string) (tau float64, ok bool) {
	const fewest = 10
	at := once(want)
	var places []int
	for run, i := range once(got) {
		if j, both := at[run]; both {
			places = append(places, i<<32|j)
		}
	}
	if len(places) < fewest {
		return 0, false
	}
	slices.Sort(places)
	for i, p := range places {
		places[i] = p & (1<<32 - 1)
	}
	n := float64(len(places))
	return 1 - 4*float64(inversions(places))/(n*(n-1)), true
}

// once gives the place of each run of three words that occurs once.
func once(list []string) map[string]int {
	at := map[string]int{}
	for i := 0; i+3 <= len(list); i++ {
		run := strings.Join(list[i:i+3], " ")
		if _, again := at[run]; again {
			at[run] = -1
		} else {
			at[run] = i
		}
	}
	for run, i := range at {
		if i < 0 {
			delete(at, run)
		}
	}
	return at
}

// inversions counts pairs out of order, and sorts.
func inversions(a []int) int {
	if len(a) < 2 {
		return 0
	}
	mid := len(a) / 2
	left, right := slices.Clone(a[:mid]), slices.Clone(a[mid:])
	n := inversions(left) + inversions(right)
	for i, j, k := 0, 0, 0; k < len(a); k++ {
		if j == len(right) || i < len(left) && left[i] <= right[j] {
			a[k] = left[i]
			i++
		} else {
			a[k] = right[j]
			n += len(left) - i
			j++
		}
	}
	return n
}
