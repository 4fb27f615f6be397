package chunk_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library/chunk"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// words counts a token for every eight bytes of a word and two for the marks
// around a text, as BERT's tokenizer does.
func words(s string) int {
	n := 2
	for f := range strings.FieldsSeq(s) {
		n += (len(f) + 7) / 8
	}
	return n
}

func split(t *testing.T, doc *document.Document, opt chunk.Options) []chunk.Chunk {
	t.Helper()
	var out []chunk.Chunk
	for c, err := range chunk.Split(doc, opt) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	check(t, doc, opt, out)
	return out
}

// check holds what is true of the chunks of every document.
func check(t *testing.T, doc *document.Document, opt chunk.Options, chunks []chunk.Chunk) {
	t.Helper()
	at, runes := 0, []rune(doc.Text)
	for i, c := range chunks {
		if c.Ordinal != i || c.StartByte < at || c.EndByte <= c.StartByte {
			t.Fatalf("chunk %d is out of order, overlaps or is empty: %+v", i, c)
		}
		if gap := doc.Text[at:c.StartByte]; strings.TrimSpace(gap) != "" {
			t.Fatalf("no chunk holds %q", gap)
		}
		text := doc.Text[c.StartByte:c.EndByte]
		if !utf8.ValidString(text) || strings.TrimSpace(text) == "" {
			t.Fatalf("chunk %d cuts a character or is empty: %q", i, text)
		}
		if string(runes[c.Start:c.End]) != text {
			t.Fatalf("chunk %d: code points %d to %d are not its text", i, c.Start, c.End)
		}
		if n := opt.Count(c.Context) + opt.Count(text) - opt.Count(""); n > opt.MaxTokens {
			t.Fatalf("chunk %d has %d tokens of %d: %q + %q", i, n, opt.MaxTokens, c.Context, text)
		}
		at = c.EndByte
	}
	if rest := doc.Text[at:]; strings.TrimSpace(rest) != "" {
		t.Fatalf("no chunk holds %q", rest)
	}
}

// build makes a document of blocks; a text of white space only moves on.
type build struct{ doc document.Document }

func (b *build) add(kind document.BlockKind, level int, text string) *build {
	if b.doc.Text != "" {
		b.doc.Text += "\n\n"
	}
	start := len(b.doc.Text)
	b.doc.Text += text
	blk := document.Block{Kind: kind, Level: level, Start: start, End: len(b.doc.Text)}
	if kind == document.Heading {
		blk.Title = text
	}
	if kind == document.Table {
		blk.Header = document.Span{Start: start, End: start + len(strings.SplitN(text, "\n", 2)[0])}
	}
	b.doc.Blocks = append(b.doc.Blocks, blk)
	return b
}

func sentence(r *rand.Rand, n int) string {
	var sb strings.Builder
	for i := range n {
		if i > 0 {
			sb.WriteByte(' ')
		}
		fmt.Fprintf(&sb, "w%d", r.IntN(5000))
	}
	return sb.String() + "."
}

func texts(doc *document.Document, chunks []chunk.Chunk) []string {
	var out []string
	for _, c := range chunks {
		out = append(out, doc.Text[c.StartByte:c.EndByte])
	}
	return out
}

func TestHeadingTravelsWithItsSectionAndGivesThePath(t *testing.T) {
	t.Parallel()
	b := (&build{}).add(document.Heading, 1, "Guide").add(document.Heading, 2, "Install").
		add(document.Paragraph, 0, "Run the installer.").
		add(document.Heading, 2, "Use").add(document.Paragraph, 0, "Open the program.")
	b.doc.Title = "The Guide"
	got := split(t, &b.doc, chunk.Options{MaxTokens: 64, Count: words})
	if want := []string{"Guide\n\nInstall\n\nRun the installer.", "Use\n\nOpen the program."}; !slices.Equal(texts(&b.doc, got), want) {
		t.Fatalf("chunks = %q, want %q", texts(&b.doc, got), want)
	}
	if want := []string{"Guide", "Use"}; !slices.Equal(got[1].HeadingPath, want) {
		t.Errorf("path = %q, want %q", got[1].HeadingPath, want)
	}
	if want := "The Guide\nGuide"; got[1].Context != want {
		t.Errorf("context = %q, want %q: the chunk's own heading stands in its text", got[1].Context, want)
	}
}

