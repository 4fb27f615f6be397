package mcptools_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

type document struct {
	Text       string
	Start, End int
	Truncated  bool
	NextOffset *int `json:"next_offset"`
	TotalChars int  `json:"total_chars"`
	Outline    []struct {
		Heading string
		Level   int
		Page    *int
		Start   int
	}
	OutlineOmitted int `json:"outline_omitted"`
}

// book is three chapters with sections, in letters of one to four bytes, a
// page a chapter.
func book() (text, structure string) {
	var t, s strings.Builder
	heading := func(level int, title string) {
		fmt.Fprintf(&s, "{\"k\":\"heading\",\"l\":%d,\"s\":%d,\"e\":%d,\"t\":%q}\n", level, t.Len(), t.Len()+len(title), title)
		t.WriteString(title + "\n")
	}
	for i, word := range []string{"un", "deux é", "trois 漢字 🦉"} {
		from := t.Len()
		heading(1, "Chapter "+strconv.Itoa(i+1))
		t.WriteString(strings.Repeat(word+" ", 40) + "\n")
		heading(2, "Notes")
		t.WriteString("Notes on " + word + "\n")
		fmt.Fprintf(&s, "{\"page\":%d,\"s\":%d,\"e\":%d}\n", i+1, from, t.Len())
	}
	fmt.Fprintf(&s, "{\"version\":1,\"text_bytes\":%d}\n", t.Len())
	return t.String(), s.String()
}

func TestADocumentIsReadByPageHeadingAndOffset(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text, structure := book()
	item := w.item(w.papers, "A book", text, structure)
	runes := []rune(text)
	section := text[strings.Index(text, "Chapter 2"):strings.Index(text, "Chapter 3")]
	notes := "Notes\nNotes on trois 漢字 🦉\n"
	for name, tt := range map[string]struct {
		ask       string
		want      string
		truncated bool
		more      bool
	}{
		"from the beginning":        {ask: ``, want: text},
		"cut":                       {ask: `,"max_chars":12`, want: "Chapter 1\nun", truncated: true, more: true},
		"a page":                    {ask: `,"page":2`, want: section, more: true},
		"the last page":             {ask: `,"page":3`, want: text[strings.Index(text, "Chapter 3"):]},
		"a page that is cut":        {ask: `,"page":2,"max_chars":9`, want: "Chapter 2", truncated: true, more: true},
		"a section with what is in": {ask: `,"heading":"chapter  2"`, want: section, more: true},
		"a path":                    {ask: `,"heading":"Chapter 3 > Notes"`, want: notes},
		"an offset":                 {ask: `,"offset":` + strconv.Itoa(len(runes)-8), want: "漢字 🦉\n"[0:0] + string(runes[len(runes)-8:])},
		"the end":                   {ask: `,"offset":` + strconv.Itoa(len(runes)), want: ""},
		"a cut between wide letters": {
			ask:  fmt.Sprintf(`,"offset":%d,"max_chars":2`, len([]rune(text[:strings.Index(text, "漢")]))),
			want: "漢字", truncated: true, more: true,
		},
	} {
		got := structured[document](t, w.call("alice", "get_item", fmt.Sprintf(`{"item_uid":%q%s}`, item.UID, tt.ask)))
		if got.Text != tt.want || string(runes[got.Start:got.End]) != tt.want || got.TotalChars != len(runes) {
			t.Errorf("%s: read %q at %d to %d of %d", name, got.Text, got.Start, got.End, got.TotalChars)
		}
		if got.Truncated != tt.truncated || (got.NextOffset != nil) != tt.more || (tt.more && *got.NextOffset != got.End) {
			t.Errorf("%s: truncated %v, next offset %v, end %d", name, got.Truncated, got.NextOffset, got.End)
		}
	}
}

func TestReadingOnGivesTheWholeDocumentOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text, structure := book()
	item := w.item(w.papers, "A book", text, structure)
	var b strings.Builder
	for next := new(int); next != nil; {
		got := structured[document](t, w.call("alice", "get_item", fmt.Sprintf(`{"item_uid":%q,"offset":%d,"max_chars":100}`, item.UID, *next)))
		b.WriteString(got.Text)
		next = got.NextOffset
	}
	if b.String() != text {
		t.Errorf("read %q", b.String())
	}
}

func TestALongDocumentIsReadAnywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var text, structure strings.Builder
	for i := range 3 { // each several times what is read at once
		fmt.Fprintf(&structure, "{\"page\":%d,\"s\":%d,", i+1, text.Len())
		fmt.Fprintf(&text, "Part %d\n%s\n", i+1, strings.Repeat("é 漢字 🦉 plain ", 10_000+i))
		fmt.Fprintf(&structure, "\"e\":%d}\n", text.Len())
	}
	item := w.item(w.papers, "Long", text.String(), structure.String())
	runes := []rune(text.String())
	for _, ask := range []string{
		`"page":1`, `"page":2`, `"page":3`, `"offset":0`, `"offset":65535`, `"offset":65536`, `"offset":200001`,
		fmt.Sprintf(`"offset":%d`, len(runes)-3), fmt.Sprintf(`"offset":%d`, len(runes)),
	} {
		got := structured[document](t, w.call("alice", "get_item", fmt.Sprintf(`{"item_uid":%q,"max_chars":40000,%s}`, item.UID, ask)))
		if got.TotalChars != len(runes) || got.Text != string(runes[got.Start:got.End]) || got.End != min(got.Start+40_000, len(runes)) {
			t.Errorf("%s: read %d to %d of %d", ask, got.Start, got.End, got.TotalChars)
		}
		if page, found := strings.CutPrefix(ask, `"page":`); found && !strings.HasPrefix(got.Text, "Part "+page+"\n") {
			t.Errorf("%s begins with %q", ask, got.Text[:20])
		}
	}
}

func TestTheOutlineSaysWhereHeadingsStand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text, structure := book()
	item := w.item(w.papers, "A book", text, structure)
	got := structured[document](t, w.call("alice", "get_item", fmt.Sprintf(`{"item_uid":%q,"max_chars":1}`, item.UID)))
	if len(got.Outline) != 6 {
		t.Fatalf("the outline has %d headings, want 6", len(got.Outline))
	}
	runes := []rune(text)
	for i, o := range got.Outline {
		if !strings.HasPrefix(string(runes[o.Start:]), o.Heading+"\n") || o.Page == nil || *o.Page != i/2+1 || o.Level != i%2+1 {
			t.Errorf("heading %d is %+v", i, o)
		}
	}
}

func TestAHeadingThatStandsTwiceIsToldApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text, structure := book()
	item := w.item(w.papers, "A book", text, structure)
	got := w.call("alice", "get_item", fmt.Sprintf(`{"item_uid":%q,"heading":"Notes"}`, item.UID))
	at := len([]rune(text[:strings.LastIndex(text, "Notes\n")]))
	if want := fmt.Sprintf("%d: Chapter 3 > Notes", at); !got.IsError || !strings.Contains(got.Content[0].Text, want) {
		t.Errorf("says %q, want %q in it", got.Content[0].Text, want)
	}
}

func TestALongOutlineKeepsTheUpperLevels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var text, structure strings.Builder
	for i := range 150 {
		level := 1 + i%3
		fmt.Fprintf(&structure, "{\"k\":\"heading\",\"l\":%d,\"s\":%d,\"e\":%d,\"t\":\"h\"}\n", level, text.Len(), text.Len()+1)
		text.WriteString("h\n")
	}
	item := w.item(w.papers, "Headings", text.String(), structure.String())
	got := structured[document](t, w.call("alice", "get_item", fmt.Sprintf(`{"item_uid":%q}`, item.UID)))
	if len(got.Outline) != 100 || got.OutlineOmitted != 50 || got.Outline[99].Level != 2 {
		t.Errorf("the outline has %d headings and omits %d", len(got.Outline), got.OutlineOmitted)
	}
}

func TestADocumentWithoutPagesOrTextSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := w.item(w.papers, "Plain", "words\n", "")
	got := w.call("alice", "get_item", fmt.Sprintf(`{"item_uid":%q,"page":1}`, item.UID))
	if !got.IsError || !strings.Contains(got.Content[0].Text, "no pages") {
		t.Errorf("says %q", got.Content[0].Text)
	}
	w.exec(`UPDATE item SET generation = 0, status = 'processing' WHERE uid = $1`, item.UID)
	got = w.call("alice", "get_item", fmt.Sprintf(`{"item_uid":%q}`, item.UID))
	if !got.IsError || !strings.Contains(got.Content[0].Text, "no text yet") {
		t.Errorf("says %q", got.Content[0].Text)
	}
}
