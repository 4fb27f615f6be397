package wordpiece

import "strings"

// trie finds the longest piece that begins a word, a byte a step. Its edges lie
// in one hash table with open addressing, keyed by node and byte: a megabyte
// for thirty thousand pieces, without a pointer for the collector to follow.
type trie struct {
	edges []edge // a power of two, less than half of it in use
	mask  uint32 // of an index of edges
	shift int    // from a 32-bit hash to an index of edges
	ids   []int32
	nodes uint32 // len(ids)
}

// edge leads from key's node by key's byte to node next; 0 in next is an empty
// slot, since no edge leads to a root.
type edge struct {
	key  uint32 // node<<8 | byte
	next uint32
}

// The two roots: of pieces that begin a word, and of those that go on with it,
// which the vocabulary writes with "##".
const (
	wordRoot  uint32 = 0
	pieceRoot uint32 = 1

	continuation = "##"
	hashFactor   = 0x9E3779B1 // 2^32 over the golden ratio
)

func newTrie(vocabulary []string) trie {
	t := trie{ids: []int32{-1, -1}, nodes: 2}
	t.resize(17)
	for id, piece := range vocabulary {
		node := wordRoot
		if rest, ok := strings.CutPrefix(piece, continuation); ok && rest != "" {
			node, piece = pieceRoot, rest
		}
		for i := range len(piece) {
			node = t.grow(node, piece[i])
		}
		if t.ids[node] < 0 {
			t.ids[node] = int32(id)
		}
	}
	return t
}

// resize makes 2^bits slots.
func (t *trie) resize(bits int) {
	old := t.edges
	t.edges = make([]edge, 1<<bits)
	t.mask = 1<<bits - 1
	t.shift = 32 - bits
	for _, e := range old {
		if e.next != 0 {
			t.edges[t.slot(e.key)] = e
		}
	}
}

// slot is where key is, or where it would go.
func (t *trie) slot(key uint32) uint32 {
	at := key * hashFactor >> t.shift & t.mask
	for t.edges[at].next != 0 && t.edges[at].key != key {
		at = (at + 1) & t.mask
	}
	return at
}

// grow returns the node that b leads to from node, new or not.
func (t *trie) grow(node uint32, b byte) uint32 {
	key := node<<8 | uint32(b)
	at := t.slot(key)
	if t.edges[at].next == 0 {
		if 2*len(t.ids) >= len(t.edges) {
			t.resize(32 - t.shift + 1)
			at = t.slot(key)
		}
		t.edges[at] = edge{key: key, next: t.nodes}
		t.ids = append(t.ids, -1)
		t.nodes++
	}
	return t.edges[at].next
}

// longest returns the id and length of the longest piece below root that word
// begins with, or -1 if there is none.
func (t *trie) longest(root uint32, word []byte) (id int32, size int) {
	id = -1
	node := root
	for i, b := range word {
		node = t.edges[t.slot(node<<8|uint32(b))].next
		if node == 0 {
			break
		}
		if found := t.ids[node]; found >= 0 {
			id, size = found, i+1
		}
	}
	return id, size
}

// find returns the id of the piece that is word, or -1.
func (t *trie) find(word string) int32 {
	id, size := t.longest(wordRoot, []byte(word))
	if size != len(word) {
		return -1
	}
	return id
}
