// Package remotetest is a server of embeddings and reranking for tests. It
// speaks the shapes of OpenAI, vLLM, TEI and Cohere, refuses what the real
// servers refuse in the words that they do, and fails as it is told to. Its
// vectors say nothing of what texts mean.
package remotetest

import (
	"compress/gzip"
	"encoding/json"
	"hash/fnv"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Model is the model that every server has, unless it is told another name.
const Model = "test-model"

// Behaviour is what a server does. The zero value does everything right, with
// vectors of 8 dimensions.
type Behaviour struct {
	Model      string
	Dimensions int
	Key        string // that it wants; empty: none

	MaxModelLen  int    // of a text, in words; 0: no limit
	MaxBatch     int    // texts in a request; 0: no limit
	Refuse       string // a text with this in it is refused
	NaN          string // a text with this in it gets a vector of NaN
	Null         string // a text with this in it gets nulls, or no score
	Crash        string // a text with this in it makes a 500
	NoBase64     bool   // refuses encoding_format base64
	NoDimensions bool   // refuses a number of dimensions
	AllWhole     bool   // takes a number of dimensions and gives whole vectors all the same
	Bare         bool   // a list without the object around it
	Backwards    bool   // the last text's result first
	Unit         float64
	Logits       bool // reranks with scores outside [0, 1]
	Gzip         bool
	NewChat      bool // its chat wants max_completion_tokens in place of max_tokens

	// Before is asked first; true tells that it has answered. It may be slow.
	Before func(w http.ResponseWriter, r *http.Request, n int) bool
}

// Server is a running server.
type Server struct {
	*httptest.Server

	mu       sync.Mutex
	does     Behaviour
	requests []Request
	running  int
	most     int
}

// Request is one that came with texts.
type Request struct {
	Path   string
	Header http.Header
	Body   map[string]any
	Texts  []string // as the model reads them, with a system message before each
	Query  string
}

// New starts a server that ends with the test.
func New(t testing.TB, does Behaviour) *Server {
	t.Helper()
	s := &Server{does: does.filled()}
	s.Server = httptest.NewServer(s.Handler())
	t.Cleanup(s.Close)
	return s
}

func (b Behaviour) filled() Behaviour {
	if b.Dimensions == 0 {
		b.Dimensions = 8
	}
	if b.Model == "" {
		b.Model = Model
	}
	if b.Unit == 0 {
		b.Unit = 1
	}
	return b
}

// Handler is the server without a port.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/embeddings", s.counted(s.openAI))
	mux.HandleFunc("POST /embed", s.counted(s.tei))
	mux.HandleFunc("POST /v1/rerank", s.counted(s.cohere))
	mux.HandleFunc("POST /rerank", s.counted(s.teiRerank))
	mux.HandleFunc("POST /v1/chat/completions", s.counted(s.chat))
	mux.HandleFunc("GET /v1/models", s.models)
	mux.HandleFunc("GET /info", s.info)
	return mux
}

// Do changes what the server does from now on.
func (s *Server) Do(change func(*Behaviour)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.does)
}

// Requests are those that came with texts, in order.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// MostAtOnce is how many requests were answered at the same time.
func (s *Server) MostAtOnce() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

func (s *Server) doing() Behaviour {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.does
}

// counted keeps account of requests and lets Before answer.
func (s *Server) counted(next func(http.ResponseWriter, Behaviour, *Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		request := &Request{Path: r.URL.Path, Header: r.Header, Body: map[string]any{}}
		_ = json.Unmarshal(body, &request.Body)
		request.read()
		s.mu.Lock()
		s.requests = append(s.requests, *request)
		n, does := len(s.requests), s.does
		s.running++
		s.most = max(s.most, s.running)
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.running--
		}()
		if does.Before != nil && does.Before(w, r, n) {
			return
		}
		if does.Key != "" && r.Header.Get("Authorization") != "Bearer "+does.Key {
			reply(w, does, http.StatusUnauthorized, openAIError("Incorrect API key provided: "+strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")))
			return
		}
		next(w, does, request)
	}
}

// read finds the texts of any shape.
func (r *Request) read() {
	for _, name := range []string{"input", "inputs", "documents", "texts"} {
		if list, ok := r.Body[name].([]any); ok {
			for _, text := range list {
				t, _ := text.(string)
				r.Texts = append(r.Texts, t)
			}
		}
	}
	r.Query, _ = r.Body["query"].(string)
	if messages, ok := r.Body["messages"].([]any); ok && strings.HasSuffix(r.Path, "/embeddings") {
		r.Texts = []string{conversation(messages)}
	}
}

// conversation joins system message and text, or gives nothing where the
// messages are not those that the model was trained with.
func conversation(messages []any) string {
	var roles, texts []string
	for _, m := range messages {
		message, _ := m.(map[string]any)
		role, _ := message["role"].(string)
		content, _ := message["content"].([]any)
		if len(content) != 1 {
			return ""
		}
		part, _ := content[0].(map[string]any)
		text, _ := part["text"].(string)
		roles, texts = append(roles, role), append(texts, text)
	}
	if strings.Join(roles, " ") != "system user assistant" || texts[0] == "" || texts[2] != "" {
		return ""
	}
	return texts[0] + "\n" + texts[1]
}

// Vector is what a server answers to a text, of unit length.
func Vector(text string, dimensions int) []float32 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, text)
	state, sum := h.Sum64()|1, 0.0
	v := make([]float32, dimensions)
	for i := range v {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		v[i] = float32(state%2001)/1000 - 1
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// Score is what a server scores a passage with: the share of the query's words
// that the passage has.
func Score(query, passage string) float64 {
	words, have := strings.Fields(strings.ToLower(query)), strings.ToLower(passage)
	found := 0
	for _, w := range words {
		if strings.Contains(have, w) {
			found++
		}
	}
	return float64(found) / float64(max(len(words), 1))
}

func reply(w http.ResponseWriter, does Behaviour, status int, body any) {
	text, ok := body.(string)
	if !ok {
		b, _ := json.Marshal(body)
		text = string(b)
	}
	w.Header().Set("Content-Type", "application/json")
	if does.Gzip {
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, text)
		_ = z.Close()
		return
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
