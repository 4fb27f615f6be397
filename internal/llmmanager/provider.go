package llmmanager

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

// API is the interface that a provider is asked through.
type API string

// The interfaces.
const (
	OpenAI API = "openai" // /v1/embeddings, /v1/rerank, /v1/chat/completions; vLLM, llama.cpp, Ollama, Jina and others, too
	VLLM   API = "vllm"   // the same, with embeddings asked for by messages, as multimodal models want
	TEI    API = "tei"    // /embed and /rerank of text-embeddings-inference
)

// APIs are all interfaces.
func APIs() []API { return []API{OpenAI, VLLM, TEI} }

// Uses are what models behind an interface can be for.
func (a API) Uses() []embedding.Use {
	switch a {
	case OpenAI, VLLM:
		return Uses()
	case TEI:
		return []embedding.Use{embedding.UseEmbedding, embedding.UseRerank}
	}
	return nil
}

// Uses are all uses that have a default model.
func Uses() []embedding.Use {
	return []embedding.Use{embedding.UseEmbedding, embedding.UseRerank, embedding.UseChat}
}

// KeyState tells whether a provider's key can be read.
type KeyState string

// The states of a key.
const (
	KeyNone   KeyState = "none"
	KeyReady  KeyState = "ready"
	KeyLocked KeyState = "locked" // it was encrypted under a key that is not set
)

// Provider is a server, or a company's, that serves models.
type Provider struct {
	ID, Name             string
	API                  API
	BaseURL              string
	Key                  KeyState
	KeyHint              string // the key's last characters, where it is long enough to tell any
	Active               bool   // its models are used
	CreatedAt, UpdatedAt time.Time
	Models               []Model // by purpose and name
}

// Model is one that a provider serves. It stays as it was made: vectors of
// another number of dimensions, or of passages that were shown to it
// otherwise, are those of another model.
type Model struct {
	ID, ProviderID string
	Use            embedding.Use
	Name           string // as the provider calls it
	Dimensions     int    // vectors are cut to; 0: as they come
	MaxTokens      int    // of a passage; 0: what the provider says
	QueryPrompt    string // empty: as the model was trained
	DocumentPrompt string
	Space          string // of its vectors, once a test has found out
	Default        bool   // for its use
	CreatedAt      time.Time
}

// ProviderSpec is what people say of a provider.
type ProviderSpec struct {
	Name    string
	API     API
	BaseURL string
	Key     string // a new one; empty: as it was
	DropKey bool   // there is none any more
	Active  bool
}

// ModelSpec is what people say of a model.
type ModelSpec struct {
	Use                         embedding.Use
	Name                        string
	Dimensions, MaxTokens       int
	QueryPrompt, DocumentPrompt string
}

// Limits of what people say.
const (
	maxName, maxURL, maxKey, maxPrompt = 200, 500, 4096, 4000

	maxDimensions        = 8192
	leastTokens, maxRead = 32, 131072
)

// clean gives the spec as it is stored, or the faults of its fields.
func (s ProviderSpec) clean() (ProviderSpec, error) {
	s.Name, s.Key = strings.Join(strings.Fields(s.Name), " "), strings.TrimSpace(s.Key)
	s.BaseURL = strings.TrimRight(strings.TrimSpace(s.BaseURL), "/")
	faults := map[string][]string{}
	if !nameable(s.Name) {
		faults["name"] = []string{"A name has 1 to 200 characters."}
	}
	if !slices.Contains(APIs(), s.API) {
		faults["api"] = []string{"Choose one of these."}
	}
	if fault := addressFault(s.BaseURL); fault != "" {
		faults["base_url"] = []string{fault}
	}
	odd := func(r rune) bool { return r <= ' ' || r > '~' }
	if len(s.Key) > maxKey || strings.ContainsFunc(s.Key, odd) {
		faults["key"] = []string{"A key has at most 4,096 letters, digits and signs of ASCII, without spaces."}
	}
	return s, invalid(faults)
}

func invalid(faults map[string][]string) error {
	if len(faults) == 0 {
		return nil
	}
	return &errs.Error{Kind: errs.Invalid, Fields: faults}
}

func nameable(name string) bool {
	return name != "" && utf8.RuneCountInString(name) <= maxName && !strings.ContainsFunc(name, unicode.IsControl)
}

// addressFault says what is wrong with a base URL, or nothing. Addresses of a
// machine's own link, where clouds tell secrets, are no providers.
func addressFault(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") || len(address) > maxURL:
		return "Give an http or https address, such as https://api.example.com/v1."
	case u.User != nil:
		return "Leave user and password out of the address; the key has a field of its own."
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "Nothing may follow the path, neither ? nor #."
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		if ip = ip.Unmap(); ip.IsLinkLocalUnicast() || ip.IsUnspecified() || ip.IsMulticast() {
			return "This is no address that a provider can have."
		}
	}
	return ""
}

// origin is where a key is sent: scheme, host and port.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}

// clean gives the spec as it is stored, or the faults of its fields.
func (s ModelSpec) clean(api API) (ModelSpec, error) {
	s.Name = strings.TrimSpace(s.Name)
	s.QueryPrompt, s.DocumentPrompt = prompt(s.QueryPrompt), prompt(s.DocumentPrompt)
	faults := map[string][]string{}
	if !nameable(s.Name) {
		faults["name"] = []string{"Give the model’s name as the provider has it, at most 200 characters."}
	}
	if !slices.Contains(api.Uses(), s.Use) {
		faults["use"] = []string{"The provider’s interface has no models for this."}
	}
	if s.Use != embedding.UseEmbedding {
		s.Dimensions, s.MaxTokens = 0, 0
	}
	if s.Use == embedding.UseChat {
		s.QueryPrompt, s.DocumentPrompt = "", ""
	}
	if s.Dimensions < 0 || s.Dimensions > maxDimensions {
		faults["dimensions"] = []string{"A number from 1 to 8192, or nothing."}
	}
	if s.MaxTokens != 0 && (s.MaxTokens < leastTokens || s.MaxTokens > maxRead) {
		faults["max_tokens"] = []string{"A number from 32 to 131072, or nothing."}
	}
	s.promptFaults(api, faults)
	return s, invalid(faults)
}

// promptFaults notes what is wrong with prompts.
func (s ModelSpec) promptFaults(api API, faults map[string][]string) {
	messages := s.Use == embedding.UseEmbedding && (api == VLLM || strings.Contains(strings.ToLower(s.Name), "qwen3-vl-embedding"))
	for field, text := range map[string]string{"query_prompt": s.QueryPrompt, "document_prompt": s.DocumentPrompt} {
		switch {
		case utf8.RuneCountInString(text) > maxPrompt:
			faults[field] = []string{"At most 4,000 characters."}
		case text != "" && !messages && !strings.Contains(text, "{text}"):
			faults[field] = []string{"Write {text} where the text belongs."}
		}
	}
}

// prompt is a prompt with the line ends of this program.
func prompt(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
}
