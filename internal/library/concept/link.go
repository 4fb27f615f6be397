package concept

import (
	"path"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library"
)

const (
	linkWords  = 120 // bytes of a link's words that are read
	linkTarget = 300 // bytes of its target
)

// links collects what a passage links to: the words of Markdown's links, the
// pages of a wiki's, and the addresses they lead to.
func (f *finder) links(text string) {
	for at := 0; ; {
		i := strings.Index(text[at:], "](")
		if i < 0 {
			break
		}
		at += i + 2
		if words := clipFront(text[:at-2], linkWords); strings.Contains(words, "[") {
			f.linked(words[strings.LastIndexByte(words, '[')+1:])
		}
		target := text[at:min(len(text), at+linkTarget)]
		if end := strings.IndexAny(target, ") \n"); end > 0 {
			f.target(target[:end])
		}
	}
	for at := 0; ; {
		i := strings.Index(text[at:], "[[")
		if i < 0 {
			break
		}
		at += i + 2
		page := text[at:min(len(text), at+linkWords)]
		if end := strings.IndexAny(page, "]|#\n"); end > 0 {
			f.linked(page[:end])
		}
	}
	f.addresses(text)
}

// linked collects a link's words.
func (f *finder) linked(words string) {
	name := strings.Trim(strings.Join(strings.Fields(words), " "), "`*_ ")
	if n := len(strings.Fields(name)); n == 0 || n > headingWords || f.doc.lang.generic(name) || f.doc.lang.common[foldWord(name)] {
		return
	}
	f.add(Key(name), name, library.ConceptLinked, 0.65*f.spread(Key(name)))
}

// addresses collects web addresses that stand in the text.
func (f *finder) addresses(text string) {
	for at := 0; ; {
		i := strings.Index(text[at:], "://")
		if i < 0 {
			return
		}
		i += at
		at = i + 3
		if start := strings.LastIndexByte(text[max(0, i-5):i], 'h'); start >= 0 {
			start += max(0, i-5)
			if n := address(text[start:]); n > 0 {
				f.target(text[start : start+min(n, linkTarget)])
				at = start + n
			}
		}
	}
}

// target collects what an address leads to, without what differs between
// links to one page. What lies within the same document is none.
func (f *finder) target(address string) {
	address, _, _ = strings.Cut(address, "#")
	address, _, _ = strings.Cut(address, "?")
	address = strings.TrimRight(address, "./,;:")
	scheme, rest, web := strings.Cut(address, "://")
	if web && scheme != "http" && scheme != "https" {
		return
	}
	name := strings.TrimPrefix(rest, "www.")
	if !web {
		name = strings.TrimSuffix(path.Base(address), path.Ext(address))
	}
	if key := Key(name); len(name) > 2 && !f.doc.lang.generic(name) {
		f.add(key, name, library.ConceptLinked, 0.5*f.spread(key))
	}
}
