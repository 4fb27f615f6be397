package mcptools

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// Bounds of what a call gives, in code points and headings.
const (
	defaultChars = 8000
	maxChars     = 40_000
	maxOutline   = 100
)

// unset is the offset of a call that names none.
const unset = -1

type getItemArgs struct {
	itemUID  string
	page     int // 0: none
	heading  string
	offset   int
	maxChars int
}

func getItemParams(a *getItemArgs) []param {
	return []param{
		text(&a.itemUID, "item_uid", maxName, "The item_uid of a hit or of a listed document.").needed(),
		number(&a.page, "page", 1, math.MaxInt32, "Read this page, counted from 1."),
		text(&a.heading, "heading", 2000, "Read the section under this heading, or under a path of headings joined with \" > \"."),
		number(&a.offset, "offset", 0, math.MaxInt32, "Read on from this character, such as next_offset or a hit's start."),
		number(&a.maxChars, "max_chars", 1, maxChars, "At most so many characters."),
	}
}

func (s *Server) getItemTool() tool {
	t := tool{
		name: toolGetItem, title: "Read a document",
		about:  "Read a document's text by page, by heading or from an offset, up to max_chars. Say one of them, or none to begin at the beginning. When truncated, go on at next_offset. The outline lists its headings.",
		output: getItemOutput(),
	}
	return makeTool(t, getItemArgs{offset: unset, maxChars: defaultChars}, getItemParams, s.getItem)
}

func (s *Server) getItem(ctx context.Context, p accounts.Principal, a getItemArgs) (answer, error) {
	if err := a.oneWay(); err != nil {
		return answer{}, err
	}
	item, _, _, err := s.access.Item(ctx, p, a.itemUID)
	if err != nil {
		return answer{}, err
	}
	out, err := s.readDocument(ctx, item, a)
	if err != nil {
		return answer{}, err
	}
	return answer{text: documentText(out), structured: out, links: linkItem(item.UID, item.Title), results: 1}, nil
}

func (a getItemArgs) oneWay() error {
	ways := 0
	for _, given := range []bool{a.page != 0, a.heading != "", a.offset != unset} {
		if given {
			ways++
		}
	}
	if ways > 1 {
		return errs.New(errs.Invalid, "Give one of page, heading and offset.")
	}
	return nil
}

func (s *Server) readDocument(ctx context.Context, item library.Item, a getItemArgs) (documentView, error) {
	g, err := s.opt.Libraries.Generation(ctx, item, item.Generation)
	if err != nil {
		return documentView{}, err
	}
	where, err := s.structureOf(ctx, g)
	if err != nil {
		return documentView{}, err
	}
	matching := where.named(a.heading)
	want, err := a.span(where, matching)
	if err != nil {
		return documentView{}, err
	}
	shown := where.outline(maxOutline)
	if len(matching) > 1 {
		shown = pick(where.headings, matching)
	}
	marks := make([]int, len(shown))
	for i, h := range shown {
		marks[i] = h.start
	}
	got, err := s.passageOf(ctx, g, want, marks)
	switch {
	case err != nil:
		return documentView{}, err
	case len(matching) > 1:
		return documentView{}, severalHeadings(a.heading, shown, got.marks)
	case a.offset > got.total:
		return documentView{}, errs.Field("offset", fmt.Sprintf("must be at most %d, the document's length.", got.total))
	}
	return viewDocument(item, got, where, shown), nil
}

// span turns what was asked for into a part of the text.
func (a getItemArgs) span(where structure, matching []int) (span, error) {
	want := span{fromRune: unset, toByte: toTheEnd, runes: a.maxChars}
	switch {
	case a.page != 0:
		for _, p := range where.pages {
			if p.number == a.page {
				want.fromByte, want.toByte = p.start, p.end
				return want, nil
			}
		}
		return span{}, noPage(where.pages)
	case a.heading != "" && len(matching) == 0:
		return span{}, errs.Field("heading", "The document has no heading "+quoted(a.heading)+"; see its outline.")
	case a.heading != "":
		want.fromByte, want.toByte = where.section(matching[0])
	default:
		want.fromRune = max(0, a.offset)
	}
	return want, nil
}

func noPage(pages []page) error {
	if len(pages) == 0 {
		return errs.Field("page", "This document has no pages; use heading or offset.")
	}
	return errs.Field("page", fmt.Sprintf("The document has pages %d to %d.", pages[0].number, pages[len(pages)-1].number))
}

