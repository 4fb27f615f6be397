// Package modelfile is the file that all-MiniLM-L6-v2 ships in: its layout,
// Write for the converter and Read for the model. It knows nothing of how the
// numbers are used.
//
// The file is a magic word, then these arrays without gaps, floats
// little-endian:
//
//	positions float32 [Positions][Width], token type 0 added in
//	gain, bias float32 [Width] of the embeddings' LayerNorm
//	word scales float32 [Vocabulary][Width/Group]
//	word codes int8 [Vocabulary][Width]
//	Layers times:
//	  matrix [Width]->[3*Width], query (1/sqrt(HeadWidth) multiplied in), key, value
//	  matrix [Width]->[Width], attention output
//	  gain, bias float32 [Width] of the LayerNorm that follows
//	  matrix [Width]->[Inner]
//	  matrix [Inner]->[Width]
//	  gain, bias float32 [Width] of the LayerNorm that follows
//
// A matrix is cut in panels of Panel outputs, in which it is multiplied:
//
//	bias float32 [Out]
//	scales float32 [Out/Panel][In/Group][Panel]
//	codes int8 [Out/Panel][In][Panel]
//
// and a weight is code * scale.
package modelfile

// The model's shape.
const (
	Vocabulary = 30522
	Positions  = 256 // longest input, [CLS] and [SEP] included
	Width      = 384
	Inner      = 1536
	Layers     = 6
	Heads      = 12
	HeadWidth  = Width / Heads
)

// The file's shape.
const (
	Panel = 16 // columns that are multiplied at once
	Group = 64 // consecutive inputs that share a scale

	magic = "MiniLM6\x01"
)

// Model is a read file. Its Codes point into the file.
type Model struct {
	Positions  []float32 // [Positions][Width]
	Norm       Norm
	WordScales []float32 // [Vocabulary][Width/Group]
	WordCodes  []int8    // [Vocabulary][Width]; read only
	Layers     [Layers]Layer
}

// Layer is one transformer layer, in the order of use.
type Layer struct {
	QKV       Matrix
	Output    Matrix
	MidNorm   Norm
	Expand    Matrix
	Contract  Matrix
	FinalNorm Norm
}

// Norm is a LayerNorm, both of [Width].
type Norm struct {
	Gain, Bias []float32
}

// Matrix maps In numbers to Out.
type Matrix struct {
	In, Out int
	Bias    []float32 // [Out]
	Scales  []float32 // [Out/Panel][In/Group][Panel]
	Codes   []int8    // [Out/Panel][In][Panel]; read only
}
