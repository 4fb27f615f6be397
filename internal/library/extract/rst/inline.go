package rst

import (
	"regexp"
	"strings"
)

var (
	// marked is a literal, a role, a link or other text in backquotes, strong
	// and emphasized words, a name that stands for a text.
	marked = regexp.MustCompile("``(.+?)``|" +
		":([\\w:+.-]{1,60}):`([^`]+)`|" +
		"_?`([^`]+)`(?::[\\w:+.-]{1,60}:|__?)?|" +
		`\*\*([^\s*](?:[^*]*[^\s*])?)\*\*|` +
		`\*([^\s*](?:[^*]*[^\s*])?)\*|` +
		`\|([^\s|](?:[^|]{0,200}[^\s|])?)\|_{0,2}|` +
		`\\(.)`)
	reference = regexp.MustCompile(`(^|[\s(\["'<])([A-Za-z0-9](?:[\w.+:-]{0,100}[A-Za-z0-9])?|\[[^\]\s]{1,60}\])__?($|[\s)\]"'>.,;:!?])`)
	target    = regexp.MustCompile(`^(?s)(.*?)\s*<[^<>]*>$`)
	replace   = regexp.MustCompile(`^\s*\.\. \|([^|]{1,200})\|\s+(replace|unicode|image|date)::\s*(.*)$`)
)

// replacements finds what the document's names stand for.
func replacements(lines []string) map[string]string {
	const most = 2000
	found := map[string]string{}
	for i, l := range lines {
		if !strings.Contains(l, ".. |") || len(found) >= most {
			continue
		}
		m := replace.FindStringSubmatch(l)
		if m == nil || m[2] == "date" || m[2] == "unicode" {
			continue
		}
		text := m[3]
		if m[2] == "image" {
			text = ""
		}
		for k := i + 1; k < len(lines) && k < i+20 && strings.HasPrefix(lines[k], " "); k++ {
			alt, isAlt := strings.CutPrefix(strings.TrimSpace(lines[k]), ":alt:")
			switch {
			case m[2] == "replace":
				text += " " + strings.TrimSpace(lines[k])
			case isAlt:
				text = strings.TrimSpace(alt)
			}
		}
		if len(text) < 500 {
			found[m[1]] = text
		}
	}
	return found
}

// inline takes the marks out of a text.
func (r *reader) inline(s string) string {
	if !strings.ContainsAny(s, "`*|\\_") {
		return s
	}
	var b strings.Builder
	at := 0
	for _, m := range marked.FindAllStringSubmatchIndex(s, -1) {
		b.WriteString(unreferenced(s[at:m[0]]))
		b.WriteString(r.meant(s, m))
		at = m[1]
	}
	b.WriteString(unreferenced(s[at:]))
	return b.String()
}

// meant gives the words of one mark.
func (r *reader) meant(s string, m []int) string {
	group := func(n int) string { return s[m[2*n]:m[2*n+1]] }
	has := func(n int) bool { return m[2*n] >= 0 }
	switch {
	case has(1):
		return group(1)
	case has(2):
		return role(group(2), group(3))
	case has(4):
		return withoutTarget(group(4))
	case has(5):
		return group(5)
	case has(6):
		return group(6)
	case has(7):
		const most = 8 << 20 // bytes, so that a short file stays a short text
		if text, ok := r.replaced[group(7)]; ok && r.expanded < most {
			r.expanded += len(text)
			return strings.NewReplacer("`", "", "**", "").Replace(text)
		}
		return s[m[0]:m[1]]
	}
	if escaped := group(8); escaped != " " {
		return escaped
	}
	return ""
}

// role gives the words of a text in a role.
func role(name, text string) string {
	if name == "math" {
		return "$" + text + "$"
	}
	if short, ok := strings.CutPrefix(text, "~"); ok {
		return short[strings.LastIndexByte(short, '.')+1:]
	}
	return withoutTarget(strings.TrimPrefix(text, "!"))
}

func withoutTarget(text string) string {
	if m := target.FindStringSubmatch(text); m != nil && m[1] != "" {
		return m[1]
	}
	return strings.Trim(text, "<>")
}

// unreferenced takes the underscore from names of links.
func unreferenced(s string) string {
	if !strings.Contains(s, "_") {
		return s
	}
	return reference.ReplaceAllString(s, "$1$2$3")
}
