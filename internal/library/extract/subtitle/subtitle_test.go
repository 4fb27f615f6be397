package subtitle_test

import (
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/subtitle"
)

func TestCuesAreJoinedToParagraphsWithTheirTime(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, subtitle.Read, "a.srt", "1\r\n00:00:01,000 --> 00:00:03,000\r\n<i>We are</i> in\r\nNew York.\r\n\r\n2\r\n00:00:03,500 --> 00:00:05,000\r\n{\\an8}It rains &amp; rains.\r\n\r\n3\r\n01:02:03,000 --> 01:02:05,000\r\n2001\r\n")
	documenttest.WantTexts(t, doc, document.Paragraph, "[00:00:01] We are in New York. It rains & rains.", "[01:02:03] 2001")
}

func TestSpeakersAreNamedAndCommentsLeftOut(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, subtitle.Read, "a.vtt", "WEBVTT - A talk\nLanguage: en\n\nNOTE not said\nnor this\n\nSTYLE\n::cue { color: red }\n\nintro\n00:01.000 --> 00:02.000 align:right\n<v.loud Roger Bingham>Thank you</v>\n\n"+
		"00:02.000 --> 00:03.000\n<v Roger Bingham>for <00:02.500><c.x>coming.</c>\n\n00:03.000 --> 00:04.000\n<v Neil>Ha.\n")
	if doc.Title != "A talk" || doc.Language != "en" {
		t.Errorf("title %q, language %q", doc.Title, doc.Language)
	}
	documenttest.WantTexts(t, doc, document.Paragraph, "[00:00:01] Roger Bingham: Thank you for coming.", "Neil: Ha.")
}

func TestLongSpeechIsCutAtSentences(t *testing.T) {
	t.Parallel()
	var sb strings.Builder
	for range 100 {
		sb.WriteString("00:00:01,000 --> 00:00:02,000\nThis is a sentence of some words.\n\n00:00:02,000 --> 00:00:03,000\nAnd another one.\n\n")
	}
	doc := documenttest.Read(t, subtitle.Read, "a.srt", sb.String())
	for _, p := range documenttest.Texts(doc, document.Paragraph) {
		if len(p) > 600 || !strings.HasSuffix(p, ".") {
			t.Errorf("paragraph of %d bytes: %q", len(p), p)
		}
	}
}

func TestHostileSubtitlesAreRead(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"an endless cue":  "00:00:01,000 --> 00:00:02,000\n" + strings.Repeat("word\n", 300_000),
		"an endless line": "00:00:01,000 --> 00:00:02,000\n" + strings.Repeat("<v a", 300_000),
		"many cues":       strings.Repeat("00:00:01,000 --> 00:00:02,000\nx\n", 50_000),
	} {
		if _, err := documenttest.Try(t, subtitle.Read, "a.srt", content); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzSubtitle(f *testing.F) {
	documenttest.Fuzz(f, subtitle.Read, "a.vtt", "WEBVTT x\n\nNOTE y\n\n1\n00:01.000 --> 00:02.000\n<v A>b</v>\n", "1\n00:00:01,000 --> 00:00:02,000\n{\\an8}a\n\n2\n00:00:09,000 --> 00:00:10,000\nb\n")
}
