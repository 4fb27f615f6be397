package remote

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
)

// dialect is a shape that embeddings are asked for in.
type dialect interface {
	// embed asks for the vectors of texts.
	embed(ctx context.Context, l *lane, texts []prompted, want shape) (answer, error)
	// limits asks how much the model reads at once. Zeros are not said.
	limits(ctx context.Context) (limits, error)
	// atOnce is how many texts go into one request where batch may.
	atOnce(batch int) int
}

type limits struct {
	tokens int // of one text
	batch  int // texts
}

// answerBytes bounds an answer: the longest vectors there are, each number
// written at full length, for each of n texts.
func answerBytes(n int) int64 {
	const spare, longest, number = 1 << 20, 1 << 14, 26
	return spare + int64(n)*longest*number
}

func plain(texts []prompted) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = t.text
	}
	return out
}

// openAI is POST /v1/embeddings with texts.
type openAI struct {
	*client

	opt *EmbedderOptions
	// What the server turned out not to take.
	noBase64, noDimensions atomic.Bool
}

type openAIRequest struct {
	Model          string   `json:"model"`
	Input          []string `json:"input,omitempty"`
	EncodingFormat string   `json:"encoding_format,omitempty"`
	Dimensions     int      `json:"dimensions,omitempty"`

	Messages             []chatMessage `json:"messages,omitempty"`
	ContinueFinalMessage bool          `json:"continue_final_message,omitempty"`
	AddSpecialTokens     bool          `json:"add_special_tokens,omitempty"`
}

func (o *openAI) embed(ctx context.Context, l *lane, texts []prompted, want shape) (answer, error) {
	return o.send(ctx, l, openAIRequest{Input: plain(texts)}, plain(texts), want)
}

// send asks again, once for each, where the server does not take base64 or a
// number of dimensions.
func (o *openAI) send(ctx context.Context, l *lane, r openAIRequest, texts []string, want shape) (answer, error) {
	r.Model = o.opt.Model
	for {
		r.EncodingFormat, r.Dimensions = "base64", o.opt.Dimensions
		if o.noBase64.Load() {
			r.EncodingFormat = "float"
		}
		if o.noDimensions.Load() {
			r.Dimensions = 0
		}
		body, err := l.ask(ctx, o.versionedURL("embeddings"), r, answerBytes(len(texts)), texts)
		if err == nil {
			return o.read(body, len(texts), want)
		}
		f := faultOf(err)
		if f == nil || f.kind != refused {
			return answer{}, err
		}
		switch {
		case r.Dimensions > 0 && f.says("dimension", "matryoshka") && o.noDimensions.CompareAndSwap(false, true):
		case r.EncodingFormat == "base64" && f.says("base64", "encoding") && o.noBase64.CompareAndSwap(false, true):
		default:
			return answer{}, err
		}
	}
}

func (o *openAI) atOnce(batch int) int { return batch }

// limits reads max_model_len, which vLLM says of its models.
func (o *openAI) limits(ctx context.Context) (limits, error) {
	address := o.versionedURL("models")
	if strings.HasSuffix(o.base.Path, "/embeddings") {
		address = strings.TrimSuffix(o.base.String(), "embeddings") + "models"
	}
	body, err := o.exchange(ctx, address, nil, answerBytes(0), nil)
	if err != nil {
		return limits{}, err
	}
	var list struct {
		Data []struct {
			ID          string `json:"id"`
			MaxModelLen int    `json:"max_model_len"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return limits{}, o.garble("the list of models cannot be read")
	}
	for _, m := range list.Data {
		if m.ID == o.opt.Model {
			return limits{tokens: m.MaxModelLen}, nil
		}
	}
	return limits{}, nil
}

// vllm is POST /v1/embeddings with messages, one text a request.
type vllm struct{ openAI }

type chatMessage struct {
	Role    string `json:"role"`
	Content []part `json:"content"`
}

type part struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

func said(role, text string) chatMessage {
	return chatMessage{Role: role, Content: []part{{Type: "text", Text: text}}}
}

func (v *vllm) embed(ctx context.Context, l *lane, texts []prompted, want shape) (answer, error) {
	if len(texts) == 1 {
		return v.one(ctx, l, texts[0], want)
	}
	answers, faults := make([]answer, len(texts)), make([]error, len(texts))
	var group sync.WaitGroup
	for i, text := range texts {
		group.Go(func() { answers[i], faults[i] = v.one(ctx, l, text, want) })
	}
	group.Wait()
	var out answer
	for i, a := range answers {
		if faults[i] != nil {
			return answer{}, faults[i]
		}
		out.vectors, out.faults, out.tokens = append(out.vectors, a.vectors...), append(out.faults, a.faults...), out.tokens+a.tokens
	}
	return out, nil
}

// one asks for one text: the instruction, the text and the beginning of an
// answer, whose last token the vector is read from.
func (v *vllm) one(ctx context.Context, l *lane, text prompted, want shape) (answer, error) {
	return v.send(ctx, l, openAIRequest{
		Messages:             []chatMessage{said("system", text.system), said("user", text.text), said("assistant", "")},
		ContinueFinalMessage: true, AddSpecialTokens: true,
	}, []string{text.text}, want)
}

func (v *vllm) atOnce(int) int { return 1 }

// tei is POST /embed of text-embeddings-inference.
type tei struct{ *client }

type teiRequest struct {
	Inputs    []string `json:"inputs"`
	Truncate  bool     `json:"truncate"`
	Normalize bool     `json:"normalize"`
}

func (t *tei) embed(ctx context.Context, l *lane, texts []prompted, want shape) (answer, error) {
	inputs := plain(texts)
	body, err := l.ask(ctx, t.siblingURL("embed"), teiRequest{Inputs: inputs, Truncate: true, Normalize: true}, answerBytes(len(texts)), inputs)
	if err != nil {
		return answer{}, err
	}
	return t.read(body, len(texts), want)
}

func (t *tei) atOnce(batch int) int { return batch }

func (t *tei) limits(ctx context.Context) (limits, error) {
	address := strings.TrimSuffix(t.siblingURL("embed"), "embed") + "info"
	body, err := t.exchange(ctx, address, nil, answerBytes(0), nil)
	if err != nil {
		return limits{}, err
	}
	var info struct {
		MaxInputLength     int `json:"max_input_length"`
		MaxClientBatchSize int `json:"max_client_batch_size"`
	}
	if err := json.Unmarshal(body, &info); err != nil {
		return limits{}, t.garble("what it says of itself cannot be read")
	}
	return limits{tokens: info.MaxInputLength, batch: info.MaxClientBatchSize}, nil
}
