package markup

import (
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// weight is how much text an element holds, in bytes.
type weight struct {
	text  int // all that is visible
	link  int // of it, the words of links
	links int
}

// prose is what is no link.
func (w weight) prose() int { return w.text - w.link }

// linked reports text that is mostly links, short as those of menus are.
func (w weight) linked() bool {
	const title = 100 // bytes of a link that names a page
	return w.links > 0 && w.link*2 >= w.text && w.link <= w.links*title
}

// page finds what surrounds a page's own content.
type page struct {
	weights map[*html.Node]weight
	left    map[*html.Node]bool
	whole   weight
}

// littleProse is the least prose, in bytes, of a page that is searched for
// furniture: a page of links alone is its own content.
const littleProse = 500

// furniture gives the elements to leave out. It errs on the side of keeping:
// what holds much of the page's prose stays, whatever its name.
func furniture(body *html.Node) map[*html.Node]bool {
	p := &page{weights: map[*html.Node]weight{}, left: map[*html.Node]bool{}}
	p.whole = p.weigh(body, false)
	if p.whole.prose() < littleProse {
		return nil
	}
	p.leaveNamed(body, 0)
	clear(p.weights)
	p.whole = p.weigh(body, false)
	p.narrow(body)
	return p.left
}

// weigh counts the text in n and all below it.
func (p *page) weigh(n *html.Node, inLink bool) weight {
	var w weight
	switch {
	case n.Type == html.TextNode:
		w.text = len(document.OneLine(n.Data))
		if inLink {
			w.link = w.text
		}
		return w
	case hidden(n) || p.left[n]:
		return w
	case n.DataAtom == atom.A && attr(n, "href") != "":
		inLink = true
		w.links++
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		k := p.weigh(c, inLink)
		w.text, w.link, w.links = w.text+k.text, w.link+k.link, w.links+k.links
	}
	if n.Type == html.ElementNode {
		p.weights[n] = w
	}
	return w
}

// leaveNamed leaves out what its class or role says is not content.
func (p *page) leaveNamed(n *html.Node, depth int) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode || hidden(c) {
			continue
		}
		if p.named(c, depth) {
			p.left[c] = true
			continue
		}
		p.leaveNamed(c, depth+1)
	}
}

func (p *page) named(n *html.Node, depth int) bool {
	w := p.weights[n]
	share := w.prose() * 100 / max(p.whole.prose(), 1)
	switch n.DataAtom {
	case atom.Div, atom.Section, atom.Ul, atom.Ol, atom.Aside, atom.Footer, atom.Form, atom.Li, atom.Dl, 0:
	case atom.Table:
		if !w.linked() {
			return false
		}
	case atom.Header:
		if depth < 4 && w.linked() && findElement(n, atom.H1) == nil {
			return true
		}
	default:
		return false
	}
	switch attr(n, "role") {
	case "complementary", "contentinfo", "banner", "tablist", "search", "menu", "menubar", "toolbar":
		if share < 20 && findElement(n, atom.H1) == nil {
			return true
		}
	}
	return p.namedByClass(n, w, share)
}

func (p *page) namedByClass(n *html.Node, w weight, share int) bool {
	if share >= 40 || findElement(n, atom.H1) != nil {
		return false
	}
	for _, name := range nameWords(attr(n, "class")) {
		switch furnitureName(name) {
		case alwaysFurniture:
			return true
		case linkedFurniture:
			if w.linked() || w.prose() < 200 && share < 20 {
				return true
			}
		}
	}
	// An id may be the slug of a heading: a chapter "Cookies" is content.
	id := attr(n, "id")
	if id == "" || hasHeading(n) && (n.DataAtom == atom.Section || w.prose() > 400) {
		return false
	}
	for _, name := range nameWords(id) {
		if f := furnitureName(name); f == alwaysFurniture || f == linkedFurniture && (w.linked() || w.prose() < 200 && share < 20) {
			return true
		}
	}
	return false
}

// nameWords splits the names of classes into lower-case words: "siteFooter
// nav-bar" is site, footer, nav and bar.
func nameWords(s string) []string {
	var words []string
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) }) {
		start := 0
		for i, r := range part {
			if i > start && unicode.IsUpper(r) && i > 0 && unicode.IsLower(rune(part[i-1])) {
				words = append(words, strings.ToLower(part[start:i]))
				start = i
			}
		}
		words = append(words, strings.ToLower(part[start:]))
	}
	return words
}

const (
	notFurniture = iota
	linkedFurniture
	alwaysFurniture
)

// furnitureName judges a word of a class: alwaysFurniture unless it holds much
// of the page's prose, linkedFurniture where it is mostly links or short.
func furnitureName(word string) int {
	switch word {
	case "breadcrumb", "breadcrumbs", "cookie", "cookies", "consent", "gdpr", "newsletter", "sharing", "sharebar", "sharedaddy", "addthis",
		"disqus", "comments", "commentlist", "outbrain", "taboola", "advert", "advertisement", "advertising", "sidebar", "navbar", "navigation",
		"pagination", "recirc", "subscribe", "signup", "popup", "paywall", "footer", "trending", "recommended", "recommendations":
		return alwaysFurniture
	case "nav", "menu", "share", "social", "related", "promo", "promos", "ad", "ads", "banner", "modal", "overlay", "rail", "pager", "skip", "comment",
		"toolbar", "widget", "widgets", "sponsor", "sponsored", "popular", "follow", "login", "header", "masthead", "toc", "tags", "tagcloud", "more", "dropdown",
		"submenu", "actions", "links", "bottom", "aside", "crumbs", "topbar", "buttons", "subscription", "metanav", "prevnext":
		return linkedFurniture
	}
	return notFurniture
}

// narrow goes from the body towards the element that holds the content, and
// leaves out the lists of links beside the way.
func (p *page) narrow(body *html.Node) {
	for at := body; ; {
		var next *html.Node
		for c := at.FirstChild; c != nil; c = c.NextSibling {
			if c.Type == html.ElementNode && !p.left[c] && p.weights[c].prose()*100 >= p.whole.prose()*60 {
				next = c
			}
		}
		if next == nil || !container(next.DataAtom) {
			return
		}
		alone := next.DataAtom == atom.Main || attr(next, "role") == "main" || next.DataAtom == atom.Article
		for c := at.FirstChild; c != nil; c = c.NextSibling {
			if c != next && p.beside(c, alone) {
				p.left[c] = true
			}
		}
		at = next
	}
}

func container(a atom.Atom) bool {
	switch a {
	case atom.Div, atom.Section, atom.Main, atom.Article, atom.Center, atom.Table, atom.Tbody, atom.Tr, atom.Td, atom.Form, atom.Body, atom.Span, atom.Font, 0:
		return true
	default:
		return false
	}
}

// beside reports an element beside the content that is none of it: mostly
// links, or anything small when the content is marked as such.
func (p *page) beside(n *html.Node, alone bool) bool {
	if n.Type != html.ElementNode || headingLevel(n.DataAtom) > 0 || n.DataAtom == atom.P {
		return false
	}
	w := p.weights[n]
	if findElement(n, atom.H1) != nil && (!w.linked() || w.links <= 10) {
		return false
	}
	if w.linked() && w.links >= 3 && isBlockElement(n.DataAtom) {
		return true
	}
	return alone && w.prose()*100 < p.whole.prose()*10
}
