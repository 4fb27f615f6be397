// Package remote is embedders and rerankers that run on servers of their own,
// over HTTP: in the shapes of OpenAI, of Hugging Face's text-embeddings-
// inference (TEI) and of vLLM's multimodal models, and of Cohere and TEI for
// reranking.
//
// It owns what is sent, how an answer is trusted and what a failure means. An
// answer is taken only when every number of it is sound. A server that fails
// again and again is left alone for a while. It sends texts to the one server
// that it was given and nowhere else: redirects are refused. It never logs or
// repeats a key or a text.
package remote

import (
	"cmp"
	"log/slog"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding"
)

// Server is where a model is and how it is asked.
type Server struct {
	BaseURL string // as "http://nyx.example.com:8000/v1"
	Model   string // as the server calls it
	APIKey  string // sent as a bearer token; empty: none is sent
	// Timeout is the longest wait for one request; 120 s when 0.
	Timeout time.Duration
	// Concurrency is how many requests with documents run at once; 4 when 0.
	Concurrency int
	// Cooldown is how long a server is left alone after it failed again and
	// again; 5 s when 0.
	Cooldown time.Duration
	// Settings is what the names of its settings begin with, as "EMBEDDING",
	// so that a failure can say what to mend.
	Settings string
	// Provider is what people call the server where they, and not the
	// settings, say how it is asked; empty: the settings do.
	Provider string

	Recorder embedding.Recorder // nil: nobody keeps account
	Metrics  *Metrics           // nil: none
	Log      *slog.Logger       // nil: none
}

// The settings of a server that failures name.
const (
	baseURLSetting    = "BASE_URL"
	apiSetting        = "API"
	modelSetting      = "MODEL"
	keySetting        = "API_KEY"
	dimensionsSetting = "DIMENSIONS"
)

// setting is what people know a setting as: a variable of the environment, or
// a field of a provider's or a model's form.
func (s Server) setting(name string) string {
	if s.Provider == "" {
		return s.Settings + "_" + name
	}
	field := map[string]string{
		baseURLSetting: "address", apiSetting: "interface", modelSetting: "model’s name", keySetting: "key", dimensionsSetting: "model’s dimensions",
	}[name]
	return "the " + cmp.Or(field, "model’s prompts") + " at the provider “" + s.Provider + "”"
}

func (s Server) withDefaults(settings string) Server {
	s.Timeout = cmp.Or(s.Timeout, 2*time.Minute)
	s.Concurrency = cmp.Or(s.Concurrency, 4)
	s.Cooldown = cmp.Or(s.Cooldown, 5*time.Second)
	s.Settings = cmp.Or(s.Settings, settings)
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.Metrics == nil {
		s.Metrics = NewMetrics(nil)
	}
	return s
}