func severalHeadings(wanted string, found []heading, offsets []int) error {
	const most = 20
	var b strings.Builder
	fmt.Fprintf(&b, "%d headings read %s. Use the offset of one:", len(found), quoted(wanted))
	for i, h := range found[:min(most, len(found))] {
		fmt.Fprintf(&b, "\n%d: %s", offsets[i], strings.Join(h.path, headingSeparator))
	}
	return errs.Field("heading", b.String())
}

func pick(all []heading, which []int) []heading {
	out := make([]heading, len(which))
	for i, n := range which {
		out[i] = all[n]
	}
	return out
}

// structureOf reads where a text's headings and pages stand. A text without a
// structure has none.
func (s *Server) structureOf(ctx context.Context, g library.Generation) (where structure, err error) {
	if g.StructureKey == "" {
		return structure{}, nil
	}
	r, _, err := s.opt.Objects.Open(ctx, g.StructureKey)
	if err != nil {
		return structure{}, fmt.Errorf("open the structure of %s: %w", g.ItemUID, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return readStructure(whileWanted{ctx, r})
}

func (s *Server) passageOf(ctx context.Context, g library.Generation, want span, marks []int) (got passage, err error) {
	r, _, err := s.opt.Objects.Open(ctx, g.TextKey)
	if err != nil {
		return passage{}, fmt.Errorf("open the text of %s: %w", g.ItemUID, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return readPassage(whileWanted{ctx, r}, want, marks)
}

// whileWanted stops reading when the client has left.
type whileWanted struct {
	ctx context.Context //nolint:containedctx // lives no longer than one read of a text
	r   io.Reader
}

func (w whileWanted) Read(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.r.Read(b)
}

type documentView struct {
	Item           itemRefView   `json:"item"`
	Text           string        `json:"text"`
	Start          int           `json:"start"`
	End            int           `json:"end"`
	Truncated      bool          `json:"truncated"`
	NextOffset     *int          `json:"next_offset"`
	TotalChars     int           `json:"total_chars"`
	Outline        []outlineView `json:"outline"`
	OutlineOmitted int           `json:"outline_omitted,omitempty"`
}

type outlineView struct {
	Heading string `json:"heading"`
	Level   int    `json:"level"`
	Page    *int   `json:"page"`
	Start   int    `json:"start"`
}

func viewDocument(item library.Item, got passage, where structure, shown []heading) documentView {
	v := documentView{
		Item: viewItemRef(item), Text: got.text, Start: got.start, End: got.end, Truncated: got.cut,
		TotalChars: got.total, Outline: make([]outlineView, len(shown)), OutlineOmitted: len(where.headings) - len(shown),
	}
	if got.end < got.total {
		v.NextOffset = &got.end
	}
	for i, h := range shown {
		v.Outline[i] = outlineView{Heading: h.title, Level: h.level, Page: where.pageAt(h.start), Start: got.marks[i]}
	}
	return v
}

func documentText(v documentView) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nitem_uid: %s; source: %s\ncharacters %d to %d of %d", orUntitled(v.Item.Title), v.Item.UID, v.Item.Source, v.Start, v.End, v.TotalChars)
	if v.Truncated {
		b.WriteString("; truncated")
	}
	if v.NextOffset != nil {
		b.WriteString("; next_offset: " + strconv.Itoa(*v.NextOffset))
	}
	b.WriteString("\n\n" + v.Text + "\n")
	if len(v.Outline) > 0 {
		b.WriteString("\nOutline (heading, page, offset):\n")
	}
	for _, o := range v.Outline {
		b.WriteString(strings.Repeat("  ", max(0, o.Level-1)) + "- " + o.Heading)
		if o.Page != nil {
			fmt.Fprintf(&b, ", page %d", *o.Page)
		}
		fmt.Fprintf(&b, ", %d\n", o.Start)
	}
	if v.OutlineOmitted > 0 {
		fmt.Fprintf(&b, "%d more headings.\n", v.OutlineOmitted)
	}
	return b.String()
}

func getItemOutput() object {
	return record(object{
		{"item", itemRefOutput()},
		{"text", textOf("A part of the document's text, exactly as it stands there")},
		{"start", integerOf("First character of the part, counted in code points from 0")},
		{"end", integerOf("The character after the last")},
		{"truncated", boolOf("max_chars cut what was asked for")},
		{"next_offset", numberOrNull(0, "Give it as offset to read on")},
		{"total_chars", integerOf("Of the whole document")},
		{"outline", listOf(record(object{
			{"heading", textOf("Its words")},
			{"level", integerOf("1 for the outermost")},
			{"page", numberOrNull(1, "Page, counted from 1")},
			{"start", integerOf("Its first character; an offset to read from")},
		}))},
		{"outline_omitted", integerOf("How many headings are not in the outline, when any")},
	}, "outline_omitted")
}
