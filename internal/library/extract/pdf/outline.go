package pdf

import (
	"unicode/utf16"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// outlineEntry is a bookmark: a heading that the author named.
type outlineEntry struct {
	title string
	level int
	page  int // from 0, -1 unknown
}

const (
	// mostBookmarks bounds an outline, which may lead back into itself.
	mostBookmarks = 5000
	// deepestBookmark is the lowest level of headings.
	deepestBookmark = 6
)

// outline gives the document's bookmarks, in order.
func (d *pdfDocument) outline() []outlineEntry {
	n := d.native
	var out []outlineEntry
	var below func(parent uint64, level int)
	below = func(parent uint64, level int) {
		b := n.call("FPDFBookmark_GetFirstChild", n.document, parent)
		for ; b != 0 && len(out) < mostBookmarks && n.err == nil; b = n.call("FPDFBookmark_GetNextSibling", n.document, b) {
			out = append(out, outlineEntry{title: n.bookmarkTitle(b), level: level, page: n.bookmarkPage(b)})
			if level < deepestBookmark {
				below(b, level+1)
			}
		}
	}
	below(0, 1)
	return out
}

// bookmarkTitle gives a bookmark's words, "" for an endless one.
func (n *native) bookmarkTitle(bookmark uint64) string {
	length := n.int("FPDFBookmark_GetTitle", bookmark, n.at(0), scratchBytes)
	if length < 2 || length > scratchBytes {
		return ""
	}
	var units []uint16
	for b := n.bytes(length - 2); len(b) > 1; b = b[2:] { // UTF-16, little-endian, with a zero at the end
		units = append(units, uint16(b[0])|uint16(b[1])<<8)
	}
	return document.Clean(string(utf16.Decode(units)))
}

// bookmarkPage gives the page that a bookmark leads to, -1 for none.
func (n *native) bookmarkPage(bookmark uint64) int {
	destination := n.call("FPDFBookmark_GetDest", n.document, bookmark)
	if destination == 0 {
		if action := n.call("FPDFBookmark_GetAction", bookmark); action != 0 {
			destination = n.call("FPDFAction_GetDest", n.document, action)
		}
	}
	if destination == 0 {
		return -1
	}
	return n.int("FPDFDest_GetDestPageIndex", n.document, destination)
}
