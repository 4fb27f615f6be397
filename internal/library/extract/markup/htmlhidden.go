package markup

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// hidden reports what a reader of the page does not read.
func hidden(n *html.Node) bool {
	if n.Type == html.CommentNode || n.Type == html.DoctypeNode {
		return true
	}
	if n.Type != html.ElementNode {
		return false
	}
	return hiddenTag(n) || hiddenStyle(n) || hiddenName(n)
}

func hiddenTag(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Script:
		return !strings.HasPrefix(attr(n, "type"), "math/")
	case atom.Style, atom.Noscript, atom.Template, atom.Nav, atom.Head, atom.Iframe, atom.Object, atom.Svg,
		atom.Canvas, atom.Select, atom.Input, atom.Textarea, atom.Dialog, atom.Audio, atom.Video, atom.Rp:
		return true
	case atom.Button:
		return !opensHeading(n)
	case atom.Footer, atom.Aside:
		// Of the page, not of an article within it.
		return !within(n, atom.Article) && !within(n, atom.Main) && !note(n)
	case 0:
		return n.Data == "ix:header" || n.Data == "mjx-container" && findElement(n, atom.Math) == nil
	default:
		return false
	}
}

func hiddenStyle(n *html.Node) bool {
	for _, a := range n.Attr {
		switch a.Key {
		case "hidden":
			if a.Val != "until-found" {
				return true
			}
		case "aria-hidden":
			if a.Val == "true" {
				return true
			}
		case "style":
			style := strings.ToLower(strings.ReplaceAll(a.Val, " ", ""))
			if (strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden")) && findElement(n, atom.Math) == nil {
				return true
			}
		case "role":
			switch a.Val {
			case "navigation", "alertdialog", "dialog":
				return true
			}
		case "data-label":
			if a.Val == "Page-Header" || a.Val == "Page-Footer" {
				return true
			}
		}
	}
	return false
}

// hiddenName knows the class names by which common programs mark what is
// there for the mouse, for print or for programs that read a page aloud.
func hiddenName(n *html.Node) bool {
	class := attr(n, "class")
	if class == "" {
		return false
	}
	for c := range strings.FieldsSeq(class) {
		switch strings.ToLower(c) {
		case "mw-editsection", "mw-jump-link", "headerlink", "skip-link", "skip-to-content", "noprint", "navbox", "catlinks", "printfooter",
			"mwe-math-fallback-image-inline", "mwe-math-fallback-image-display", "mathjax_preview", "mathjax", "mathjax_display", "mathjax_chtml", "mathjax_svg", "katex-html":
			return findElement(n, atom.Math) == nil || c == "katex-html"
		}
	}
	return false
}

func within(n *html.Node, a atom.Atom) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.DataAtom == a {
			return true
		}
	}
	return false
}

func withinHeading(n *html.Node) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if headingLevel(p.DataAtom) > 0 || p.DataAtom == atom.Dt || p.DataAtom == atom.Summary {
			return true
		}
	}
	return false
}

// opensHeading reports a button that is all there is of its heading: what a
// reader clicks to unfold a chapter.
func opensHeading(button *html.Node) bool {
	for p := button.Parent; p != nil; p = p.Parent {
		if headingLevel(p.DataAtom) > 0 || p.DataAtom == atom.Dt || p.DataAtom == atom.Summary {
			return strings.TrimSpace(rawText(p)) == strings.TrimSpace(rawText(button))
		}
	}
	return false
}

// note reports a footnote or endnote by its role.
func note(n *html.Node) bool {
	for _, a := range n.Attr {
		if a.Key == "epub:type" || a.Key == "type" && a.Namespace == "epub" || a.Key == "role" {
			for v := range strings.FieldsSeq(a.Val) {
				if slices.Contains([]string{"footnote", "endnote", "rearnote", "doc-footnote", "doc-endnote"}, v) {
					return true
				}
			}
		}
	}
	return false
}

func findElement(n *html.Node, a atom.Atom) *html.Node {
	if n.Type == html.ElementNode && n.DataAtom == a {
		return n
	}
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.DataAtom == a {
			return d
		}
	}
	return nil
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func headingLevel(a atom.Atom) int {
	switch a {
	case atom.H1:
		return 1
	case atom.H2:
		return 2
	case atom.H3:
		return 3
	case atom.H4:
		return 4
	case atom.H5:
		return 5
	case atom.H6:
		return 6
	default:
		return 0
	}
}

func isBlockElement(a atom.Atom) bool {
	switch a {
	case atom.Address, atom.Article, atom.Aside, atom.Blockquote, atom.Body, atom.Caption, atom.Center, atom.Dd, atom.Details,
		atom.Dir, atom.Div, atom.Dl, atom.Dt, atom.Fieldset, atom.Figcaption, atom.Figure, atom.Footer, atom.Form,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Header, atom.Hgroup, atom.Hr, atom.Html, atom.Legend,
		atom.Li, atom.Listing, atom.Main, atom.Menu, atom.Ol, atom.P, atom.Pre, atom.Section, atom.Summary, atom.Table,
		atom.Tbody, atom.Td, atom.Tfoot, atom.Th, atom.Thead, atom.Tr, atom.Ul, atom.Xmp:
		return true
	default:
		return false
	}
}
