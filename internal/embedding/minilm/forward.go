package minilm

import (
	"math"

	"git.helu.ca/r/mnemosyne/internal/embedding/minilm/kernel"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm/modelfile"
)

// blockDepth is how much of a panel is multiplied at a time: 384 by 16 float32
// are 24 KiB, which stay in the first-level cache.
const blockDepth = 384

// qkvWidth is query, key and value side by side.
const qkvWidth = 3 * modelfile.Width

// workspace is the memory of one forward pass. A row is a token; there are some
// rows more than tokens, since the kernel takes several at a time. What is in
// those is finite and never read into a result.
type workspace struct {
	batch batch

	hidden []float32 // [rows][Width], the state between the layers
	wide   []float32 // [rows][qkvWidth] in attention, then [rows][Inner]
	mixed  []float32 // [rows][Width], the heads' results
	change []float32 // [rows][Width], what a half of a layer adds to hidden

	block []float32 // [blockDepth][Panel], weights as float32
	heads attention
}

func newWorkspace() *workspace {
	return &workspace{block: make([]float32, blockDepth*modelfile.Panel)}
}

// reserve makes room for the batch. A text that starts at any row may be read
// up to the next multiple of kernel.Rows after its end.
func (w *workspace) reserve() {
	rows := len(w.batch.ids) + 2*kernel.Rows
	if len(w.hidden) >= rows*modelfile.Width {
		return
	}
	w.hidden = make([]float32, rows*modelfile.Width)
	w.wide = make([]float32, rows*modelfile.Inner)
	w.mixed = make([]float32, rows*modelfile.Width)
	w.change = make([]float32, rows*modelfile.Width)
}

// forward leaves the last states of the workspace's batch in hidden. It calls
// pause every few milliseconds and ends with its error.
func (m *Model) forward(w *workspace, weights *modelfile.Model, pause func() error) error {
	w.reserve()
	m.embed(w, weights)
	for i := range weights.Layers {
		layer := &weights.Layers[i]
		if err := pause(); err != nil {
			return err
		}
		m.linear(w, w.wide, w.hidden, &layer.QKV)
		if err := pause(); err != nil {
			return err
		}
		for _, text := range w.batch.spans {
			m.attend(w, text)
		}
		m.linear(w, w.change, w.mixed, &layer.Output)
		m.addNorm(w, &layer.MidNorm)
		if err := pause(); err != nil {
			return err
		}
		m.linear(w, w.wide, w.hidden, &layer.Expand)
		m.kernel.GELU(w.wide[:len(w.batch.ids)*modelfile.Inner])
		if err := pause(); err != nil {
			return err
		}
		m.linear(w, w.change, w.wide, &layer.Contract)
		m.addNorm(w, &layer.FinalNorm)
	}
	return nil
}

// embed sets hidden to the sum of word and position, normalized.
func (m *Model) embed(w *workspace, weights *modelfile.Model) {
	const width, groups = modelfile.Width, modelfile.Width / modelfile.Group
	for _, text := range w.batch.spans {
		for row := text.from; row < text.to; row++ {
			id := int(w.batch.ids[row])
			codes := weights.WordCodes[id*width:][:width]
			scales := weights.WordScales[id*groups:][:groups]
			state := w.hidden[row*width:][:width]
			for i, code := range codes {
				state[i] = float32(code) * scales[i/modelfile.Group]
			}
			position := weights.Positions[(row-text.from)*width:][:width]
			m.kernel.AddNorm(state, position, weights.Norm.Gain, weights.Norm.Bias)
		}
	}
}

// linear sets to [rows][x.Out] to from [rows][x.In] times x, plus its bias.
func (m *Model) linear(w *workspace, to, from []float32, x *modelfile.Matrix) {
	rows := roundUp(len(w.batch.ids), kernel.Rows)
	for panel := 0; panel < x.Out; panel += modelfile.Panel {
		c := to[panel:]
		init, stride := x.Bias[panel:], 0
		for depth := 0; depth < x.In; depth += blockDepth {
			at := panel*x.In + depth*modelfile.Panel
			codes := x.Codes[at:][:blockDepth*modelfile.Panel]
			m.kernel.Dequantize(w.block, codes, x.Scales[at/modelfile.Group:])
			m.kernel.Multiply(c, x.Out, from[depth:], x.In, w.block, blockDepth, rows, init, stride)
			init, stride = c, x.Out
		}
	}
}

// addNorm adds change to hidden and normalizes.
func (m *Model) addNorm(w *workspace, norm *modelfile.Norm) {
	const width = modelfile.Width
	for row := range len(w.batch.ids) {
		m.kernel.AddNorm(w.hidden[row*width:][:width], w.change[row*width:][:width], norm.Gain, norm.Bias)
	}
}

// pool is the mean of a text's states, of unit length, in memory of its own.
func (w *workspace) pool(text span) []float32 {
	const width = modelfile.Width
	vector := make([]float32, width)
	for row := text.from; row < text.to; row++ {
		for i, v := range w.hidden[row*width:][:width] {
			vector[i] += v
		}
	}
	squares := 0.0
	for _, v := range vector {
		squares += float64(v) * float64(v)
	}
	scale := float32(1 / math.Sqrt(squares))
	for i := range vector {
		vector[i] *= scale
	}
	return vector
}

func roundUp(n, multiple int) int {
	return (n + multiple - 1) / multiple * multiple
}
