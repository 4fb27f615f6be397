package plain

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

const (
	// sampleRecords is how many records tell the columns of a table.
	sampleRecords = 100
	// A quoted field may go over so many lines and bytes; one that goes on is
	// a stray quotation mark.
	maxFieldLines = 200
	maxFieldBytes = 256 << 10
	// maxStray is how many stray quotation marks there may be before they are
	// taken for characters like others.
	maxStray   = 5
	maxColumns = 10_000
)

// Table reads text whose lines are records, such as CSV, as one table whose
// first record is the header. What separates the fields is found out.
func Table(w *document.Writer, in document.Input) error {
	f, err := document.OpenText(in.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	r := &recordReader{lines: document.NewLines(f)}
	var sample [][]string
	width := 0
	for len(sample) < sampleRecords {
		row, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		sample = append(sample, row)
		width = max(width, len(row))
	}
	if len(sample) > 2 && len(sample[0]) == 1 && len(sample[1]) > 1 { // a title above the header
		w.Block(document.Paragraph, 0, sample[0][0])
		sample = sample[1:]
	}
	t := w.OpenTable(width)
	for _, row := range sample {
		t.Row(row)
	}
	for w.Err() == nil {
		row, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		t.Row(row)
	}
	t.Close()
	return w.Err()
}

// recordReader gives records of fields.
type recordReader struct {
	lines     *document.Lines
	ahead     []string // lines read to find the separator
	separator byte     // 0 until it is found, '\n' for one column
	ended     bool
	stray     int // quotation marks that did not end
}

// line gives the next line, without its end.
func (r *recordReader) line() (string, error) {
	if len(r.ahead) > 0 {
		l := r.ahead[0]
		r.ahead = r.ahead[1:]
		return l, nil
	}
	if r.ended {
		return "", io.EOF
	}
	var sb strings.Builder
	for {
		piece, err := r.lines.Next()
		if errors.Is(err, io.EOF) {
			r.ended = true
			if sb.Len() == 0 {
				return "", io.EOF
			}
			return sb.String(), nil
		}
		if err != nil {
			return "", fmt.Errorf("read the file: %w", err)
		}
		sb.WriteString(piece)
		if strings.HasSuffix(piece, "\n") || sb.Len() > 16<<20 {
			return strings.TrimSuffix(sb.String(), "\n"), nil
		}
	}
}

// next gives the next record that is not empty, without empty fields at its
// end.
func (r *recordReader) next() ([]string, error) {
	if r.separator == 0 {
		if err := r.findSeparator(); err != nil {
			return nil, err
		}
	}
	for {
		fields, err := r.record()
		if err != nil {
			return nil, err
		}
		for len(fields) > 0 && strings.TrimSpace(fields[len(fields)-1]) == "" {
			fields = fields[:len(fields)-1]
		}
		if len(fields) > 0 {
			return fields, nil
		}
	}
}

// record reads a record; a quoted field may go over several lines.
func (r *recordReader) record() ([]string, error) {
	first, err := r.line()
	if err != nil {
		return nil, err
	}
	fields, open := splitRecord(first, r.separator, r.stray < maxStray)
	if !open {
		return fields, nil
	}
	var text strings.Builder
	text.WriteString(first)
	var more []string
	for len(more) < maxFieldLines && text.Len() < maxFieldBytes {
		next, err := r.line()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		more = append(more, next)
		text.WriteString("\n" + next)
		if strings.Contains(next, `"`) {
			if fields, open = splitRecord(text.String(), r.separator, true); !open {
				return fields, nil
			}
		}
	}
	r.stray++
	r.ahead = append(more, r.ahead...)
	fields, _ = splitRecord(first, r.separator, false)
	return fields, nil
}

// splitRecord cuts a record into fields; open says that a quoted field does not
// end. With quotes false, quotation marks are characters like others.
func splitRecord(text string, separator byte, quotes bool) (fields []string, open bool) {
	var field strings.Builder
	inside := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case inside && c == '"' && i+1 < len(text) && text[i+1] == '"':
			field.WriteByte('"')
			i++
		case inside && c == '"':
			inside = false
		case quotes && c == '"' && !inside && strings.TrimSpace(field.String()) == "":
			field.Reset()
			inside = true
		case !inside && c == separator:
			fields = append(fields, field.String())
			field.Reset()
			if len(fields) >= maxColumns {
				return fields, false
			}
		default:
			field.WriteByte(c)
		}
	}
	return append(fields, field.String()), inside
}

// findSeparator reads some lines ahead and takes what cuts most of them into
// equally many fields.
func (r *recordReader) findSeparator() error {
	r.separator = '\n'
	var lines []string
	size := 0
	for len(lines) < sampleRecords && size < 1<<20 {
		l, err := r.line()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		lines = append(lines, l)
		size += len(l)
	}
	if len(lines) > 0 {
		if sep, ok := strings.CutPrefix(strings.ToLower(lines[0]), "sep="); ok && len(sep) == 1 {
			r.separator, r.ahead = sep[0], lines[1:]
			return nil
		}
	}
	best := 0
	for _, sep := range []byte{',', ';', '\t', '|'} {
		if score := agreement(lines, sep); score > best {
			best, r.separator = score, sep
		}
	}
	r.ahead = lines
	return nil
}

// agreement is how well a separator explains lines, in per cent of the lines
// that it cuts into as many fields as most others, and a little for their
// number; 0 when it cuts fewer than half of them.
func agreement(lines []string, sep byte) int {
	counts := map[int]int{}
	cut, filled := 0, 0
	for i := 0; i < len(lines); i++ {
		if strings.TrimSpace(lines[i]) == "" {
			continue
		}
		filled++
		text, first := lines[i], i
		fields, open := splitRecord(text, sep, true)
		for open && i < first+20 && i+1 < len(lines) {
			i++
			text += "\n" + lines[i]
			fields, open = splitRecord(text, sep, true)
		}
		if open { // a stray quotation mark
			i = first
			fields, _ = splitRecord(lines[i], sep, false)
		}
		if len(fields) > 1 {
			cut++
			counts[len(fields)]++
		}
	}
	if filled == 0 || cut*2 <= filled {
		return 0
	}
	most, width := 0, 0
	for n, times := range counts {
		if times > most || times == most && n > width {
			most, width = times, n
		}
	}
	return most*100/filled + min(width, 20)
}
