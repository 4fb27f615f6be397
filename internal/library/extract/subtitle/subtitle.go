// Package subtitle reads the text of films and recordings: SubRip (.srt) and
// WebVTT (.vtt). What is said is kept with the time it is said at; cue
// numbers, positions and markup are left out.
package subtitle

import (
	"errors"
	"fmt"
	"html"
	"io"
	"regexp"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// times is the line of a cue that says when it is shown.
var times = regexp.MustCompile(`^\s*(?:(\d{1,4}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})\s*-->\s*(?:(\d{1,4}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})`)

// IsCue reports a line that begins a cue.
func IsCue(line string) bool { return times.MatchString(line) }

const (
	// paragraphBytes is from where a paragraph ends at the end of a sentence.
	paragraphBytes = 400
	// longestParagraph bounds one that no sentence ends.
	longestParagraph = 1200
	// pauseSeconds ends a paragraph.
	pauseSeconds = 5
	// markSeconds is how far apart times stand where paragraphs are short.
	markSeconds = 20
)

// cue is what is said at once.
type cue struct {
	start, end int // seconds
	speaker    string
	text       string
}

// Read joins cues to paragraphs, each after the name of who speaks, with the
// time of their first cue every so often.
func Read(w *document.Writer, in document.Input) error {
	f, err := document.OpenText(in.Path)
	if err != nil {
		return err //nolint:wrapcheck // it names what it did
	}
	defer f.Close()
	r := &reader{w: w, lines: document.NewLines(f), marked: -1}
	for w.Err() == nil {
		line, err := r.lines.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read the file: %w", err)
		}
		for part := range strings.Lines(line) {
			r.line(strings.TrimRight(part, "\r\n"))
		}
	}
	r.endCue()
	r.endParagraph()
	return w.Err()
}

type reader struct {
	w     *document.Writer
	lines *document.Lines
	cue   *cue // the open one
	skip  bool // within a comment or style
	first bool // the first line is read

	// The paragraph that is gathered.
	words   strings.Builder
	start   int
	speaker string
	marked  int    // the time that was written last, -1 for none
	last    int    // the end of its last cue, in seconds
	said    string // its last cue, which rolling captions repeat
}

func (r *reader) line(line string) {
	switch {
	case times.MatchString(line):
		r.endCue()
		r.skip = false
		r.cue = newCue(line)
	case strings.TrimSpace(line) == "":
		r.endCue()
		r.skip = false
	case r.cue != nil:
		r.say(line)
	case r.skip:
	default:
		r.header(line)
	}
	r.first = true
}

// say adds a line to the open cue. One that is far longer than people speak
// at once is cut into several.
func (r *reader) say(line string) {
	const longest = 16 << 10
	if len(r.cue.text)+len(line) > longest && r.cue.text != "" {
		c := *r.cue
		r.endCue()
		r.cue = &cue{start: c.start, end: c.end, speaker: c.speaker}
	}
	r.cue.text += line + "\n"
}

// header reads what stands before a cue: the file's own head, comments, the
// cue's number or name.
func (r *reader) header(line string) {
	switch word, rest, _ := strings.Cut(line, " "); {
	case word == "NOTE" || word == "STYLE" || word == "REGION":
		r.skip = true
	case !r.first && strings.HasPrefix(strings.TrimPrefix(line, "\ufeff"), "WEBVTT"):
		if title := strings.TrimLeft(rest, " -"); title != "" {
			r.w.Title = title
		}
	case strings.HasPrefix(line, "Language:"):
		r.w.Language = strings.TrimSpace(strings.TrimPrefix(line, "Language:"))
	}
}

func newCue(line string) *cue {
	m := times.FindStringSubmatch(line)
	seconds := func(h, m, s string) int { return atoi(h)*3600 + atoi(m)*60 + atoi(s) }
	return &cue{start: seconds(m[1], m[2], m[3]), end: seconds(m[5], m[6], m[7])}
}

func atoi(s string) int {
	n := 0
	for _, c := range s {
		n = n*10 + int(c-'0')
	}
	return n
}

var (
	voice  = regexp.MustCompile(`^\s*<v(?:\.[^ >]*)?\s+([^>]*)>`)
	markup = regexp.MustCompile(`</?[A-Za-z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}`)
)

// endCue adds a cue to the paragraph, or begins the next with it.
func (r *reader) endCue() {
	c := r.cue
	r.cue = nil
	if c == nil {
		return
	}
	if m := voice.FindStringSubmatch(c.text); m != nil {
		c.speaker = document.OneLine(html.UnescapeString(m[1]))
	}
	text := document.OneLine(html.UnescapeString(markup.ReplaceAllString(c.text, "")))
	if text == "" || text == r.said && c.start <= r.last {
		return
	}
	long := r.words.Len()
	if long > 0 && (c.speaker != r.speaker || c.start-r.last >= pauseSeconds || long > paragraphBytes && endsSentence(r.said) || long > longestParagraph) {
		r.endParagraph()
	}
	if r.words.Len() == 0 {
		r.start, r.speaker = c.start, c.speaker
	} else {
		r.words.WriteByte(' ')
	}
	r.words.WriteString(text)
	r.last, r.said = c.end, text
}

func endsSentence(s string) bool {
	return strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") || strings.HasSuffix(s, "。") || strings.HasSuffix(s, "…")
}

func (r *reader) endParagraph() {
	if r.words.Len() == 0 {
		return
	}
	text := ""
	if r.marked < 0 || r.start-r.marked >= markSeconds || r.start < r.marked {
		text = fmt.Sprintf("[%02d:%02d:%02d] ", r.start/3600, r.start/60%60, r.start%60)
		r.marked = r.start
	}
	if r.speaker != "" {
		text += r.speaker + ": "
	}
	r.w.Block(document.Paragraph, 0, text+r.words.String())
	r.words.Reset()
}
