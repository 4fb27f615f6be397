package remote

import (
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/embedding"
)

// ServerOf is where a provider's model is. Batches, waits and accounts are
// for the caller to add.
func ServerOf(e embedding.Endpoint) Server {
	return Server{BaseURL: e.BaseURL, Model: e.Model, APIKey: e.APIKey, Provider: e.Provider}
}

// EmbedderOf is how a provider's model is asked for vectors.
func EmbedderOf(s Server, e embedding.Endpoint) EmbedderOptions {
	api := API(e.API)
	if api == OpenAI {
		api = "" // what suits the model by its name
	}
	return EmbedderOptions{
		Server: s, API: api, Dimensions: e.Dimensions, MaxTokens: e.MaxTokens,
		Prompts: Prompts{Query: e.QueryPrompt, Document: e.DocumentPrompt},
	}
}

// RerankerOf is how a provider's model is asked for scores.
func RerankerOf(s Server, e embedding.Endpoint) RerankerOptions {
	api := Cohere
	if API(e.API) == TEI {
		api = TEI
	}
	return RerankerOptions{Server: s, API: api, Prompts: Prompts{Query: e.QueryPrompt, Document: e.DocumentPrompt}}
}

// errNoChat says that a shape has no chat.
func errNoChat(e embedding.Endpoint) error {
	return fmt.Errorf("the interface %s has no chat", e.API)
}
