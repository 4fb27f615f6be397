package rst

import (
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// item reads an item of a list, 0 where there is none.
func (r *reader) item(lines []string, i int, at place) int {
	l := lines[i]
	mark := bullet.FindString(l)
	shown := "- "
	if mark == "" {
		if mark = enumerator.FindString(l); mark != "" && !r.enumerates(lines, i, len(mark)) {
			return 0
		}
		shown = strings.Replace(strings.TrimSpace(mark), "#", "1", 1) + " "
	}
	if mark == "" {
		if mark = option.FindString(l); mark == "" || strings.HasSuffix(mark, "::") {
			return 0
		}
		end := indented(lines, i+1)
		r.list(strings.TrimSpace(mark), append([]string{strings.TrimSpace(l[len(mark):])}, dedent(lines[i+1:end])...), at)
		return end
	}
	// What belongs to an item begins right of its mark.
	end := i + 1
	for k := end; k < len(lines) && (lines[k] == "" || lines[k][0] == ' '); k++ {
		if lines[k] != "" {
			end = k + 1
		}
	}
	inner := at.inner()
	inner.list, inner.kind = at.list+1, document.Paragraph
	content := append([]string{l[len(mark):]}, within(lines[i+1:end], len(mark))...)
	r.lead = lead{shown, true}
	r.body(content, inner)
	r.lead = lead{}
	return end
}

// enumerates tells a numbered item from a sentence that begins like one: what
// follows is empty, indented or the next item.
func (r *reader) enumerates(lines []string, i, width int) bool {
	if len(lines[i]) == width || i+1 == len(lines) || lines[i+1] == "" {
		return true
	}
	return lines[i+1][0] == ' ' || enumerator.MatchString(lines[i+1])
}

// within takes up to so many spaces from each line.
func within(lines []string, width int) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		n := 0
		for n < width && n < len(l) && l[n] == ' ' {
			n++
		}
		out[i] = l[n:]
	}
	return out
}

// list writes a term and what is said of it.
func (r *reader) list(term string, meaning []string, at place) {
	inner := at.inner()
	inner.list, inner.kind = at.list+1, document.Paragraph
	r.lead = lead{"- ", true}
	r.paragraph(term, inner)
	inner.list++
	r.lead = lead{"- ", true}
	r.body(meaning, inner)
	r.lead = lead{}
}

// field reads a field: of the document itself below its title.
func (r *reader) field(lines []string, i int, at place) int {
	mark := field.FindString(lines[i])
	name := strings.Trim(strings.TrimSpace(mark), ":")
	end := indented(lines, i+1)
	value := append([]string{strings.TrimSpace(lines[i][len(mark):])}, dedent(lines[i+1:end])...)
	text := r.inline(strings.TrimSpace(strings.Join(value, " ")))
	if r.first && at.depth == 0 {
		r.describe(strings.ToLower(name), text)
	}
	inner := at
	inner.list++
	name = r.inline(name)
	if long := end > i+1 && strings.Contains(strings.Join(value, "\n"), "\n\n"); long {
		r.list(name, value, at)
		return end
	}
	r.lead = lead{"- ", true}
	if text != "" {
		name += ": " + text
	}
	r.paragraph(name, inner)
	return end
}

// describe keeps what a document's first fields say of it.
func (r *reader) describe(name, value string) {
	switch name {
	case "author", "authors":
		r.w.Meta("author", value)
	case "date":
		r.w.Meta("created", value)
	case "lang", "language":
		r.w.Language = value
	case "title":
		if r.w.Title == "" {
			r.w.Title = value
		}
	case "version", "organization", "copyright", "status", "keywords", "description":
		r.w.Meta(name, value)
	}
}