func TestTableIsWholeWhenItFitsAndElseRepeatsItsHeader(t *testing.T) {
	t.Parallel()
	table := "| name | value |\n| --- | --- |\n"
	var rows []string
	for i := range 20 {
		rows = append(rows, fmt.Sprintf("| row%d | %d |", i, i))
	}
	b := (&build{}).add(document.Paragraph, 0, "Before.").add(document.Table, 0, table+strings.Join(rows, "\n")).add(document.Paragraph, 0, "After.")
	whole := split(t, &b.doc, chunk.Options{MaxTokens: 512, TargetTokens: 100, Count: words})
	inOne := func(text string) bool { return strings.Contains(text, table+strings.Join(rows, "\n")) }
	if got := texts(&b.doc, whole); !slices.ContainsFunc(got, inOne) {
		t.Errorf("chunks = %q, want the table whole in one of them", got)
	}
	cut := split(t, &b.doc, chunk.Options{MaxTokens: 64, Count: words})
	for _, c := range cut[1 : len(cut)-1] {
		text := b.doc.Text[c.StartByte:c.EndByte]
		if strings.Contains(text, "| name") || !strings.HasPrefix(text, "| row") {
			continue
		}
		if c.Context != "| name | value |" {
			t.Errorf("rows %q have the context %q, want the header row", text, c.Context)
		}
	}
	if len(cut) < 3 {
		t.Errorf("table of 20 rows was cut into %d chunks", len(cut))
	}
}

func TestLongParagraphIsCutAtSentences(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("Dr. Smith of the U.S. office wrote this, e.g. on Monday. Was it J. R. Tolkien? No! ", 30)
	doc := &document.Document{Text: text}
	for _, s := range texts(doc, split(t, doc, chunk.Options{MaxTokens: 48, Count: words})) {
		if !strings.HasSuffix(s, "Monday.") && !strings.HasSuffix(s, "Tolkien?") && !strings.HasSuffix(s, "No!") {
			t.Errorf("chunk ends within a sentence: %q", s)
		}
	}
}

func TestTextWithoutSpacesIsCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	count := func(s string) int { return utf8.RuneCountInString(s) }
	for _, text := range []string{strings.Repeat("日本語の文章です", 200), strings.Repeat("ข้อความภาษาไทย", 200), strings.Repeat("x", 5000), strings.Repeat("🦊", 999)} {
		doc := &document.Document{Text: text}
		if got := split(t, doc, chunk.Options{MaxTokens: 64, Count: count}); len(got) < 10 {
			t.Errorf("%d chunks of %q…", len(got), text[:12])
		}
	}
}

func TestUnspeakableWordsDoNotMakeEndlessChunks(t *testing.T) {
	t.Parallel()
	one := func(s string) int { return len(strings.Fields(s)) }
	doc := &document.Document{Text: strings.Repeat("QUJD", 1<<18)}
	for _, c := range split(t, doc, chunk.Options{MaxTokens: 256, Count: one}) {
		if c.EndByte-c.StartByte > 256*12 {
			t.Fatalf("a chunk has %d bytes", c.EndByte-c.StartByte)
		}
	}
}

func TestPageIsThatOfTheFirstCharacter(t *testing.T) {
	t.Parallel()
	b := (&build{}).add(document.Paragraph, 0, strings.Repeat("alpha ", 30)).add(document.Paragraph, 0, strings.Repeat("beta ", 30))
	mid := strings.Index(b.doc.Text, "beta")
	b.doc.Pages = []document.Page{{Number: 1, End: mid - 2}, {Number: 2, Start: mid - 2, End: len(b.doc.Text)}}
	got := split(t, &b.doc, chunk.Options{MaxTokens: 40, Count: words})
	if len(got) != 2 || *got[0].Page != 1 || *got[1].Page != 2 {
		t.Errorf("chunks = %+v", got)
	}
	b.doc.Pages = nil
	if got := split(t, &b.doc, chunk.Options{MaxTokens: 40, Count: words}); got[0].Page != nil {
		t.Errorf("page = %d without pages", *got[0].Page)
	}
}

func TestEditMovesNoOtherSectionsChunks(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	body := make([]string, 12)
	for i := range body {
		body[i] = sentence(r, 20)
	}
	chunks := func(first string) []chunk.Chunk {
		b := (&build{}).add(document.Heading, 1, "One").add(document.Paragraph, 0, first).add(document.Heading, 1, "Two")
		for _, s := range body {
			b.add(document.Paragraph, 0, s)
		}
		return split(t, &b.doc, chunk.Options{MaxTokens: 64, Count: words})
	}
	before, after := hashes(chunks("Short.")), hashes(chunks(sentence(r, 150)))
	if !slices.Equal(before[1:], after[len(after)-len(before)+1:]) {
		t.Errorf("the second section's chunks changed")
	}
}

