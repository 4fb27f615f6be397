package dashboard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

const (
	outlineMost  = 300     // headings
	outlineBytes = 4 << 20 // of a document's structure that are read for its outline
	deepest      = 4       // level that is told from those below it
)

// outlineEntry is a heading and where it leads.
type outlineEntry struct {
	Text  string
	Level int
	Path  string
}

// outlineOf gathers the headings that passages of this page stand under, each
// where it first comes.
func outlineOf(chunks []library.Chunk) []outlineEntry {
	var out []outlineEntry
	var before []string
	for _, c := range chunks {
		same := 0
		for same < len(before) && same < len(c.HeadingPath) && before[same] == c.HeadingPath[same] {
			same++
		}
		for level := same; level < len(c.HeadingPath); level++ {
			out = append(out, outlineEntry{Text: c.HeadingPath[level], Level: min(level+1, deepest), Path: "#" + anchor(c.Start)})
		}
		before = c.HeadingPath
	}
	return out[:min(len(out), outlineMost)]
}

// outline reads the headings of a long document from its structure. Without
// it the text can be read all the same: what is missing is said in note.
func (d *Dashboard) outline(ctx context.Context, at reading) (entries []outlineEntry, note string, err error) {
	g, err := d.opt.Libraries.Generation(ctx, at.Item, at.gen.Generation)
	if err != nil || g.StructureKey == "" {
		return nil, "", err
	}
	o, err := d.structure(ctx, g)
	if err != nil {
		return nil, "The outline cannot be read right now.", nil //nolint:nilerr // the text is worth showing without it
	}
	headings := upper(o.Headings)
	if !o.Whole || len(headings) < len(o.Headings) {
		note = "The outline of a document of this length is not complete."
	}
	for _, h := range headings {
		if h.Title != "" {
			entries = append(entries, outlineEntry{Text: h.Title, Level: min(max(h.Level, 1), deepest), Path: at.link("section", h.Start)})
		}
	}
	return entries, note, nil
}

// upper leaves out the deepest headings until few enough are left.
func upper(all []document.OutlineHeading) []document.OutlineHeading {
	shown := all
	for level := 6; len(shown) > outlineMost && level > 1; level-- {
		var kept []document.OutlineHeading
		for _, h := range shown {
			if h.Level < level {
				kept = append(kept, h)
			}
		}
		if len(kept) == 0 {
			break
		}
		shown = kept
	}
	return shown[:min(len(shown), outlineMost)]
}

func (d *Dashboard) structure(ctx context.Context, g library.Generation) (o document.Outline, err error) {
	body, _, err := d.opt.Objects.Open(ctx, g.StructureKey)
	if err != nil {
		return o, fmt.Errorf("open the structure of %s: %w", g.ItemUID, err)
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	return document.ReadOutline(io.LimitReader(body, outlineBytes))
}

// toSection goes to the passage that a byte of the text is in: what is stored
// of headings counts bytes, and addresses count code points.
func (d *Dashboard) toSection(w http.ResponseWriter, r *http.Request, at reading, section int) error {
	g, err := d.opt.Libraries.Generation(r.Context(), at.Item, at.gen.Generation)
	if err != nil {
		return err
	}
	point, err := d.codePoint(r.Context(), g, section)
	if err != nil {
		return errs.Wrap(errs.Unavailable, err, "The text cannot be read right now. Try again.")
	}
	ordinal, err := d.ordinalAt(r.Context(), at.gen, at.total, point)
	if err != nil {
		return err
	}
	chunks, err := d.chunks(r.Context(), at.gen, ordinal, ordinal+1)
	if err != nil {
		return err
	}
	to := at.link("from", ordinal/passagesPer*passagesPer)
	if len(chunks) > 0 {
		to += "#" + anchor(chunks[0].Start)
	}
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // a path of ours
	return nil
}

// codePoint counts the code points before a byte of a version's text.
func (d *Dashboard) codePoint(ctx context.Context, g library.Generation, upTo int) (n int, err error) {
	body, _, err := d.opt.Objects.Open(ctx, g.TextKey)
	if err != nil {
		return 0, fmt.Errorf("open the text of %s: %w", g.ItemUID, err)
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	text := io.LimitReader(body, int64(upTo))
	buf := make([]byte, 64<<10)
	for {
		read, err := text.Read(buf)
		for _, b := range buf[:read] {
			if utf8.RuneStart(b) {
				n++
			}
		}
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return 0, fmt.Errorf("read the text of %s: %w", g.ItemUID, err)
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
}
