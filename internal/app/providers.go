package app

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
)

// newProviders makes the store of providers, over a store that is open.
func newProviders(c *Core) (*llmmanager.Providers, error) {
	settled := map[embedding.Use]string{}
	if c.Settings.Embedding.BaseURL != "" {
		settled[embedding.UseEmbedding] = "EMBEDDING_BASE_URL"
	}
	if c.Settings.Reranker.BaseURL != "" {
		settled[embedding.UseRerank] = "RERANKER_BASE_URL"
	}
	next := ""
	switch {
	case c.Settings.NextEmbedding.BaseURL != "":
		next = "EMBEDDING_NEXT_BASE_URL"
	case c.Settings.NextEmbedding.Model != "":
		next = "EMBEDDING_NEXT_MODEL"
	}
	return llmmanager.NewProviders(llmmanager.ProvidersOptions{
		DB: c.DB, Audit: c.Audit, EncryptionKey: c.Settings.LLM.EncryptionKey.Reveal(), Trier: remote.Trier{},
		InUse: func(ctx context.Context) (llmmanager.Spaces, error) {
			named, unnamed, err := library.SpacesInUse(ctx, c.DB)
			return llmmanager.Spaces{Named: named, Unnamed: unnamed}, err
		},
		Settled: settled, NextSettled: next, InProcess: minilm.New(minilm.Options{}).Space().ID(),
	})
}

// storedModels are the models of providers that a process uses.
type storedModels struct {
	llmmanager.Embedders

	reranker *llmmanager.Chosen
}

// readStoredModels reads them, as far as the environment leaves them a use.
func readStoredModels(ctx context.Context, providers *llmmanager.Providers) (out storedModels, err error) {
	if providers.Settled(embedding.UseEmbedding) == "" {
		if out.Embedders, err = providers.Embedders(ctx); err != nil {
			return storedModels{}, err
		}
	}
	if providers.Settled(embedding.UseRerank) == "" {
		if out.reranker, err = providers.Default(ctx, embedding.UseRerank); err != nil {
			return storedModels{}, err
		}
	}
	return out, nil
}

// running says which models this process asks, for people.
func (e *engines) running() map[embedding.Use][]string {
	out := map[embedding.Use][]string{}
	for _, o := range e.opened {
		text := o.kind
		if o.where != "" {
			text += ", " + o.where
		}
		switch o.part {
		case "embedder":
			out[embedding.UseEmbedding] = append(out[embedding.UseEmbedding], text)
		case "next embedder":
			out[embedding.UseEmbedding] = append(out[embedding.UseEmbedding], "to move to: "+text)
		case "reranker":
			out[embedding.UseRerank] = append(out[embedding.UseRerank], text)
		}
	}
	return out
}

// tell logs which of them cannot be used, and why.
func (m storedModels) tell(ctx context.Context, log *slog.Logger) {
	for _, c := range []*llmmanager.Chosen{m.Main, m.Next, m.Left, m.reranker} {
		if c != nil && c.Err != nil {
			log.WarnContext(ctx, "a model of a provider cannot be used", slog.String("provider", c.Provider), slog.String("model", c.Model.Name), slog.Any("error", c.Err))
		}
	}
}

// openStoredEmbedder makes the client of a provider's model. One that cannot
// be asked gives an embedder that says so: searches go by words then.
func (e *engines) openStoredEmbedder(p Program, part, name string, c llmmanager.Chosen) (embedding.Embedder, engine) {
	server, set := remote.ServerOf(c.Endpoint), p.Settings.Embedding
	server.Timeout, server.Concurrency, server.Settings = set.Timeout, set.Concurrency, name
	server.Recorder, server.Metrics, server.Log = p.usage, e.modelMetrics(p), p.Log
	opt := remote.EmbedderOf(server, c.Endpoint)
	opt.BatchSize = set.BatchSize
	opened := engine{part: part, kind: "provider " + c.Provider, where: c.Endpoint.BaseURL + ", " + c.Model.Name}
	client, err := remote.NewEmbedder(opt)
	if c.Err == nil {
		c.Err = err
	}
	if c.Err != nil {
		silent := &silentEmbedder{space: knownSpace(client, c.Model), err: c.Err}
		opened.ping = silent.Ping
		return silent, opened
	}
	opened.ping = client.Ping
	opened.found = func() string {
		return fmt.Sprintf("%s, space %s, passages of %d tokens", c.Endpoint.BaseURL, client.Space().ID(), client.MaxTokens())
	}
	return client, opened
}

