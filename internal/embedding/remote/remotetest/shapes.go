package remotetest

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
)

type object = map[string]any

func openAIError(message string) object {
	return object{"error": object{"message": message, "type": "invalid_request_error", "param": nil, "code": nil}}
}

func vllmError(message string) object {
	return object{"object": "error", "message": message, "type": "BadRequestError", "param": nil, "code": http.StatusBadRequest}
}

func teiError(message, kind string) object { return object{"error": message, "error_type": kind} }

// fault is how a server refuses texts, in its shape's words.
func (b Behaviour) fault(texts []string) (status int, message string) {
	if b.MaxBatch > 0 && len(texts) > b.MaxBatch {
		return http.StatusRequestEntityTooLarge, fmt.Sprintf("batch size %d > maximum allowed batch size %d", len(texts), b.MaxBatch)
	}
	for _, t := range texts {
		switch {
		case b.Crash != "" && strings.Contains(t, b.Crash):
			return http.StatusInternalServerError, "Internal Server Error"
		case b.Refuse != "" && strings.Contains(t, b.Refuse):
			return http.StatusUnprocessableEntity, "cannot read: " + t
		}
	}
	return 0, ""
}

func (b Behaviour) overlong(texts []string) bool {
	return b.MaxModelLen > 0 && slices.ContainsFunc(texts, func(t string) bool { return len(strings.Fields(t)) > b.MaxModelLen })
}

// openAI answers texts as OpenAI's servers do, and messages as vLLM's do.
func (s *Server) openAI(w http.ResponseWriter, does Behaviour, r *Request) {
	if does.refusesOpenAI(w, r) {
		return
	}
	dimensions := does.Dimensions
	if n, ok := r.Body["dimensions"].(float64); ok && !does.AllWhole {
		dimensions = int(n)
	}
	var rows []any
	for i, text := range r.Texts {
		v := does.vector(text, dimensions)
		row := object{"object": "embedding", "index": i, "embedding": v}
		if r.Body["encoding_format"] == "base64" {
			row["embedding"] = inBase64(v)
		}
		rows = append(rows, row)
	}
	if does.Backwards {
		slices.Reverse(rows)
	}
	if does.Bare {
		reply(w, does, http.StatusOK, written(rows))
		return
	}
	reply(w, does, http.StatusOK, written(object{
		"object": "list", "model": does.Model, "data": rows, "usage": object{"prompt_tokens": words(r.Texts), "total_tokens": words(r.Texts)},
	}))
}

// refusesOpenAI answers what the server does not take.
func (b Behaviour) refusesOpenAI(w http.ResponseWriter, r *Request) bool {
	_, messages := r.Body["messages"]
	switch {
	case r.Body["model"] != b.Model:
		reply(w, b, http.StatusNotFound, vllmError(fmt.Sprintf("The model `%v` does not exist.", r.Body["model"])))
		return true
	case messages && (r.Texts[0] == "" || r.Body["continue_final_message"] != true || r.Body["add_special_tokens"] != true):
		reply(w, b, http.StatusBadRequest, vllmError("the messages are not as the model was trained with"))
		return true
	case len(r.Texts) == 0:
		reply(w, b, http.StatusBadRequest, openAIError("there is nothing to embed"))
		return true
	case b.NoBase64 && r.Body["encoding_format"] == "base64":
		reply(w, b, http.StatusBadRequest, openAIError("encoding_format 'base64' is not supported"))
		return true
	case b.NoDimensions && r.Body["dimensions"] != nil:
		reply(w, b, http.StatusBadRequest, vllmError("Model \"x\" does not support matryoshka representation, changing output dimensions will lead to poor results."))
		return true
	case b.overlong(r.Texts):
		reply(w, b, http.StatusBadRequest, vllmError(fmt.Sprintf("This model's maximum context length is %d tokens. Please reduce the length of the input.", b.MaxModelLen)))
		return true
	}
	if status, message := b.fault(r.Texts); status != 0 {
		reply(w, b, status, vllmError(message))
		return true
	}
	return false
}

// vector cuts as a Matryoshka model does.
func (b Behaviour) vector(text string, dimensions int) []float64 {
	v := Vector(text, b.Dimensions)[:dimensions]
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x) * b.Unit
		switch {
		case b.NaN != "" && strings.Contains(text, b.NaN):
			out[i] = math.NaN()
		case b.Null != "" && strings.Contains(text, b.Null):
			out[i] = math.Inf(1) // written as null
		}
	}
	return out
}

func inBase64(v []float64) string {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(x)))
	}
	return base64.StdEncoding.EncodeToString(b)
}

func words(texts []string) int {
	n := 0
	for _, t := range texts {
		n += len(strings.Fields(t))
	}
	return n
}

