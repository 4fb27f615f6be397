package markup

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// markdownParser finds the blocks of Markdown. What is within them is parsed
// for titles alone: nobody asks for the rest, and brackets or stars without end
// take a parser of them a time that grows with the square of their number.
type markdownParser struct {
	blocks parser.Parser
	words  parser.Parser
	source []byte         // what was parsed last
	known  parser.Context // the addresses that links of source refer to by name; nil until a title needs them
}

func newMarkdown() *markdownParser {
	blocks := append(
		parser.DefaultBlockParsers(),
		util.Prioritized(extension.NewDefinitionListParser(), 101),
		util.Prioritized(extension.NewDefinitionDescriptionParser(), 102),
		util.Prioritized(extension.NewFootnoteBlockParser(), 999),
	)
	words := append(
		parser.DefaultInlineParsers(),
		util.Prioritized(extension.NewStrikethroughParser(), 500),
	)
	return &markdownParser{
		blocks: parser.NewParser(
			parser.WithBlockParsers(blocks...),
			parser.WithParagraphTransformers(util.Prioritized(extension.NewTableParagraphTransformer(), 200)),
		),
		words: parser.NewParser(
			parser.WithBlockParsers(util.Prioritized(parser.NewParagraphParser(), 1000)),
			parser.WithInlineParsers(words...),
		),
	}
}

// parse gives the blocks of a source; places in them are those in src.
func (md *markdownParser) parse(src string) ast.Node {
	md.source, md.known = shallow([]byte(src)), nil
	return md.blocks.Parse(text.NewReader(md.source))
}

// deepestMark is how many quotes and lists may begin in one line. Each is
// looked for again in each line that follows.
const deepestMark = 32

// shallow overwrites the marks of quotes and lists that nest deeper.
func shallow(src []byte) []byte {
	for at := 0; at < len(src); {
		end := len(src)
		if n := bytes.IndexByte(src[at:], '\n'); n >= 0 {
			end = at + n + 1
		}
		for depth := 0; at < end; depth++ {
			at += len(src[at:end]) - len(bytes.TrimLeft(src[at:end], " \t"))
			n := markLength(src[at:end])
			if n == 0 {
				break
			}
			if depth >= deepestMark {
				src[at] = 'x'
			}
			at += n
		}
		at = end
	}
	return src
}

// markLength is the length of what begins a quote or an item, 0 for none.
func markLength(line []byte) int {
	n := 0
	for n < len(line) && n < 9 && '0' <= line[n] && line[n] <= '9' {
		n++
	}
	switch {
	case n == len(line):
		return 0
	case n == 0 && line[0] == '>':
		return 1
	case n == 0 && bytes.IndexByte([]byte("-*+"), line[0]) < 0, n > 0 && line[n] != '.' && line[n] != ')':
		return 0
	}
	if n++; n < len(line) && (line[n] == ' ' || line[n] == '\t') {
		return n
	}
	return 0
}

// longestTitle is as much of a heading as is parsed, in bytes.
const longestTitle = 1000

// title gives the words of a heading without markup.
func (md *markdownParser) title(n *ast.Heading) string {
	var source []byte
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		source = append(append(source, line.Value(md.source)...), '\n')
	}
	if len(source) > longestTitle {
		return document.OneLine(strings.ToValidUTF8(string(source[:longestTitle]), ""))
	}
	// The parser of words takes what is indented for code.
	source = bytes.TrimSpace(source)
	var options []parser.ParseOption
	if bytes.IndexByte(source, '[') >= 0 {
		options = append(options, parser.WithContext(md.references()))
	}
	return document.OneLine(plainText(md.words.Parse(text.NewReader(source), options...), source))
}

// definition is a line that says what a name in brackets leads to.
var definition = regexp.MustCompile(`(?m)^ {0,3}\[([^\[\]\n]{1,200})\]:[ \t]*(\S+)`)

// references gives the names that links may refer to.
func (md *markdownParser) references() parser.Context {
	const most = 10_000
	if md.known != nil {
		return md.known
	}
	md.known = parser.NewContext()
	for _, m := range definition.FindAllSubmatch(md.source, most) {
		md.known.AddReference(parser.NewReference(slices.Clone(m[1]), m[2], nil))
	}
	return md.known
}

// plainText gives the words of a node without markup.
func plainText(n ast.Node, src []byte) string {
	var sb strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			sb.Write(n.Segment.Value(src))
			if n.SoftLineBreak() || n.HardLineBreak() {
				sb.WriteByte(' ')
			}
		case *ast.String:
			sb.Write(n.Value)
		case *ast.RawHTML:
			return ast.WalkSkipChildren, nil
		}
		return ast.WalkContinue, nil
	})
	return sb.String()
}
