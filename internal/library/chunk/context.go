package chunk

import (
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// contextKey is what a context is made of; chunks that follow each other
// mostly share it.
type contextKey struct {
	path   string
	header document.Span
	titled bool // the document's title is one of the headings
	set    bool
}

// contextOf makes the text that is put before a chunk, of at most a quarter of
// MaxTokens, and gives the tokens that it leaves. own headings at the end of
// the path stand in the chunk's text and are left out.
func (p *packer) contextOf(path []heading, own int, header document.Span) (string, int) {
	var titles []string
	for _, h := range path[:len(path)-own] {
		titles = append(titles, h.title)
	}
	titled := slices.ContainsFunc(path, func(h heading) bool { return h.title == p.doc.Title })
	key := contextKey{strings.Join(titles, "\x00"), header, titled, true}
	if key != p.lastContext {
		p.lastContext, p.lastText = key, strings.Clone(p.context(titles, header, titled)) // the text may be in a file that is closed
	}
	return p.lastText, p.opt.MaxTokens - p.base - p.tokens(p.lastText)
}

func (p *packer) tokens(s string) int {
	if s == "" {
		return 0
	}
	return max(p.opt.Count(s)-p.base, (len(s)+bytesPerToken-1)/bytesPerToken)
}

// context keeps what tells most first: the innermost heading, a table's
// header, the outer headings, the document's title.
func (p *packer) context(titles []string, header document.Span, titled bool) string {
	room := p.opt.MaxTokens / 4
	take := func(s string) bool {
		n := p.tokens(s) + 1 // the line end or the mark between headings
		if s == "" || n > room {
			return false
		}
		room -= n
		return true
	}
	kept := len(titles)
	if kept > 0 && take(titles[kept-1]) {
		kept--
	}
	head := p.doc.Text[header.Start:header.End]
	if !take(head) {
		head = p.firstWords(head, room)
		take(head)
	}
	for kept < len(titles) && kept > 0 && take(titles[kept-1]) {
		kept--
	}
	var lines []string
	if title := p.doc.Title; !titled && kept == 0 && take(title) {
		lines = append(lines, title)
	}
	if kept < len(titles) {
		lines = append(lines, strings.Join(titles[kept:], " > "))
	}
	if head != "" {
		lines = append(lines, head)
	}
	return strings.Join(lines, "\n")
}

// firstWords gives as much of a text as fits into so many tokens.
func (p *packer) firstWords(s string, room int) string {
	if len(s) > room*bytesPerToken {
		s = strings.ToValidUTF8(s[:room*bytesPerToken], "")
	}
	fields := strings.Fields(s)
	for len(fields) > 0 {
		if t := strings.Join(fields, " "); p.tokens(t)+1 <= room {
			return t
		}
		fields = fields[:len(fields)*3/4]
	}
	return ""
}
