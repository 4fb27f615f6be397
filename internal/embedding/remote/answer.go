package remote

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
)

// answer is the vectors of some texts, in their order. Where one cannot be
// used, faults says why and its vector is nil.
type answer struct {
	vectors [][]float32
	faults  []error
	tokens  int // as the server counts them; 0: it does not say
}

// shape is what vectors are wanted like.
type shape struct {
	dimensions int  // 0: as they come
	cut        bool // longer ones are cut; else they are another model's
}

// row is the vector of one text, wherever it stands in the answer.
type row struct {
	Index     *int            `json:"index"`
	Embedding json.RawMessage `json:"embedding"`
}

// read takes the vectors out of an answer for n texts: OpenAI's list under
// "data", the same list bare, or bare vectors, also under "embeddings". They
// are cut where want says so, and made unit length.
func (c *client) read(body []byte, n int, want shape) (answer, error) {
	rows, tokens, err := c.rows(body)
	if err != nil {
		return answer{}, err
	}
	if len(rows) != n {
		return answer{}, c.garble("%d vectors came for %d texts", len(rows), n)
	}
	out := answer{vectors: make([][]float32, n), faults: make([]error, n), tokens: tokens}
	placed := make([]bool, n)
	for i, r := range rows {
		at := i
		if r.Index != nil {
			at = *r.Index
		}
		if at < 0 || at >= n {
			return answer{}, c.garble("a vector is of text %d, and %d were asked", at, n)
		}
		if placed[at] {
			return answer{}, c.garble("two vectors are of text %d", at)
		}
		placed[at] = true
		out.vectors[at], out.faults[at], err = c.vector(r.Embedding, want)
		if err != nil {
			return answer{}, err
		}
	}
	return out, nil
}

// rows finds the list.
func (c *client) rows(body []byte) ([]row, int, error) {
	body = bytes.TrimSpace(body)
	if len(body) > 0 && body[0] == '[' {
		rows, err := c.list(body)
		return rows, 0, err
	}
	var wrapped struct {
		Data       []row             `json:"data"`
		Embeddings []json.RawMessage `json:"embeddings"`
		Usage      struct {
			PromptTokens int `json:"prompt_tokens"`
			TotalTokens  int `json:"total_tokens"`
		} `json:"usage"`
	}
	if err := json.Unmarshal(body, &wrapped); err != nil {
		return nil, 0, c.unreadable(body)
	}
	rows := wrapped.Data
	if rows == nil {
		rows = bareRows(wrapped.Embeddings)
	}
	if rows == nil {
		return nil, 0, c.garble("the answer holds no embeddings; see %s and %s", c.setting(baseURLSetting), c.setting(apiSetting))
	}
	return rows, max(wrapped.Usage.PromptTokens, wrapped.Usage.TotalTokens), nil
}

func bareRows(vectors []json.RawMessage) []row {
	var rows []row
	for _, v := range vectors {
		rows = append(rows, row{Embedding: v})
	}
	return rows
}

func (c *client) list(body json.RawMessage) ([]row, error) {
	var rows []row
	if json.Unmarshal(body, &rows) == nil {
		return rows, nil
	}
	var vectors []json.RawMessage
	if json.Unmarshal(body, &vectors) != nil {
		return nil, c.unreadable(body)
	}
	return bareRows(vectors), nil
}

// unreadable makes a fault of what is no JSON. Python writes numbers that are
// none as NaN: then one of the texts is the cause.
func (c *client) unreadable(body []byte) *fault {
	if bytes.Contains(body, []byte("NaN")) || bytes.Contains(body, []byte("Infinity")) {
		f := c.garble("the answer has numbers that are none (NaN)")
		f.kind = refused
		return f
	}
	return c.garble("the answer is no JSON of the shape that was asked for; see %s and %s", c.setting(baseURLSetting), c.setting(apiSetting))
}

// vector reads one vector. unusable is a fault of this text alone, err one of
// the whole answer.
func (c *client) vector(raw json.RawMessage, want shape) (v []float32, unusable, err error) {
	if v, err = c.numbers(raw); err != nil {
		return nil, nil, err
	}
	if len(v) == 0 || bytes.Contains(raw, []byte("null")) {
		return nil, c.useless("no vector came"), nil
	}
	switch {
	case want.dimensions == 0 || want.dimensions == len(v):
	case want.dimensions < len(v) && want.cut:
		v = v[:want.dimensions:want.dimensions]
	default:
		return nil, nil, c.garble("a vector of %d dimensions came, where %d are stored: the server's model has changed", len(v), want.dimensions)
	}
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	length := math.Sqrt(sum)
	if math.IsNaN(length) || math.IsInf(length, 0) || length < 1e-12 {
		return nil, c.useless("its vector has no direction"), nil
	}
	scale := float32(1 / length)
	for i := range v {
		v[i] *= scale
	}
	return v, nil, nil
}

// decoded reads a JSON string of base64.
func decoded(raw json.RawMessage) ([]byte, error) {
	if bytes.IndexByte(raw, '\\') < 0 { // nothing is escaped, as nothing must be
		return base64.StdEncoding.AppendDecode(nil, raw[1:len(raw)-1])
	}
	var text []byte
	err := json.Unmarshal(raw, &text)
	return text, err
}

// useless makes a fault of a text that has no vector.
func (c *client) useless(why string) *fault {
	return &fault{kind: refused, message: c.where() + ": a text was answered, but " + why}
}

// numbers reads a vector as a list of numbers or as base64 of little-endian
// float32.
func (c *client) numbers(raw json.RawMessage) ([]float32, error) {
	const size = 4
	if len(raw) > 0 && raw[0] == '"' {
		text, err := decoded(raw)
		if err != nil || len(text)%size != 0 {
			return nil, c.garble("a vector is no base64 of numbers of 4 bytes")
		}
		v := make([]float32, len(text)/size)
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(text[i*size:]))
		}
		return v, nil
	}
	var v []float32
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, c.garble("a vector is no list of numbers")
	}
	return v, nil
}
