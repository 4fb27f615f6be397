package pdf

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// pdfLayout turns the lines of all pages into headings and paragraphs. It
// needs them all: what is a heading or a running header shows only beside the
// rest.
type pdfLayout struct {
	pages   []pdfPage
	outline []outlineEntry
	bytes   int64

	body     float32         // size of most of the text
	boldBody bool            // most of the text is bold
	monoBody bool            // most of it is typewritten
	leading  float32         // usual gap between lines, in sizes
	levels   map[float32]int // heading level by size
	hyphens  map[string]bool // words written with a hyphen within a line
	numbered int             // level of headings numbered like "2", 0 not seen
}

func (l *pdfLayout) add(p pdfPage) {
	for _, line := range p.lines {
		l.bytes += int64(len(line.text))
	}
	l.pages = append(l.pages, p)
}

// readable reports whether the pages hold text, more than stray characters.
func (l *pdfLayout) readable() bool {
	letters := 0
	for _, p := range l.pages {
		for _, line := range p.lines {
			if line.table != nil {
				return true
			}
			for _, r := range line.text {
				if unicode.IsLetter(r) || unicode.IsDigit(r) {
					letters++
				}
			}
		}
	}
	return letters >= 3 && letters >= len(l.pages)/4
}

func (l *pdfLayout) write(w *document.Writer) {
	l.survey()
	l.spellHyphens()
	l.dropRunning()
	l.rankSizes()
	for _, p := range l.pages {
		w.PageSize(float64(p.width), float64(p.height))
	}
	e := &pdfEmitter{w: w, layout: l}
	for i, p := range l.pages {
		e.beginPage(i)
		for j := range p.lines {
			e.line(&p.lines[j])
		}
	}
	e.flush()
	e.startPages()
	if w.Title == "" {
		w.Title = e.title
	}
}

// survey finds the body's size, weight and leading, each by majority.
func (l *pdfLayout) survey() {
	sizes := map[float32]int{}
	bold, mono, total := 0, 0, 0
	var gaps []float32
	for _, p := range l.pages {
		for i, line := range p.lines {
			n := len(line.text)
			sizes[half(line.size)] += n
			total += n
			if line.bold {
				bold += n
			}
			if line.mono {
				mono += n
			}
			if i > 0 && line.table == nil && len(gaps) < 100_000 {
				if g := gap(&p.lines[i-1], &p.lines[i]); g > -0.6 && g < 1.2 && p.lines[i-1].size == line.size {
					gaps = append(gaps, g)
				}
			}
		}
	}
	most := 0
	for s, n := range sizes {
		if n > most || n == most && s < l.body {
			l.body, most = s, n
		}
	}
	l.boldBody, l.monoBody = bold*2 > total, mono*2 > total
	l.leading = 0.2
	if len(gaps) > 0 {
		slices.Sort(gaps)
		l.leading = gaps[len(gaps)/2]
	}
}

// half rounds a size to half a point.
func half(size float32) float32 { return float32(math.Round(float64(size)*2) / 2) }

// gap is the room between two lines, in sizes of the second.
func gap(a, b *pdfLine) float32 { return (a.bottom - b.top) / max(b.size, 1) }

// pageNumber is a line in a margin that says nothing else.
var pageNumber = regexp.MustCompile(`^(?i:[–—-]?\s*(?:page\s+)?[0-9]{1,4}(?:\s*(?:/|of)\s*[0-9]{1,4})?\s*[–—-]?)$`)

// digits stand for each other in running headers.
var digits = regexp.MustCompile(`[0-9]+|^[ivxlc]+$`)

// dropRunning takes out headers and footers: lines in the margins that stand
// at the same height on three pages or more, alike but for numbers.
func (l *pdfLayout) dropRunning() {
	const fewest = 3
	seen := map[string]int{}
	for _, p := range l.pages {
		for _, line := range p.lines {
			if key := l.runningKey(&p, &line); key != "" {
				seen[key]++
			}
		}
	}
	for i, p := range l.pages {
		kept := make([]pdfLine, 0, len(p.lines))
		for _, line := range p.lines {
			if key := l.runningKey(&p, &line); key == "" || seen[key] < fewest && !pageNumber.MatchString(line.text) {
				kept = append(kept, line)
			}
		}
		if len(kept) > 0 { // else it is what the page says
			l.pages[i].lines = kept
		}
	}
}

func (l *pdfLayout) runningKey(p *pdfPage, line *pdfLine) string {
	margin := p.height / 10
	if line.table != nil || line.bottom < p.height-margin && line.top > margin || line.size > l.body*1.2 || len(line.text) > 200 {
		return ""
	}
	text := digits.ReplaceAllString(strings.ToLower(line.text), "#")
	return fmt.Sprintf("%d %s", int(line.bottom/6), text)
}

// spellHyphens learns which words the document writes with a hyphen.
func (l *pdfLayout) spellHyphens() {
	const most = 100_000
	l.hyphens = map[string]bool{}
	for _, p := range l.pages {
		for _, line := range p.lines {
			if !strings.Contains(line.text, "-") {
				continue
			}
			for f := range strings.FieldsSeq(line.text) {
				if strings.Contains(f, "-") && len(f) < 60 && len(l.hyphens) < most {
					l.hyphens[wordKey(f)] = true
				}
			}
		}
	}
}

