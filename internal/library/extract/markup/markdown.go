package markup

import (
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// markdownSegment is how much Markdown is parsed at once; a syntax tree takes
// some ten times its source.
const markdownSegment = 4 << 20

// Markdown keeps the source as it is and finds the blocks in it.
func Markdown(w *document.Writer, in document.Input) error {
	src, err := document.ReadWhole(in.Path, w.Limits)
	if err != nil {
		return err
	}
	md := newMarkdown()
	if n := frontMatter(w, src); n > 0 {
		w.Raw(src[:n])
		w.Mark(document.Block{Kind: document.Code, Start: 0, End: len(strings.TrimRight(src[:n], " \t\n"))})
		src = src[n:]
	}
	total := len(src)
	for len(src) > 0 && w.Err() == nil {
		n := segmentEnd(src, markdownSegment)
		markdownBlocks(w, md, src[:n])
		src = src[n:]
		w.Report(total-len(src), total, "bytes")
	}
	return w.Err()
}

// AppendMarkdown appends a piece of Markdown, which is clean text, to what is
// written, and marks its blocks.
func AppendMarkdown(w *document.Writer, src string) {
	w.Separate(document.Paragraph)
	markdownBlocks(w, newMarkdown(), strings.Trim(src, "\n"))
}

// frontMatter gives the length of YAML front matter and keeps its plain
// values.
func frontMatter(w *document.Writer, src string) int {
	if !strings.HasPrefix(src, "---\n") {
		return 0
	}
	end := strings.Index(src[3:], "\n---\n")
	if end < 0 || end > 64<<10 {
		return 0
	}
	end += 3
	for l := range strings.Lines(src[4 : end+1]) {
		key, value, ok := strings.Cut(l, ":")
		if !ok || strings.HasPrefix(key, " ") || strings.HasPrefix(key, "-") || strings.ContainsAny(key, "#{[\"'") {
			continue
		}
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		switch key = strings.ToLower(key); key {
		case "title":
			w.Title = value
		case "lang", "language":
			w.Language = value
		case "author", "authors", "date", "created", "updated", "description", "tags", "keywords", "category":
			w.Meta(key, value)
		}
	}
	return end + len("\n---\n")
}

// segmentEnd finds where a long source may be cut: at a heading, or at least
// at an empty line, outside fenced code.
func segmentEnd(src string, limit int) int {
	if len(src) <= limit {
		return len(src)
	}
	cut, fence, at := 0, "", 0
	for l := range strings.Lines(src) {
		t := strings.TrimLeft(l, " ")
		switch {
		case fence != "":
			if strings.HasPrefix(t, fence) {
				fence = ""
			}
		case strings.HasPrefix(t, "```"), strings.HasPrefix(t, "~~~"):
			fence = t[:3]
		case strings.HasPrefix(l, "#") && at > limit/2, at > limit*3/4 && strings.TrimSpace(l) == "":
			cut = at
		}
		at += len(l)
		if cut > 0 && strings.HasPrefix(src[cut:], "#") || at > limit && cut > 0 || at > 2*limit {
			break
		}
	}
	if cut == 0 {
		cut = at
	}
	return cut
}

// mdBlock is a node of the syntax tree that begins a block.
type mdBlock struct {
	at    int
	block document.Block
}

// markdownBlocks appends a piece of source and marks its blocks: each ends
// where the next begins.
func markdownBlocks(w *document.Writer, md *markdownParser, src string) {
	base := w.Raw(src).Start
	if w.Err() != nil {
		return
	}
	var found []mdBlock
	for n := md.parse(src).FirstChild(); n != nil; n = n.NextSibling() {
		found = md.collectBlocks(found, n, 0)
	}
	slices.SortStableFunc(found, func(a, b mdBlock) int { return a.at - b.at })
	for i, f := range found {
		start, end := lineStart(src, f.at), len(src)
		if i+1 < len(found) {
			end = lineStart(src, found[i+1].at)
		}
		if start >= end {
			continue
		}
		trimmed := strings.TrimRight(src[start:end], " \t\n")
		b := f.block
		b.Start, b.End = base+start, base+start+len(trimmed)
		if b.Kind == document.Table {
			b.Header = document.Span{Start: b.Start, End: b.Start + tableHeader(trimmed)}
			if strings.HasPrefix(trimmed, "<") {
				b.Header.End = b.Start + htmlHeader(trimmed)
			}
		}
		if b.Kind == document.Heading && w.Title == "" && b.Level == 1 {
			w.Title = b.Title
		}
		w.Mark(b)
	}
}

// collectBlocks adds a node's blocks in the order of the source.
func (md *markdownParser) collectBlocks(found []mdBlock, n ast.Node, depth int) []mdBlock {
	b := document.Block{}
	switch n := n.(type) {
	case *ast.Heading:
		b = document.Block{Kind: document.Heading, Level: n.Level, Title: md.title(n)}
	case *ast.List:
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			found = md.collectItem(found, item, depth+1)
		}
		return found
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		b.Kind = document.Code
	case *ast.HTMLBlock:
		b.Kind = htmlBlockKind(n, md.source)
	case *ast.Blockquote:
		b.Kind = document.Quote
	case *extast.Table:
		b.Kind = document.Table
	case *extast.FootnoteList:
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			found = append(found, mdBlock{item.Pos(), document.Block{Kind: document.Footnote}})
		}
		return found
	}
	return append(found, mdBlock{n.Pos(), b})
}

// collectItem adds a list's item, and lists and code in it as blocks of their
// own.
func (md *markdownParser) collectItem(found []mdBlock, item ast.Node, depth int) []mdBlock {
	found = append(found, mdBlock{item.Pos(), document.Block{Kind: document.ListItem, Level: depth}})
	for n := item.FirstChild(); n != nil && depth < 100; n = n.NextSibling() {
		switch n.(type) {
		case *ast.List, *ast.FencedCodeBlock, *extast.Table:
			found = md.collectBlocks(found, n, depth)
		}
	}
	return found
}

func lineStart(src string, at int) int {
	if at < 0 || at > len(src) {
		return len(src)
	}
	return strings.LastIndexByte(src[:at], '\n') + 1
}

// tableHeader gives the length of a table's first two lines.
func tableHeader(table string) int {
	n := strings.IndexByte(table, '\n')
	if n < 0 {
		return len(table)
	}
	if m := strings.IndexByte(table[n+1:], '\n'); m >= 0 {
		return n + 1 + m
	}
	return len(table)
}

// htmlBlockKind tells a table and code apart from what HTML lays out.
func htmlBlockKind(n *ast.HTMLBlock, src []byte) document.BlockKind {
	if n.Lines().Len() == 0 {
		return document.Code
	}
	first := n.Lines().At(0)
	line := strings.ToLower(strings.TrimSpace(string(first.Value(src))))
	if strings.HasPrefix(line, "<table") {
		return document.Table
	}
	for _, code := range []string{"<pre", "<script", "<style", "<textarea", "<!", "<?"} {
		if strings.HasPrefix(line, code) {
			return document.Code
		}
	}
	return document.Paragraph
}

// htmlHeader gives the length of a table's source up to the end of its first
// row, where that is one of headers; else 0.
func htmlHeader(table string) int {
	const longest = 2000 // bytes
	head := strings.ToLower(table[:min(len(table), longest)])
	if len(head) != min(len(table), longest) { // letters whose other case is longer
		return 0
	}
	end := strings.Index(head, "</tr>")
	if end < 0 || !strings.Contains(head[:end], "<th") {
		return 0
	}
	return end + len("</tr>")
}