// openStoredReranker makes the client of a provider's reranker. Searches do
// without one that cannot be asked.
func (e *engines) openStoredReranker(p Program, c llmmanager.Chosen) engine {
	opened := engine{part: "reranker", kind: "provider " + c.Provider, where: c.Endpoint.BaseURL + ", " + c.Model.Name}
	server := remote.ServerOf(c.Endpoint)
	server.Timeout, server.Settings = p.Settings.Reranker.Timeout, "RERANKER"
	server.Recorder, server.Metrics, server.Log = p.usage, e.modelMetrics(p), p.Log
	client, err := remote.NewReranker(remote.RerankerOf(server, c.Endpoint))
	if c.Err == nil {
		c.Err = err
	}
	if c.Err != nil {
		opened.ping = func(context.Context) error { return c.Err }
		return opened
	}
	e.Reranker, opened.ping = client, client.Ping
	return opened
}

// knownSpace is the space that a test of the model has found it in.
func knownSpace(client *remote.Embedder, m llmmanager.Model) embedding.Space {
	space := embedding.Space{Model: m.Name}
	if client != nil {
		space = client.Space()
	}
	dimensions, _, _ := strings.Cut(strings.TrimPrefix(m.Space, m.Name+"/"), "/")
	space.Dimensions, _ = strconv.Atoi(dimensions) // 0 where no test was made: not known
	return space
}

// silentEmbedder stands for a model that cannot be asked, in the space that
// the index is in: nobody takes the index for another model's.
type silentEmbedder struct {
	space embedding.Space
	err   error
}

func (s *silentEmbedder) Space() embedding.Space      { return s.space }
func (s *silentEmbedder) MaxTokens() int              { return 1 }
func (s *silentEmbedder) CountTokens(text string) int { return len(text) }
func (s *silentEmbedder) TakesInstructions() bool     { return false }
func (s *silentEmbedder) Ping(context.Context) error  { return s.err }

func (s *silentEmbedder) EmbedQuery(context.Context, embedding.Query) ([]float32, error) {
	return nil, s.down()
}

func (s *silentEmbedder) EmbedDocuments(context.Context, []embedding.Input) ([][]float32, error) {
	return nil, s.down()
}

// down makes jobs wait, as for a server that is down.
func (s *silentEmbedder) down() error { return fmt.Errorf("%w: %w", embedding.ErrDown, s.err) }

// checkProviders tells how the providers stand, and which models are used.
func checkProviders(ctx context.Context, c *Core) ([]Part, storedModels, error) {
	providers, err := newProviders(c)
	if err != nil {
		return nil, storedModels{}, err
	}
	all, err := providers.List(ctx)
	if err != nil {
		return nil, storedModels{}, err
	}
	stored, err := readStoredModels(ctx, providers)
	if err != nil {
		return nil, storedModels{}, err
	}
	var parts []Part
	for _, p := range all {
		part := Part{Name: "provider", Engine: p.Name, Where: p.BaseURL, About: aboutProvider(providers, p)}
		var locked error
		if p.Active {
			locked = providers.Locked(p)
		}
		parts = append(parts, outcome(part, locked))
	}
	return parts, stored, nil
}

// aboutProvider says what a provider's models are used for.
func aboutProvider(providers *llmmanager.Providers, p llmmanager.Provider) string {
	said := []string{p.Name, strconv.Itoa(len(p.Models)) + " models"}
	if !p.Active {
		said = append(said, "switched off")
	}
	for _, m := range p.Models {
		if !m.Default {
			continue
		}
		text := fmt.Sprintf("%s by default %s", m.Use, m.Name)
		if variable := providers.Settled(m.Use); variable != "" {
			text += ", but " + variable + " is set and wins"
		}
		said = append(said, text)
	}
	return strings.Join(said, "; ")
}