// keepsHyphen reports whether a word cut between two texts is spelt with a
// hyphen: as elsewhere in the document, and before capitals and digits.
func (l *pdfLayout) keepsHyphen(before, after string) bool {
	next, _ := utf8.DecodeRuneInString(after)
	if !unicode.IsLower(next) {
		return true
	}
	left := before[strings.LastIndexByte(before, ' ')+1:]
	right, _, _ := strings.Cut(after, " ")
	return l.hyphens[wordKey(left+"-"+right)]
}

// wordKey is a word in lower case without the punctuation around it.
func wordKey(s string) string {
	return strings.ToLower(strings.TrimFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }))
}

// rankSizes gives each size of type that is larger than the body's a level.
func (l *pdfLayout) rankSizes() {
	l.levels = map[float32]int{}
	var sizes []float32
	for _, p := range l.pages {
		for _, line := range p.lines {
			s := half(line.size)
			if s >= l.body*1.12 && !line.vertical && len(line.text) <= 200 && document.HasLetters(line.text) && !slices.Contains(sizes, s) && len(sizes) < 50 {
				sizes = append(sizes, s)
			}
		}
	}
	slices.Sort(sizes)
	slices.Reverse(sizes)
	for i, s := range sizes {
		l.levels[s] = min(i+1, 5)
	}
}

var (
	listMarker    = regexp.MustCompile(`^(?:[•‣◦▪■●○∙·\x{F0B7}\x{F0A7}➢➤✓–—*-]\s*|\(?[0-9]{1,3}[.)]\s+|\(?[a-z][.)]\s+|\([ivx]+\)\s+|\[[0-9]+\]\s+)`)
	bulletMarker  = regexp.MustCompile(`^(?:[•‣◦▪■●○∙\x{F0B7}\x{F0A7}➢➤✓]|[–—*·-]\s)`)
	captionMarker = regexp.MustCompile(`^(?:(?i:fig(?:ure|\.)?|table|tab\.|listing|algorithm|abbildung|tabelle|scheme|chart))\s*[0-9A-Z]+(?:\.[0-9]+)*\s*[.:|–—-]`)
	numbering     = regexp.MustCompile(`^(?:(?i:chapter|section|appendix|part)\s+)?([0-9]{1,3}|[A-Z])((?:\.[0-9]{1,3})*)\.?\s+\p{L}`)
)

// headingLevel gives a paragraph's level when it is a heading, else 0.
func (l *pdfLayout) headingLevel(p *pdfParagraph) int {
	text := p.String()
	if !mayHead(p, text) {
		return 0
	}
	if level := l.bookmarked(text, p.page); level > 0 {
		return level
	}
	level := l.levels[half(p.size)]
	if level == 0 {
		if l.boldBody || p.size < l.body*0.95 || !standsOut(p, text) {
			return 0
		}
		level = min(len(l.levels)+1, 5)
	}
	if m := numbering.FindStringSubmatch(text); m != nil {
		if depth := strings.Count(m[2], "."); depth == 0 {
			l.numbered = level
		} else if l.numbered > 0 {
			level = l.numbered + depth
		}
	}
	return min(level, 6)
}

// mayHead rules out what no heading looks like.
func mayHead(p *pdfParagraph, text string) bool {
	return !p.last.vertical && p.lines <= 3 && len(text) <= 200 && hasWord(text) &&
		!captionMarker.MatchString(text) && !strings.ContainsRune(",.;:)", rune(text[0]))
}

// standsOut reports a short bold line in the size of the body.
func standsOut(p *pdfParagraph, text string) bool {
	return p.bold && p.lines <= 2 && len(text) <= 120 &&
		!strings.ContainsRune(".,;", rune(text[len(text)-1])) && !bulletMarker.MatchString(text)
}

func hasWord(s string) bool {
	letters := 0
	for _, r := range s {
		if unicode.IsLetter(r) {
			if letters++; letters >= 2 || unicode.Is(unicode.Han, r) {
				return true
			}
		}
	}
	return false
}

// bookmarked gives the level of a bookmark with these words on this page.
func (l *pdfLayout) bookmarked(text string, page int) int {
	key := headingKey(text)
	for _, o := range l.outline {
		if o.page >= 0 && o.page != page {
			continue
		}
		if endsInDigit(text) && !endsInDigit(o.title) {
			continue // of a table of contents
		}
		if k := headingKey(o.title); k != "" && (k == key || len(k) > 3 && strings.HasSuffix(key, k) && len(key)-len(k) < 12) {
			return o.level
		}
	}
	return 0
}

func endsInDigit(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(strings.TrimSpace(s))
	return unicode.IsDigit(r)
}

// headingKey keeps a title's letters alone.
func headingKey(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// endsSentence reports whether a paragraph may end after this line.
func endsSentence(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s, `"'”’»)]`))
	return strings.ContainsRune(".!?:;。！？…", r)
}
