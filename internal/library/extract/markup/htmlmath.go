package markup

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// Formula gives a formula as LaTeX between dollar signs where the page carries
// it so, else as one line of text.
func Formula(n *html.Node) string {
	if n.DataAtom == atom.Script {
		mark := "$"
		if strings.Contains(attr(n, "type"), "display") {
			mark = "$$"
		}
		return mark + document.OneLine(rawText(n)) + mark
	}
	tex := attr(n, "alttext")
	for d := range n.Descendants() {
		if d.Data == "annotation" && strings.Contains(strings.ToLower(attr(d, "encoding")), "tex") {
			tex = rawText(d)
			break
		}
	}
	if tex = document.OneLine(tex); tex == "" {
		return " " + document.OneLine(linear(n)) + " "
	}
	tex = strings.TrimSuffix(strings.TrimPrefix(tex, "{\\displaystyle "), "}")
	if strings.Count(tex, "{") != strings.Count(tex, "}") {
		tex += "}"
	}
	if attr(n, "display") == "block" {
		return "$$" + tex + "$$"
	}
	return "$" + tex + "$"
}

// linear writes MathML in one line: fractions as a/b, scripts as a_b and a^b.
func linear(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var parts []string
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode && strings.TrimSpace(c.Data) == "" {
			continue
		}
		parts = append(parts, linear(c))
	}
	name := n.Data
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	return JoinMath(strings.ToLower(name), parts)
}

// JoinMath writes an element of MathML in one line, given its local name in
// lower case and its parts, which are written so.
func JoinMath(name string, parts []string) string {
	part := func(i int) string {
		p := strings.TrimSpace(parts[i])
		if len([]rune(p)) > 1 {
			return "(" + p + ")"
		}
		return p
	}
	switch {
	case name == "annotation" || name == "annotation-xml":
		return ""
	case name == "mfrac" && len(parts) == 2:
		return part(0) + "/" + part(1)
	case (name == "msub" || name == "munder") && len(parts) == 2:
		return strings.TrimSpace(parts[0]) + "_" + part(1)
	case (name == "msup" || name == "mover") && len(parts) == 2:
		return strings.TrimSpace(parts[0]) + "^" + part(1)
	case (name == "msubsup" || name == "munderover") && len(parts) == 3:
		return strings.TrimSpace(parts[0]) + "_" + part(1) + "^" + part(2)
	case name == "msqrt":
		return "√(" + strings.Join(parts, "") + ")"
	case name == "mroot" && len(parts) == 2:
		return "root(" + parts[0] + ", " + parts[1] + ")"
	case name == "mo":
		return " " + strings.Join(parts, "") + " "
	case name == "mtr" || name == "mlabeledtr":
		return strings.Join(parts, ", ") + "; "
	case name == "mtext" || name == "mspace":
		return " " + strings.Join(parts, "") + " "
	}
	return strings.Join(parts, "")
}
