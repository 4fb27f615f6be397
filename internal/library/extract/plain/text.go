// Package plain reads text that is its own form: prose, and files whose lines
// are their units, such as logs, configuration and tables.
package plain

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// Text reads prose: paragraphs are what stands between empty lines.
func Text(w *document.Writer, in document.Input) error {
	f, err := document.OpenText(in.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	src := document.NewLines(f)
	var open document.Span
	flush := func() {
		w.Mark(document.Block{Kind: document.Paragraph, Start: open.Start, End: open.End})
		open = document.Span{}
	}
	for w.Err() == nil {
		l, err := src.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read the file: %w", err)
		}
		for part := range strings.Lines(l) {
			trimmed := strings.TrimSpace(part)
			if trimmed == "" && !open.Empty() {
				flush()
			}
			at := w.Raw(part)
			if trimmed == "" {
				continue
			}
			if open.Empty() {
				open.Start = at.Start + strings.Index(part, trimmed)
			}
			open.End = at.Start + strings.Index(part, trimmed) + len(trimmed)
		}
	}
	flush()
	return w.Err()
}

// Records reads text whose lines are its units, such as a log, as one block.
func Records(w *document.Writer, in document.Input) error {
	f, err := document.OpenText(in.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	src := document.NewLines(f)
	b := document.Block{Kind: document.Code}
	for w.Err() == nil {
		l, err := src.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read the file: %w", err)
		}
		at := w.Raw(l)
		if strings.TrimSpace(l) == "" {
			continue
		}
		if b.End == 0 {
			b.Start = at.Start
		}
		b.End = at.Start + len(strings.TrimRight(l, " \t\n"))
	}
	w.Mark(b)
	return w.Err()
}
