package office

import (
	"regexp"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// paragraphText gives the text of a paragraph of a drawing.
func paragraphText(p *xmlread.Node) string {
	var sb strings.Builder
	for _, c := range p.Children {
		switch c.Name {
		case "a:r":
			sb.WriteString(strings.ReplaceAll(c.Child("a:t").Words(), "_x000D_", ""))
		case "a:fld":
			if c.Get("type") != "slidenum" {
				sb.WriteString(c.Child("a:t").Words())
			}
		case "a:br":
			sb.WriteString("\n")
		case "mc:AlternateContent":
			sb.WriteString(paragraphText(orEmpty(c.Child("mc:Choice"))))
		case "a14:m", "m:oMathPara", "m:oMath":
			if f := strings.TrimSpace(formula(c)); f != "" {
				sb.WriteString("$" + f + "$")
			}
		}
	}
	return sb.String()
}

// drawnTable gives the rows of a drawing's table. A merged cell stands in each
// place that it covers, so that a row can be read alone.
func drawnTable(tbl *xmlread.Node) [][]string {
	var out [][]string
	for tr := range tbl.All("a:tr") {
		var row []string
		for tc := range tr.All("a:tc") {
			text := document.OneLine(drawnText(tc))
			switch {
			case isOn(tc.Get("hMerge")) && len(row) > 0:
				text = row[len(row)-1]
			case isOn(tc.Get("vMerge")) && len(out) > 0 && len(row) < len(out[len(out)-1]):
				text = out[len(out)-1][len(row)]
			}
			row = append(row, text)
		}
		out = append(out, row)
	}
	return out
}

func isOn(v string) bool { return v == "1" || v == "true" || v == "on" }

// namedByProgram is what programs call a picture: a name and a number.
var namedByProgram = regexp.MustCompile(`^\pL+ ?\d+$`)

// writeImage writes what a picture's author says that it shows.
func writeImage(w *document.Writer, properties *xmlread.Node) {
	w.Block(document.Caption, 0, altText(properties))
}

// altText is what a picture's author says that it shows. Paths, and names that
// the program gives, say nothing.
func altText(properties *xmlread.Node) string {
	alt := strings.TrimSpace(properties.Get("descr"))
	if namedByProgram.MatchString(alt) || strings.Contains(alt, `\`) && !strings.Contains(alt, " ") {
		return ""
	}
	return document.Picture(alt)
}
