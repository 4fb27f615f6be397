package office

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/archive"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// container is an opened Office Open XML document: parts that refer to each
// other by relations.
type container struct {
	archive *archive.Archive
	// main is the part that the document begins with.
	main string
}

// relation is one part's reference to another.
type relation struct{ kind, target string }

// openContainer opens a document; usual is its main part where the document
// does not name one.
func openContainer(name, usual string) (*container, error) {
	a, err := archive.Open(name)
	if err != nil {
		return nil, err //nolint:wrapcheck // a fault of the file's own
	}
	c := &container{archive: a, main: usual}
	relations, err := c.relations("")
	if err != nil {
		a.Close()
		return nil, err
	}
	for _, r := range relations {
		if r.kind == "officeDocument" && a.Has(r.target) {
			c.main = r.target
		}
	}
	if !a.Has(c.main) {
		a.Close()
		return nil, document.Fault(document.CodeCorrupt, "The document is damaged: "+usual+" is missing; open it in its program and save it again.")
	}
	return c, nil
}

func (c *container) close() { _ = c.archive.Close() } // nothing was written

// scan reads a part as XML. A missing part is none.
func (c *container) scan(name string, read func(*xmlread.Scanner) error) error {
	rc, err := c.archive.Open(name)
	if errors.Is(err, archive.ErrMissing) {
		return nil
	}
	if err != nil {
		return err //nolint:wrapcheck // a fault of the file's own
	}
	defer rc.Close()
	return partError(name, read(xmlread.NewScanner(rc)))
}

func partError(name string, err error) error {
	if err == nil || document.AsError(err) != nil {
		return err
	}
	return document.Fault(document.CodeCorrupt, fmt.Sprintf("The document is damaged: %.100s cannot be read; open it in its program and save it again.", name))
}

// tree reads a part whole; nil when it is missing.
func (c *container) tree(name string) (*xmlread.Node, error) {
	var root *xmlread.Node
	err := c.scan(name, func(s *xmlread.Scanner) (err error) {
		root, err = s.Root()
		return err
	})
	return root, err
}

// extra is tree for a part that the document can be read without: one that is
// damaged is none, one that is hostile remains a fault.
func (c *container) extra(name string) (*xmlread.Node, error) {
	root, err := c.tree(name)
	if e := document.AsError(err); e != nil && e.Code == document.CodeCorrupt {
		return nil, nil //nolint:nilnil // nil is what a missing part is
	}
	return root, err
}

// relations gives a part's references by their id; those of the document
// itself for "". References to the outside are left out: nothing is fetched.
func (c *container) relations(part string) (map[string]relation, error) {
	dir, file := path.Split(part)
	root, err := c.extra(dir + "_rels/" + file + ".rels")
	if err != nil {
		return nil, err
	}
	out := map[string]relation{}
	for r := range root.All("rel:Relationship") {
		if r.Get("TargetMode") == "External" {
			continue
		}
		target := r.Get("Target")
		if strings.HasPrefix(target, "/") {
			target = strings.TrimPrefix(path.Clean(target), "/")
		} else {
			target = path.Join(dir, target)
		}
		kind := r.Get("Type")
		out[r.Get("Id")] = relation{kind[strings.LastIndexByte(kind, '/')+1:], target}
	}
	return out, nil
}

// related gives the part of the first relation of a kind, "" for none. Ids
// decide, so that a file is read the same way each time.
func related(relations map[string]relation, kind string) string {
	if all := relatedAll(relations, kind); len(all) > 0 {
		return all[0]
	}
	return ""
}

// relatedAll is related for all relations of the kind.
func relatedAll(relations map[string]relation, kind string) []string {
	var ids []string
	for id, r := range relations {
		if r.kind == kind {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for i, id := range ids {
		ids[i] = relations[id].target
	}
	return ids
}

// properties reads the title and what else the document says of itself.
func (c *container) properties(w *document.Writer) error {
	root, err := c.extra("docProps/core.xml")
	if err != nil || root == nil {
		return err
	}
	for _, n := range root.Children {
		text := strings.TrimSpace(n.Words())
		switch name := xmlread.Local(n.Name); name {
		case "title":
			w.Title = text
		case "creator":
			w.Meta("author", text)
		case "created", "modified", "subject", "keywords", "description":
			w.Meta(name, text)
		case "language":
			w.Language = text
		}
	}
	return nil
}
