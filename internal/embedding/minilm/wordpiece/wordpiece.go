// Package wordpiece is the tokenizer of uncased BERT models: text is cleaned,
// lower-cased and stripped of accents, split into words, and each word into
// the longest pieces that the vocabulary has.
//
// It gives the tokens that Hugging Face's BertNormalizer, BertPreTokenizer and
// WordPiece give, with two differences. A special token spelled out in the
// text, such as "[SEP]", is read as text. And characters that Unicode gained
// after version 8, which the reference keeps as it finds them, are accents,
// punctuation or controls here if Unicode says so; they are in rare scripts.
package wordpiece

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// maxWordChars is how long a word may be before it is one unknown token.
const maxWordChars = 100

// Tokenizer holds one vocabulary. It does not change after New and is safe for
// concurrent use.
type Tokenizer struct {
	pieces trie
	table  []mapped // what normalize says of the runes below tableSize

	unknown, classify, separate int32
}

// New reads a vocabulary of one token a line, the token's id being the number
// of its line from 0. It fails if a special token is missing.
func New(vocabulary string) (*Tokenizer, error) {
	lines := strings.Split(strings.TrimSuffix(vocabulary, "\n"), "\n")
	t := &Tokenizer{pieces: newTrie(lines), table: newTable()}
	for token, id := range map[string]*int32{
		"[UNK]": &t.unknown, "[CLS]": &t.classify, "[SEP]": &t.separate,
	} {
		if *id = t.pieces.find(token); *id < 0 {
			return nil, fmt.Errorf("the vocabulary has no %s", token)
		}
	}
	return t, nil
}

// Classify is the id of [CLS], which starts an input.
func (t *Tokenizer) Classify() int32 { return t.classify }

// Separate is the id of [SEP], which ends an input.
func (t *Tokenizer) Separate() int32 { return t.separate }

// Count is the number of tokens in text, without special tokens. It does not
// allocate.
func (t *Tokenizer) Count(text string) int {
	s := scanner{t: t, limit: math.MaxInt}
	s.scan(text)
	return s.count
}

// Append adds the ids of at most limit tokens of text to ids, without special
// tokens, and reads no more of text than that takes.
func (t *Tokenizer) Append(ids []int32, text string, limit int) []int32 {
	s := scanner{t: t, ids: ids, keep: true, limit: limit}
	s.scan(text)
	return s.ids
}

// scanner walks one text. word holds the normalized word read so far.
type scanner struct {
	t     *Tokenizer
	ids   []int32
	keep  bool // collect ids, not only their count
	count int
	limit int // stop at this count

	word  [utf8.UTFMax * maxWordChars]byte
	size  int // bytes of word
	chars int // characters of word; beyond maxWordChars they are counted only
}

func (s *scanner) scan(text string) {
	table := s.t.table
	for i := 0; i < len(text) && s.count < s.limit; {
		if c := text[i]; c < utf8.RuneSelf {
			s.take(rune(c), table[c])
			i++
		} else {
			i += s.wide(text[i:])
		}
	}
	s.flush()
}

// letter adds a normalized character to the word.
func (s *scanner) letter(r rune) {
	s.chars++
	if s.chars > maxWordChars {
		return
	}
	s.size += utf8.EncodeRune(s.word[s.size:], r)
}

// flush ends the word, if there is one, and emits its pieces.
func (s *scanner) flush() {
	if s.chars == 0 {
		return
	}
	word, whole := s.word[:s.size], s.chars <= maxWordChars
	s.size, s.chars = 0, 0
	if s.count >= s.limit {
		return
	}
	if !whole {
		s.emit(s.t.unknown)
		return
	}
	before, kept := s.count, len(s.ids)
	for node := wordRoot; len(word) > 0; node = pieceRoot {
		id, size := s.t.pieces.longest(node, word)
		if id < 0 {
			s.count, s.ids = before, s.ids[:kept]
			s.emit(s.t.unknown)
			return
		}
		s.emit(id)
		word = word[size:]
	}
	if s.count > s.limit {
		s.ids = s.ids[:len(s.ids)-(s.count-s.limit)]
		s.count = s.limit
	}
}

func (s *scanner) emit(id int32) {
	s.count++
	if s.keep {
		s.ids = append(s.ids, id)
	}
}
