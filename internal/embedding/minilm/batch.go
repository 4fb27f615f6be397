package minilm

import (
	"slices"
	"sync"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm/modelfile"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm/wordpiece"
)

// batchRows is how many tokens of several texts are computed together. It is at
// least one text of the greatest length; more would only make queries wait.
const batchRows = modelfile.Positions

// batch is the tokens of several texts, one after the other.
type batch struct {
	ids   []int32
	spans []span // one a text
}

// span is the rows of one text, to excluded.
type span struct{ from, to int }

func (b *batch) reset() {
	b.ids, b.spans = b.ids[:0], b.spans[:0]
}

// add appends one text with its special tokens. What is too long is cut, the
// context's end first.
func (b *batch) add(t *wordpiece.Tokenizer, input embedding.Input) {
	from := len(b.ids)
	ids := append(b.ids, t.Classify())
	ids = t.Append(ids, input.Text, maxTokens)
	text := len(ids)
	room := maxTokens - (text - from - 1)
	ids = t.Append(ids, input.Context, room)
	rotate(ids[from+1:], text-from-1)
	b.ids = append(ids, t.Separate())
	b.spans = append(b.spans, span{from, len(b.ids)})
}

// rotate moves the first n ids behind the others.
func rotate(ids []int32, n int) {
	slices.Reverse(ids[:n])
	slices.Reverse(ids[n:])
	slices.Reverse(ids)
}

// queue hands out the inputs in batches, in order.
type queue struct {
	tokenizer *wordpiece.Tokenizer

	mu     sync.Mutex
	inputs []embedding.Input // those left
	first  int               // number of the first of them
}

// next fills b with the next texts, as many as fit, and says the number of the
// first; false means that there are none left.
func (q *queue) next(b *batch) (first int, more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	b.reset()
	first = q.first
	for len(q.inputs) > 0 {
		rows, texts := len(b.ids), len(b.spans)
		b.add(q.tokenizer, q.inputs[0])
		if texts > 0 && len(b.ids) > batchRows {
			b.ids, b.spans = b.ids[:rows], b.spans[:texts]
			break
		}
		q.inputs = q.inputs[1:]
		q.first++
	}
	return first, len(b.spans) > 0
}
