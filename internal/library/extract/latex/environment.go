package latex

import (
	"fmt"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// kind is what an environment is to a reader.
type kind uint8

const (
	other kind = iota
	list
	verbatim
	mathematics
	tabular
	quote
	abstract
	bibliography
	picture
	theorem
	boxed // has one argument that is no text
)

func environments() map[string]kind {
	names := map[string]kind{}
	for k, list := range map[kind]string{
		list:         "itemize enumerate description compactitem compactenum inparaenum inparaitem tightlist",
		verbatim:     "verbatim Verbatim lstlisting minted alltt code listing",
		mathematics:  "equation align gather multline eqnarray displaymath math alignat flalign dmath subequations",
		tabular:      "tabular tabularx tabulary longtable supertabular array tabu longtblr tblr NiceTabular deluxetable",
		quote:        "quote quotation verse displayquote",
		abstract:     "abstract",
		bibliography: "thebibliography references",
		picture:      "tikzpicture pgfpicture picture comment filecontents CCSXML pspicture axis algorithmic_",
		theorem:      "theorem lemma proof definition corollary proposition remark example claim conjecture assumption",
		boxed:        "minipage multicols adjustwidth subfigure subtable wraptable wrapfigure spacing textblock column",
	} {
		for name := range strings.FieldsSeq(list) {
			names[name] = k
		}
	}
	return names
}

// environment reads \begin{name} or \end{name}.
func (r *reader) environment(src *source, command string, i, to int) int {
	from, end, next, ok := group(src, i, to)
	if !ok {
		return i
	}
	name := strings.TrimSuffix(strings.TrimSpace(src.s[from:end]), "*")
	if command == "end" {
		r.end(name)
		return next
	}
	k := r.names[name]
	switch k {
	case verbatim, mathematics, tabular, picture:
		return r.whole(src, k, src.s[from:end], next, to)
	case list:
		r.flush()
		if len(r.lists) < 20 {
			r.lists = append(r.lists, listState{numbered: strings.HasPrefix(name, "enum") || strings.HasSuffix(name, "enum")})
		}
		return skipOption(src.s, next, to)
	case abstract:
		r.flush()
		if r.nested == 0 {
			r.w.Block(document.Heading, 2, "Abstract")
		}
	case bibliography:
		r.flush()
		if r.nested == 0 {
			r.w.Block(document.Heading, 2, "References")
		}
		return arguments(src, 1, next, to)
	case quote:
		r.flush()
		r.kind = document.Quote
	case theorem:
		r.flush()
		title, after := option(src.s, next, to)
		r.text.WriteString(strings.ToUpper(name[:1]) + name[1:])
		if title != "" {
			r.text.WriteString(" (" + title + ")")
		}
		r.text.WriteString(". ")
		return after
	case boxed:
		r.flush()
		return arguments(src, 1, next, to)
	case other:
		r.flush()
	}
	return skipOption(src.s, next, to)
}

func (r *reader) end(name string) {
	r.flush()
	switch r.names[name] {
	case list:
		if n := len(r.lists); n > 0 {
			r.lists = r.lists[:n-1]
		}
		r.kind = document.Paragraph
		if len(r.lists) > 0 {
			r.kind = document.ListItem
		}
	case quote, bibliography:
		r.kind = document.Paragraph
	default:
	}
}

// whole reads an environment whose content has rules of its own.
func (r *reader) whole(src *source, k kind, name string, i, to int) int {
	closing := `\end{` + name + `}`
	if r.endless[closing] {
		return i
	}
	n := strings.Index(src.s[i:to], closing)
	if n < 0 {
		r.endless[closing] = true
		return i
	}
	end, next := i+n, i+n+len(closing)
	switch k {
	case verbatim:
		i = skipOption(src.s, i, end)
		if name == "minted" || name == "listing" {
			i = arguments(src, 1, i, end)
		}
		r.flush()
		if r.nested == 0 {
			r.w.Block(document.Code, 0, strings.Trim(src.s[i:end], "\n"))
		} else {
			r.text.WriteString(src.s[i:end])
		}
	case mathematics:
		if name == "math" {
			r.formula("$", unlabel(src.s[i:end]))
			break
		}
		body := unlabel(src.s[i:end])
		if base := strings.TrimSuffix(name, "*"); base != "equation" && base != "displaymath" && base != "subequations" {
			body = `\begin{` + name + `}` + body + closing
		}
		r.formula("$$", body)
	case tabular:
		next = r.table(src, name, i, end, next, to)
	default: // a picture
	}
	return next
}

// unlabel takes the names of equations out.
func unlabel(s string) string {
	for range 200 {
		i := strings.Index(s, `\label{`)
		if i < 0 {
			return s
		}
		n := strings.IndexByte(s[i:], '}')
		if n < 0 {
			return s
		}
		s = s[:i] + s[i+n+1:]
	}
	return s
}

// item begins the next item of a list.
func (r *reader) item(src *source, i, to int) int {
	label, next := option(src.s, i, to)
	r.flush()
	r.kind, r.marker = document.ListItem, "- "
	if n := len(r.lists); n > 0 && r.lists[n-1].numbered {
		r.lists[n-1].number++
		r.marker = fmt.Sprintf("%d. ", r.lists[n-1].number)
	}
	if label != "" {
		sub := newSource(label)
		if text := tidy(r.inline(sub, 0, len(label))); text != "" && text != "•" {
			r.text.WriteString(text + " ")
		}
	}
	return next
}

// table writes a tabular environment; next is after its end.
func (r *reader) table(src *source, name string, i, end, next, to int) int {
	// A table in a cell of this one ends at its own end, not ours.
	opening, closing := `\begin{`+name+`}`, `\end{`+name+`}`
	for inner := strings.Count(src.s[i:end], opening); inner > 0 && inner < deepest; inner-- {
		n := strings.Index(src.s[next:to], closing)
		if n < 0 {
			break
		}
		end, next = next+n, next+n+len(closing)
	}
	i = skipOption(src.s, i, end)
	i = arguments(src, 1, i, end) // the columns
	if base := strings.TrimSuffix(name, "*"); base == "tabularx" || base == "tabulary" || name == "tabular*" {
		i = arguments(src, 1, i, end)
	}
	rows := r.rows(src, i, end)
	if r.nested > 0 {
		for _, row := range rows {
			r.text.WriteString(strings.Join(row, " ") + " ")
		}
		return next
	}
	r.flush()
	if widest(rows) < 2 { // a column of lines
		for _, row := range rows {
			r.w.Block(document.Paragraph, 0, strings.Join(row, " "))
		}
		return next
	}
	r.w.Table(rows)
	r.writeNotes()
	return next
}

func widest(rows [][]string) int {
	n := 0
	for _, row := range rows {
		n = max(n, len(row))
	}
	return n
}

// rows splits the content of a table at its signs for cells and rows.
func (r *reader) rows(src *source, i, end int) [][]string {
	const most = 200 // columns
	s := src.s
	var rows [][]string
	var row []string
	start := i
	cell := func(at int) {
		text := strings.ReplaceAll(tidy(r.inline(src, start, at)), "\n", " ")
		for range min(columns(s[start:at]), most-min(len(row), most-1)) {
			row = append(row, text)
		}
	}
	flush := func() {
		if strings.Join(row, "") != "" {
			rows = append(rows, row)
		}
		row = nil
	}
	depth := 0
	for ; i < end; i++ {
		switch {
		case s[i] == '{' && int(src.match[i]) > i && int(src.match[i]) < end:
			i = int(src.match[i])
		case s[i] == '%':
			for i+1 < end && s[i+1] != '\n' {
				i++
			}
		case s[i] == '&' && depth == 0:
			cell(i)
			start = i + 1
		case s[i] == '\\' && i+1 < end:
			switch {
			case strings.HasPrefix(s[i:end], `\begin{`):
				depth++
			case strings.HasPrefix(s[i:end], `\end{`):
				depth--
			case (s[i+1] == '\\' || strings.HasPrefix(s[i:end], `\tabularnewline`)) && depth == 0:
				cell(i)
				flush()
				start = skipOption(s, i+2, end)
				if s[i+1] != '\\' {
					start = i + len(`\tabularnewline`)
				}
			}
			i++
		}
	}
	if start < end {
		cell(end)
	}
	flush()
	return rows
}

// columns is how many columns a cell takes.
func columns(cell string) int {
	_, rest, ok := strings.Cut(cell, `\multicolumn{`)
	if !ok {
		return 1
	}
	n := 0
	for _, c := range rest {
		if c < '0' || c > '9' || n > 100 {
			break
		}
		n = n*10 + int(c-'0')
	}
	return max(n, 1)
}
