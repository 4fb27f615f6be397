package xmldoc

import (
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/markup"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// formula writes a formula: as LaTeX where the file has it so, else in a line.
func (e *emitter) formula(n *xmlread.Node, name string, p place) {
	display := name == "disp-formula" || name == "equation" || name == "maths"
	text := formulaText(n)
	if text == "" { // a formula of plain text
		text = n.Words()
	}
	if !display {
		e.run.WriteString(" " + text + " ")
		return
	}
	e.flush(p)
	if l := childOf(n, "label"); l != nil && !strings.Contains(text, words(l.Words())) {
		text += " " + words(l.Words())
	}
	e.w.Block(document.Paragraph, 0, words(text))
}

// formulaText looks for LaTeX first, then for MathML.
func formulaText(n *xmlread.Node) string {
	if tex := texOf(n); tex != "" {
		return tex
	}
	if xmlread.Local(n.Name) == "math" {
		return document.OneLine(linear(n))
	}
	for _, c := range n.Children {
		if xmlread.Local(c.Name) == "math" || len(c.Children) > 0 && xmlread.Local(c.Name) != "label" {
			if t := formulaText(c); t != "" {
				return t
			}
		}
	}
	return ""
}

func texOf(n *xmlread.Node) string {
	if xmlread.Local(n.Name) == "tex-math" {
		tex := n.Words()
		if _, body, ok := strings.Cut(tex, `\begin{document}`); ok {
			tex, _, _ = strings.Cut(body, `\end{document}`)
		}
		return document.OneLine(tex)
	}
	for _, c := range n.Children {
		if t := texOf(c); t != "" {
			return t
		}
	}
	return ""
}

// linear writes MathML in one line.
func linear(n *xmlread.Node) string {
	if n.Name == "" {
		return words(n.Text)
	}
	var parts []string
	for _, c := range n.Children {
		if c.Name == "" && strings.TrimSpace(c.Text) == "" {
			continue
		}
		parts = append(parts, linear(c))
	}
	return markup.JoinMath(strings.ToLower(xmlread.Local(n.Name)), parts)
}
