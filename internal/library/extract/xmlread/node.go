package xmlread

import (
	"iter"
	"strings"
)

// Get gives an attribute, "" where there is none or no node. A name without a
// prefix matches with any.
func (n *Node) Get(name string) string {
	v, _ := n.Lookup(name)
	return v
}

// Lookup is Get that tells an empty attribute from none.
func (n *Node) Lookup(name string) (string, bool) {
	if n == nil {
		return "", false
	}
	prefixed := strings.Contains(name, ":")
	for _, a := range n.Attrs {
		if a.Name == name || !prefixed && Local(a.Name) == name {
			return a.Value, true
		}
	}
	return "", false
}

// Local gives a name without its prefix.
func Local(name string) string {
	if _, local, ok := strings.Cut(name, ":"); ok {
		return local
	}
	return name
}

// Child goes down a path of first children of those names; nil where it ends.
func (n *Node) Child(names ...string) *Node {
	for _, name := range names {
		n = n.child(name)
	}
	return n
}

func (n *Node) child(name string) *Node {
	if n == nil {
		return nil
	}
	for _, c := range n.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// All gives the children of that name.
func (n *Node) All(name string) iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		if n == nil {
			return
		}
		for _, c := range n.Children {
			if c.Name == name && !yield(c) {
				return
			}
		}
	}
}

// Find gives the first descendant of that name, in document order.
func (n *Node) Find(name string) *Node {
	for d := range n.Descendants(name) {
		return d
	}
	return nil
}

// Descendants gives all nodes of that name below n, in document order.
func (n *Node) Descendants(name string) iter.Seq[*Node] {
	return func(yield func(*Node) bool) { n.descend(name, yield) }
}

func (n *Node) descend(name string, yield func(*Node) bool) bool {
	if n == nil {
		return true
	}
	for _, c := range n.Children {
		if c.Name == name && !yield(c) || !c.descend(name, yield) {
			return false
		}
	}
	return true
}

// Words gives all text below n.
func (n *Node) Words() string {
	var sb strings.Builder
	n.words(&sb)
	return sb.String()
}

func (n *Node) words(sb *strings.Builder) {
	if n == nil {
		return
	}
	sb.WriteString(n.Text)
	for _, c := range n.Children {
		c.words(sb)
	}
}
