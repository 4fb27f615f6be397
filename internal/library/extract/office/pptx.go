package office

import (
	"cmp"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// PPTXType is the media type of PowerPoint presentations.
const PPTXType = "application/vnd.openxmlformats-officedocument.presentationml.presentation"

const maxSlides = 20_000

// deck is an opened presentation.
type deck struct {
	*container
	w       *document.Writer
	layouts map[string]*layout // by part; also the masters
	authors map[string]string  // of comments, by id
}

// PPTX reads a presentation: a slide is a page. Text stands in the order in
// which a slide is looked at, notes and comments after it. Hidden slides are
// read and say so.
func PPTX(w *document.Writer, in document.Input) error {
	c, err := openContainer(in.Path, "ppt/presentation.xml")
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.properties(w); err != nil {
		return err
	}
	switch w.Title { // what the program itself fills in
	case "PowerPoint Presentation", "Slide 1", "Presentation":
		w.Title = ""
	}
	d := &deck{container: c, w: w, layouts: map[string]*layout{}}
	if err := d.readAuthors(); err != nil {
		return err
	}
	slides, err := d.slides()
	if err != nil {
		return err
	}
	for i, part := range slides {
		w.Page(i + 1)
		if err := d.slide(part); err != nil {
			return err
		}
		if w.Err() != nil {
			break
		}
		if (i+1)%10 == 0 || i+1 == len(slides) {
			w.Report(i+1, len(slides), "pages")
		}
	}
	return w.Err()
}

// slides gives the parts of the slides, in order.
func (d *deck) slides() ([]string, error) {
	root, err := d.tree(d.main)
	if err != nil {
		return nil, err
	}
	relations, err := d.relations(d.main)
	if err != nil {
		return nil, err
	}
	var parts []string
	for id := range root.Child("p:sldIdLst").All("p:sldId") {
		if r := relations[id.Get("r:id")]; r.kind == "slide" && !slices.Contains(parts, r.target) {
			parts = append(parts, r.target)
		}
	}
	if len(parts) > min(maxSlides, d.w.Limits.MaxPages) {
		return nil, document.Fault(document.CodeTooLarge, "The presentation has too many slides; split it and submit the parts.")
	}
	return parts, nil
}

func (d *deck) slide(part string) error {
	root, err := d.extra(part)
	if err != nil {
		return err
	}
	relations, err := d.relations(part)
	if err != nil {
		return err
	}
	s := &slide{deck: d, relations: relations}
	if s.layout, err = d.layoutOf(relations, "slideLayout"); err != nil {
		return err
	}
	if v, ok := root.Lookup("show"); ok && !isOn(v) {
		d.w.Block(document.Paragraph, 0, "[Hidden slide]")
	}
	shapes := s.shapes(root.Child("p:cSld", "p:spTree"))
	if err := s.write(readingOrder(shapes)); err != nil {
		return err
	}
	if err := d.notes(related(relations, "notesSlide")); err != nil {
		return err
	}
	for _, part := range relatedAll(relations, "comments") {
		if err := d.comments(part); err != nil {
			return err
		}
	}
	return nil
}

// notes writes what the speaker has noted.
func (d *deck) notes(part string) error {
	if part == "" {
		return nil
	}
	root, err := d.extra(part)
	if err != nil {
		return err
	}
	for sp := range root.Child("p:cSld", "p:spTree").All("p:sp") {
		if sp.Child("p:nvSpPr", "p:nvPr", "p:ph").Get("type") != "body" {
			continue
		}
		var paragraphs []string
		for p := range sp.Child("p:txBody").All("a:p") {
			if text := strings.TrimSpace(paragraphText(p)); text != "" {
				paragraphs = append(paragraphs, text)
			}
		}
		if len(paragraphs) > 0 {
			d.w.Block(document.Footnote, 0, "Notes: "+strings.Join(paragraphs, "\n"))
		}
	}
	return nil
}

// readAuthors reads who may have made comments, in the older and the newer
// form.
func (d *deck) readAuthors() error {
	d.authors = map[string]string{}
	relations, err := d.relations(d.main)
	if err != nil {
		return err
	}
	for _, kind := range []string{"commentAuthors", "authors"} {
		root, err := d.extra(related(relations, kind))
		if err != nil {
			return err
		}
		for _, a := range orEmpty(root).Children {
			d.authors[a.Get("id")] = document.OneLine(a.Get("name"))
		}
	}
	return nil
}

// comments writes the comments on a slide and the replies to them.
func (d *deck) comments(part string) error {
	root, err := d.extra(part)
	if err != nil {
		return err
	}
	var walk func(n *xmlread.Node)
	walk = func(n *xmlread.Node) {
		for _, c := range n.Children {
			switch xmlread.Local(c.Name) {
			case "cm", "reply":
				text := document.OneLine(cmp.Or(c.Child("p:text").Words(), drawnText(orEmpty(childLocal(c, "txBody")))))
				if text != "" {
					d.w.Block(document.Footnote, 0, commentMark(d.authors[c.Get("authorId")], "", cmp.Or(c.Get("dt"), c.Get("created")))+text)
				}
				walk(c)
			case "replyLst", "threadingInfo":
				walk(c)
			}
		}
	}
	walk(orEmpty(root))
	return nil
}

// childLocal finds a child by its name in any namespace.
func childLocal(n *xmlread.Node, local string) *xmlread.Node {
	for _, c := range n.Children {
		if xmlread.Local(c.Name) == local {
			return c
		}
	}
	return nil
}

// commentMark begins a comment by someone on a place at a time, each of which
// may be empty.
func commentMark(author, place, when string) string {
	if author != "" {
		author = " by " + author
	}
	if day, _, _ := strings.Cut(when, "T"); len(day) == len("2006-01-02") {
		place += ", " + day
	}
	return "[Comment" + author + place + "] "
}
