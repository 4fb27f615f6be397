package minilm

import (
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm/kernel"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm/modelfile"
)

const headWidth = modelfile.HeadWidth

// attention is the memory of one head of one text.
type attention struct {
	zero   [kernel.Columns]float32
	keys   []float32 // [texts' tokens/Columns][headWidth][Columns]: keys in columns
	values []float32 // [headWidth/Columns][tokens][Columns]
	scores []float32 // [rows][tokens, rounded up to Columns]
	sums   []float32 // [tokens], of each row of scores
	result []float32 // [rows][headWidth], before the division by sums
}

func (a *attention) reserve(tokens int) {
	rows, columns := roundUp(tokens, kernel.Rows), roundUp(tokens, kernel.Columns)
	if len(a.sums) >= tokens {
		return
	}
	a.keys = make([]float32, columns*headWidth)
	a.values = make([]float32, tokens*headWidth)
	a.scores = make([]float32, rows*columns)
	a.sums = make([]float32, tokens)
	a.result = make([]float32, rows*headWidth)
}

// attend sets mixed for one text: each token's mean of all tokens' values, by
// the softmax of its query's products with their keys, head by head.
func (m *Model) attend(w *workspace, text span) {
	w.heads.reserve(text.to - text.from)
	for head := range modelfile.Heads {
		query := w.wide[text.from*qkvWidth+head*headWidth:]
		m.attendHead(&w.heads, query, text.to-text.from)
		w.heads.divide(w.mixed[text.from*modelfile.Width+head*headWidth:], text.to-text.from)
	}
}

// attendHead fills result and sums. query is the head's first query; its key
// and value lie one and two Widths behind it.
func (m *Model) attendHead(a *attention, query []float32, tokens int) {
	rows, columns := roundUp(tokens, kernel.Rows), roundUp(tokens, kernel.Columns)
	a.packKeys(query[modelfile.Width:], tokens)
	a.packValues(query[2*modelfile.Width:], tokens)
	for column := 0; column < columns; column += kernel.Columns {
		m.kernel.Multiply(a.scores[column:], columns, query, qkvWidth,
			a.keys[column*headWidth:], headWidth, rows, a.zero[:], 0)
	}
	for row := range tokens {
		scores := a.scores[row*columns:][:columns]
		for i := tokens; i < columns; i++ {
			scores[i] = kernel.Least
		}
		a.sums[row] = m.kernel.Exp(scores)
	}
	for column := 0; column < headWidth; column += kernel.Columns {
		m.kernel.Multiply(a.result[column:], headWidth, a.scores, columns,
			a.values[column*tokens:], tokens, rows, a.zero[:], 0)
	}
}

func (a *attention) packKeys(key []float32, tokens int) {
	for token := range tokens {
		panel := a.keys[token/kernel.Columns*kernel.Columns*headWidth+token%kernel.Columns:]
		for i, v := range key[token*qkvWidth:][:headWidth] {
			panel[i*kernel.Columns] = v
		}
	}
}

func (a *attention) packValues(value []float32, tokens int) {
	for token := range tokens {
		row := value[token*qkvWidth:][:headWidth]
		for column := 0; column < headWidth; column += kernel.Columns {
			copy(a.values[(column*tokens)+token*kernel.Columns:][:kernel.Columns], row[column:])
		}
	}
}

// divide writes the head's means to mixed.
func (a *attention) divide(mixed []float32, tokens int) {
	for token := range tokens {
		scale := 1 / a.sums[token]
		to := mixed[token*modelfile.Width:][:headWidth]
		for i, v := range a.result[token*headWidth:][:headWidth] {
			to[i] = v * scale
		}
	}
}
