package chunk

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

const (
	// bytesPerToken is the most bytes that are taken for one token: what a
	// tokenizer gives up on, such as base64, counts as one token however long.
	bytesPerToken = 12
)

// group is a chunk in the making.
type group struct {
	start, end int
	tokens     int
	members    []unit // beside headings
	path       []heading
	own        int // headings at the end of path that the group's text holds
	header     document.Span
	context    string
	budget     int // tokens left for the text by its context
}

// heading is an open section.
type heading struct {
	title string
	level int
	at    int // where it stands in the text
}

// packer turns units into chunks.
type packer struct {
	doc   *document.Document
	opt   Options
	base  int // what Count gives for nothing
	yield func(Chunk) bool

	path    []heading
	waiting []unit // headings without text yet
	open    *group // takes more units
	held    *group // full; kept to take up a tiny rest of its section

	ordinal     int
	bytes, rune int // the same place in the text
	page        int // index of the page of that place
	lastContext contextKey
	lastText    string
}

func newPacker(doc *document.Document, opt Options, yield func(Chunk) bool) *packer {
	if opt.TargetTokens <= 0 || opt.TargetTokens > opt.MaxTokens {
		opt.TargetTokens = opt.MaxTokens
	}
	return &packer{doc: doc, opt: opt, base: opt.Count(""), yield: yield}
}

// count fills in a unit's tokens, once. A text that is too long by far is not
// given to the tokenizer.
func (p *packer) count(u *unit) {
	if u.tokens > 0 {
		return
	}
	n := u.end - u.start
	if u.tokens = (n + bytesPerToken - 1) / bytesPerToken; u.tokens <= 2*p.opt.MaxTokens {
		u.tokens = max(u.tokens, p.opt.Count(p.doc.Text[u.start:u.end])-p.base)
	}
}

// add takes the next unit; false ends the work.
func (p *packer) add(u unit) bool {
	p.count(&u)
	if u.kind == document.Heading {
		return p.addHeading(u)
	}
	return p.addText(u)
}

// addHeading begins a section. Its heading waits for the section's text;
// headings that follow each other wait together.
func (p *packer) addHeading(u unit) bool {
	if !p.closeSection() {
		return false
	}
	waiting := u.tokens
	for _, w := range p.waiting {
		waiting += w.tokens
	}
	if len(p.waiting) > 0 && waiting > p.opt.TargetTokens/4 {
		if !p.flushHeadings() {
			return false
		}
	}
	level := max(u.level, 1)
	for len(p.path) > 0 && p.path[len(p.path)-1].level >= level {
		p.path = p.path[:len(p.path)-1]
	}
	p.path = append(slices.Clip(p.path), heading{titleOf(p.doc.Text, u), level, u.start})
	if u.tokens > p.opt.TargetTokens/4 {
		return p.addText(u) // a paragraph in a heading's place
	}
	p.waiting = append(p.waiting, u)
	return true
}

func titleOf(text string, u unit) string {
	title := u.title
	if title == "" {
		title = text[u.start:min(u.end, u.start+1000)]
	}
	title = strings.ToValidUTF8(strings.Join(strings.Fields(title), " "), "")
	if utf8.RuneCountInString(title) > 200 {
		title = string([]rune(title)[:200])
	}
	return strings.Clone(title) // the text may be in a file that is closed
}

// flushHeadings makes a chunk of headings that have no text.
func (p *packer) flushHeadings() bool {
	p.begin(unit{})
	p.waiting = nil
	return p.closeSection()
}

// addText puts a unit into the open group, or closes it and begins the next.
// A unit too long for a group of its own is cut.
func (p *packer) addText(u unit) bool {
	if p.open != nil && p.fits(p.open, &u) {
		return p.put(u)
	}
	if p.open != nil && len(p.open.members) > 0 && u.tokens <= p.roomAlone(u) {
		return p.next(u) && p.put(u)
	}
	if p.open == nil {
		p.begin(u)
	}
	if len(p.open.members) == 0 && p.open.tokens+u.tokens <= p.open.budget {
		return p.put(u)
	}
	return p.putPieces(u)
}

// putPieces cuts a unit and packs its pieces.
func (p *packer) putPieces(u unit) bool {
	for piece := range p.pieces(u, p.pieceLimit()) {
		if p.open != nil && len(p.open.members) > 0 && !p.fits(p.open, &piece) && !p.next(piece) {
			return false
		}
		if !p.put(piece) {
			return false
		}
	}
	return true
}

// roomAlone is the text that a group of this unit alone may hold.
func (p *packer) roomAlone(u unit) int {
	_, budget := p.contextOf(p.path, 0, u.header)
	return budget
}

// pieceLimit is how long a piece may be, so that it fits behind any context
// and its section's headings, which take a quarter each at most.
func (p *packer) pieceLimit() int { return max((p.opt.MaxTokens-p.base)/2, 8) }

// begin opens a group with the headings that wait for it.
func (p *packer) begin(u unit) {
	g := &group{start: u.start, end: u.start, path: p.path, header: u.header}
	if u.header.Start >= u.start {
		g.header = document.Span{}
	}
	if len(p.waiting) > 0 {
		g.start, g.end = p.waiting[0].start, p.waiting[len(p.waiting)-1].end
		for _, w := range p.waiting {
			g.tokens += w.tokens
		}
		for g.own < len(p.path) && p.path[len(p.path)-1-g.own].at >= g.start {
			g.own++
		}
		p.waiting = nil
	}
	g.context, g.budget = p.contextOf(g.path, g.own, g.header)
	p.open = g
}