// longTexts makes documents of one kind of unit, longer than any chunk by far.
func longTexts() map[string]func(units []string) *document.Document {
	joined := func(kind document.BlockKind, between string) func([]string) *document.Document {
		return func(units []string) *document.Document {
			text := strings.Join(units, between)
			return &document.Document{Text: text, Blocks: []document.Block{{Kind: kind, Start: 0, End: len(text)}}}
		}
	}
	return map[string]func([]string) *document.Document{
		"paragraphs": func(units []string) *document.Document {
			b := &build{}
			for _, u := range units {
				b.add(document.Paragraph, 0, u)
			}
			return &b.doc
		},
		"one paragraph of sentences": joined(document.Paragraph, " "),
		"rows of a table":            joined(document.Table, "\n"),
		"lines of code":              joined(document.Code, "\n"),
	}
}

func TestAnEditOfOnePercentChangesAtMostThreePercentOfTheChunks(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	original := make([]string, 2000)
	for i := range original {
		original[i] = "The " + sentence(r, 5+r.IntN(30))
	}
	chunks := func(read func([]string) *document.Document, units []string) []string {
		return hashes(split(t, read(units), chunk.Options{MaxTokens: 256, TargetTokens: 200, Count: words}))
	}
	for name, make := range longTexts() {
		known := map[string]bool{}
		before := chunks(make, original)
		for _, h := range before {
			known[h] = true
		}
		for edit := range 9 {
			at := r.IntN(len(original) - 20)
			edited := slices.Clone(original)
			switch edit % 3 {
			case 0: // other words
				for i := range 20 {
					edited[at+i] = "Now " + sentence(r, 20)
				}
			case 1: // more of them
				more := []string{}
				for range 20 {
					more = append(more, "Now "+sentence(r, 20))
				}
				edited = slices.Insert(edited, at, more...)
			case 2: // and fewer
				edited = slices.Delete(edited, at, at+20)
			}
			after := chunks(make, edited)
			changed := 0
			for _, h := range after {
				if !known[h] {
					changed++
				}
			}
			if share := float64(changed) / float64(len(after)); share > 0.03 {
				t.Errorf("%s, edit %d at %d of %d: %d of %d chunks changed, %.1f %%", name, edit, at, len(original), changed, len(after), 100*share)
			}
		}
	}
}

func hashes(chunks []chunk.Chunk) []string {
	var out []string
	for _, c := range chunks {
		out = append(out, c.Hash)
	}
	return out
}

func TestAnyDocumentIsCoveredOnceWithinTheBudget(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 9))
		b := &build{}
		b.doc.Title = sentence(r, r.IntN(12))
		for range r.IntN(40) {
			kind := document.BlockKind(r.IntN(8))
			var text string
			switch kind {
			case document.Heading:
				text = sentence(r, 1+r.IntN(25))
			case document.Table, document.Code:
				text = "| head | er |\n"
				for range r.IntN(40) {
					text += sentence(r, 1+r.IntN(60)) + "\n" + strings.Repeat("\n", r.IntN(2))
				}
			default:
				for range 1 + r.IntN(6) {
					text += sentence(r, 1+r.IntN(90)) + " "
				}
			}
			b.add(kind, 1+r.IntN(6), strings.TrimRightFunc(text, unicode.IsSpace))
			if r.IntN(5) == 0 {
				b.doc.Text += "\n\nbetween blocks"
			}
		}
		opt := chunk.Options{MaxTokens: 32 + r.IntN(300), Count: words}
		opt.TargetTokens = opt.MaxTokens/2 + r.IntN(opt.MaxTokens/2)
		first := split(t, &b.doc, opt)
		if !slices.Equal(hashes(first), hashes(split(t, &b.doc, opt))) {
			t.Fatalf("seed %d: two runs differ", seed)
		}
	}
}

func TestWrongOptionsAndDocumentsAreErrors(t *testing.T) {
	t.Parallel()
	for want, c := range map[error]struct {
		doc document.Document
		opt chunk.Options
	}{
		chunk.ErrOptions:  {document.Document{Text: "x"}, chunk.Options{MaxTokens: 256}},
		chunk.ErrDocument: {document.Document{Text: "x", Blocks: []document.Block{{Start: 0, End: 9}}}, chunk.Options{MaxTokens: 256, Count: words}},
	} {
		n := 0
		for _, err := range chunk.Split(&c.doc, c.opt) {
			if n++; !errors.Is(err, want) {
				t.Errorf("error = %v, want %v", err, want)
			}
		}
		if n != 1 {
			t.Errorf("%d results, want one error", n)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("# a\n\nb c. d\n", uint8(40))
	f.Fuzz(func(t *testing.T, text string, size uint8) {
		if !utf8.ValidString(text) {
			t.Skip()
		}
		doc := &document.Document{Text: text}
		opt := chunk.Options{MaxTokens: 16 + int(size), Count: func(s string) int { return utf8.RuneCountInString(s) }}
		var got []chunk.Chunk
		for c, err := range chunk.Split(doc, opt) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, c)
		}
		check(t, doc, opt, got)
	})
}