func (s *Server) tei(w http.ResponseWriter, does Behaviour, r *Request) {
	if status, message := does.fault(r.Texts); status != 0 {
		reply(w, does, status, teiError(message, map[int]string{413: "Validation", 422: "Tokenizer", 500: "Backend"}[status]))
		return
	}
	if r.Body["truncate"] != true && does.overlong(r.Texts) {
		reply(w, does, http.StatusRequestEntityTooLarge, teiError("`inputs` must have less tokens", "Validation"))
		return
	}
	var rows []any
	for _, text := range r.Texts {
		rows = append(rows, does.vector(text, does.Dimensions))
	}
	reply(w, does, http.StatusOK, written(rows))
}

func (s *Server) cohere(w http.ResponseWriter, does Behaviour, r *Request) {
	if status, message := does.fault(r.Texts); status != 0 {
		reply(w, does, status, vllmError(message))
		return
	}
	if does.overlong(r.Texts) {
		reply(w, does, http.StatusBadRequest, vllmError("the passage is too long"))
		return
	}
	results := does.scores(r, "relevance_score")
	if n, ok := r.Body["top_n"].(float64); ok {
		results = results[:min(int(n), len(results))]
	}
	if does.Bare {
		reply(w, does, http.StatusOK, written(results))
		return
	}
	reply(w, does, http.StatusOK, written(object{"id": "rerank-1", "results": results, "usage": object{"total_tokens": words(r.Texts)}}))
}

func (s *Server) teiRerank(w http.ResponseWriter, does Behaviour, r *Request) {
	if status, message := does.fault(r.Texts); status != 0 {
		reply(w, does, status, teiError(message, "Validation"))
		return
	}
	reply(w, does, http.StatusOK, written(does.scores(r, "score")))
}

// scores are the best first, as servers give them.
func (b Behaviour) scores(r *Request, name string) []any {
	type judged struct {
		at    int
		score float64
	}
	var list []judged
	for i, text := range r.Texts {
		s := Score(r.Query, text)
		if b.Logits {
			s = 12*s - 6
		}
		switch {
		case b.NaN != "" && strings.Contains(text, b.NaN):
			s = math.NaN()
		case b.Null != "" && strings.Contains(text, b.Null):
			s = math.Inf(1)
		}
		list = append(list, judged{i, s})
	}
	slices.SortStableFunc(list, func(x, y judged) int {
		switch {
		case x.score > y.score:
			return -1
		case x.score < y.score:
			return 1
		}
		return 0
	})
	var out []any
	for _, j := range list {
		out = append(out, object{"index": j.at, name: j.score})
	}
	return out
}

// chat answers with one word, whatever is asked.
func (s *Server) chat(w http.ResponseWriter, does Behaviour, r *Request) {
	_, limited := r.Body["max_tokens"]
	switch {
	case r.Body["model"] != does.Model:
		reply(w, does, http.StatusNotFound, vllmError(fmt.Sprintf("The model `%v` does not exist.", r.Body["model"])))
	case does.NewChat && limited:
		reply(w, does, http.StatusBadRequest, openAIError("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."))
	default:
		reply(w, does, http.StatusOK, object{
			"id": "chatcmpl-1", "object": "chat.completion", "model": does.Model,
			"choices": []any{object{"index": 0, "finish_reason": "length", "message": object{"role": "assistant", "content": "Yes"}}},
			"usage":   object{"prompt_tokens": 4, "completion_tokens": 1, "total_tokens": 5},
		})
	}
}

func (s *Server) models(w http.ResponseWriter, _ *http.Request) {
	does := s.doing()
	model := object{"id": does.Model, "object": "model", "owned_by": "vllm"}
	if does.MaxModelLen > 0 {
		model["max_model_len"] = does.MaxModelLen
	}
	reply(w, does, http.StatusOK, object{"object": "list", "data": []any{model}})
}

func (s *Server) info(w http.ResponseWriter, _ *http.Request) {
	does := s.doing()
	reply(w, does, http.StatusOK, object{"model_id": does.Model, "max_input_length": does.MaxModelLen, "max_client_batch_size": does.MaxBatch})
}

// written is JSON as Python writes it: NaN stands for itself, and what is
// infinite is null, as some servers have it.
func written(v any) string {
	switch v := v.(type) {
	case object:
		var parts []string
		for name, value := range v {
			parts = append(parts, fmt.Sprintf("%q:%s", name, written(value)))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		var parts []string
		for _, value := range v {
			parts = append(parts, written(value))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case []float64:
		var parts []string
		for _, value := range v {
			parts = append(parts, written(value))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case float64:
		switch {
		case math.IsNaN(v):
			return "NaN"
		case math.IsInf(v, 0):
			return "null"
		}
		return fmt.Sprintf("%g", v)
	case string:
		return fmt.Sprintf("%q", v)
	default:
		return fmt.Sprint(v)
	}
}