// fits reports whether a unit may join a group.
func (p *packer) fits(g *group, u *unit) bool {
	if g == nil || g.tokens+u.tokens > min(p.opt.TargetTokens, g.budget) {
		return false
	}
	inside := u.header.Empty() || u.header.Start >= g.start
	if g.header.Empty() {
		return inside
	}
	return u.header == g.header
}

// put adds a unit to the open group.
func (p *packer) put(u unit) bool {
	if p.open == nil {
		p.begin(u)
	}
	g := p.open
	g.end = u.end
	g.tokens += u.tokens
	g.members = append(g.members, u)
	return true
}

// next closes the open group, which is full, and begins one for a unit. The
// group's own content decides where behind its first third it ends, and what is
// behind that place begins the next group: two versions of a text that differ
// in one place are then soon cut alike again.
func (p *packer) next(u unit) bool {
	g := p.open
	if at := p.bestEnd(g); at < len(g.members) {
		rest := g.members[at:]
		p.open = p.following(g, rest)
		if p.fits(p.open, &u) {
			for _, m := range rest {
				g.tokens -= m.tokens
			}
			g.members, g.end = g.members[:at], g.members[at-1].end
			next := p.open
			p.open = g
			if !p.closeGroup() {
				return false
			}
			p.open = next
			return true
		}
		p.open = g
	}
	if !p.closeGroup() {
		return false
	}
	p.begin(u)
	return true
}

// following makes the group that would begin with these members of another.
func (p *packer) following(g *group, rest []unit) *group {
	first := rest[0]
	next := &group{start: first.start, end: rest[len(rest)-1].end, path: g.path, header: first.header, members: slices.Clone(rest)}
	if first.header.Start >= first.start {
		next.header = document.Span{}
	}
	next.context, next.budget = p.contextOf(next.path, 0, next.header)
	for _, m := range rest {
		next.tokens += m.tokens
	}
	return next
}

// bestEnd gives how many members a full group keeps: of the places in its
// second half the one whose text has the least hash.
func (p *packer) bestEnd(g *group) int {
	best, least := len(g.members), uint32(math.MaxUint32)
	tokens := g.tokens
	for i := len(g.members) - 1; i >= 0 && tokens*3 >= p.opt.TargetTokens; i-- {
		if h := p.hashOf(g.members[i]); h < least {
			best, least = i+1, h
		}
		tokens -= g.members[i].tokens
	}
	return best
}

// hashOf is of a unit's first words.
func (p *packer) hashOf(u unit) uint32 {
	h := fnv.New32a()
	h.Write([]byte(p.doc.Text[u.start:u.end][:min(u.end-u.start, 256)]))
	return h.Sum32()
}

// closeGroup holds the open group until it is known what follows.
func (p *packer) closeGroup() bool {
	if p.open == nil {
		return true
	}
	held := p.held
	p.held, p.open = p.open, nil
	return held == nil || p.emit(held)
}

// closeSection gives out what the section has. A rest that is tiny joins the
// group before it.
func (p *packer) closeSection() bool {
	if g, h := p.open, p.held; g != nil && h != nil && g.tokens*8 < p.opt.TargetTokens &&
		h.tokens+g.tokens <= min(h.budget, p.opt.TargetTokens*5/4) && g.header == h.header {
		h.end, h.tokens = g.end, h.tokens+g.tokens
		p.open = nil
	}
	if !p.closeGroup() {
		return false
	}
	held := p.held
	p.held = nil
	return held == nil || p.emit(held)
}

func (p *packer) finish() bool {
	if !p.closeSection() {
		return false
	}
	if len(p.waiting) > 0 {
		return p.flushHeadings()
	}
	return true
}

// emit yields a group as a chunk.
func (p *packer) emit(g *group) bool {
	if g.start >= g.end {
		return true
	}
	c := Chunk{Ordinal: p.ordinal, StartByte: g.start, EndByte: g.end, Context: g.context}
	p.ordinal++
	text := p.doc.Text[g.start:g.end]
	p.rune += utf8.RuneCountInString(p.doc.Text[p.bytes:g.start])
	c.Start = p.rune
	p.rune += utf8.RuneCountInString(text)
	c.End = p.rune
	p.bytes = g.end
	for _, h := range g.path {
		c.HeadingPath = append(c.HeadingPath, h.title)
	}
	c.Page = p.pageOf(g.start)
	sum := sha256.New()
	sum.Write([]byte(g.context))
	sum.Write([]byte{0})
	sum.Write([]byte(text))
	c.Hash = hex.EncodeToString(sum.Sum(nil))
	return p.yield(c)
}

// pageOf gives the number of the page that holds an offset. Offsets ascend.
func (p *packer) pageOf(at int) *int {
	pages := p.doc.Pages
	if len(pages) == 0 {
		return nil
	}
	for p.page+1 < len(pages) && pages[p.page+1].Start <= at {
		p.page++
	}
	n := pages[p.page].Number
	return &n
}
