package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote"
	"git.helu.ca/r/mnemosyne/internal/settings"
)

// modelMetrics are shared by all clients of models.
func (e *engines) modelMetrics(p Program) *remote.Metrics {
	if e.models == nil {
		e.models = remote.NewMetrics(p.Registry)
	}
	return e.models
}

// openRemoteEmbedder makes the client of an embedder that variables beginning
// with a name describe.
func (e *engines) openRemoteEmbedder(p Program, part, name string, set settings.Embedding) (*remote.Embedder, engine, error) {
	client, err := remote.NewEmbedder(remote.EmbedderOptions{
		Server: remote.Server{
			BaseURL: set.BaseURL, Model: set.Model, APIKey: set.APIKey.Reveal(), Timeout: set.Timeout, Concurrency: set.Concurrency,
			Settings: name, Recorder: p.usage, Metrics: e.modelMetrics(p), Log: p.Log,
		},
		API: remote.API(set.API), Dimensions: set.Dimensions, BatchSize: set.BatchSize, MaxTokens: set.MaxTokens,
		Prompts: remote.Prompts{Query: set.QueryPrompt, Document: set.DocumentPrompt},
	})
	if err != nil {
		return nil, engine{}, err
	}
	return client, engine{
		part: part, kind: "HTTP, " + string(client.API()), where: set.BaseURL + ", " + set.Model, ping: client.Ping, dear: true,
		found: func() string {
			return fmt.Sprintf("%s, space %s, passages of %d tokens", set.BaseURL, client.Space().ID(), client.MaxTokens())
		},
	}, nil
}

// openNextEmbedder opens the embedder that libraries are moved to, if there is
// one.
func (e *engines) openNextEmbedder(p Program, _ string) (engine, error) {
	const part = "next embedder"
	set, now := p.Settings.NextEmbedding, p.Settings.Embedding
	set.BatchSize, set.Concurrency, set.Timeout = now.BatchSize, now.Concurrency, now.Timeout
	inProcess := minilm.New(minilm.Options{})
	switch {
	case set.BaseURL != "":
		client, opened, err := e.openRemoteEmbedder(p, part, "EMBEDDING_NEXT", set)
		if err == nil {
			e.NextEmbedder = client
		}
		return opened, err
	case set.Model == "" && p.stored.Next != nil:
		client, opened := e.openStoredEmbedder(p, part, "EMBEDDING_NEXT", *p.stored.Next)
		e.NextEmbedder = client
		return opened, nil
	case set.Model == "":
		return engine{}, nil
	case set.Model != inProcess.Space().Model:
		return engine{}, fmt.Errorf("EMBEDDING_NEXT_MODEL is %s: set EMBEDDING_NEXT_BASE_URL to the server that has it", set.Model)
	}
	e.NextEmbedder = embedding.Recorded(inProcess, embedding.InProcess, p.usage)
	return engine{part: part, kind: "in process", where: inProcess.Space().ID(), ping: inProcess.Ping}, nil
}

func (e *engines) openReranker(p Program, _ string) (engine, error) {
	set := p.Settings.Reranker
	if set.BaseURL == "" && p.stored.reranker != nil {
		return e.openStoredReranker(p, *p.stored.reranker), nil
	}
	if set.BaseURL == "" {
		return engine{part: "reranker", kind: "none"}, nil
	}
	client, err := remote.NewReranker(remote.RerankerOptions{
		Server: remote.Server{
			BaseURL: set.BaseURL, Model: set.Model, APIKey: set.APIKey.Reveal(), Timeout: set.Timeout,
			Settings: "RERANKER", Recorder: p.usage, Metrics: e.modelMetrics(p), Log: p.Log,
		},
		API: remote.API(set.API), Prompts: remote.Prompts{Query: set.QueryPrompt, Document: set.DocumentPrompt},
	})
	if err != nil {
		return engine{}, err
	}
	e.Reranker = client
	return engine{part: "reranker", kind: "HTTP, " + string(client.API()), where: set.BaseURL + ", " + client.Model(), ping: client.Ping, dear: true}, nil
}

// spacePart is the name of what checkSpace finds.
const spacePart = "embedding space"

// checkSpace compares the embedder's space with those that the index is in.
// asked is false where there is nothing to compare.
func (e *engines) checkSpace(ctx context.Context) (_ Part, asked bool) {
	var ours []string
	for _, m := range []embedding.Embedder{e.Embedder, e.NextEmbedder} {
		if m != nil && m.Space().Dimensions > 0 {
			ours = append(ours, m.Space().ID())
		}
	}
	if len(ours) == 0 {
		return Part{}, false // the embedder's own part says why
	}
	part := Part{Name: spacePart, Engine: "index", Where: strings.Join(ours, ", ")}
	libraries, err := e.Graph.Libraries(ctx)
	if err != nil {
		return Part{}, false // the graph's own part says why
	}
	spaces, err := e.Graph.Spaces(ctx, libraries)
	if len(spaces) == 0 {
		return Part{}, false
	}
	known := func(space string) bool { return slices.Contains(ours, space) }
	if err == nil && !slices.ContainsFunc(spaces, known) {
		err = fmt.Errorf("the index is in the embedding space %s and the embedder gives %s; set the embedder that the index was made with, or move the index with `mnemosyne reembed`",
			strings.Join(spaces, ", "), part.Where)
	}
	return outcome(part, err), true
}

// greetModels asks the servers with models for a sign of life when the process
// starts, so that what is wrong is in the log before the first search. It
// holds up nothing.
func (s *Services) greetModels(ctx context.Context) error {
	if _, err := embedding.KnownSpace(ctx, s.Embedder); err != nil && ctx.Err() == nil {
		s.Log.WarnContext(ctx, "the embedder does not answer; searches go by words until it does", slog.Any("error", err))
	}
	if space, asked := s.checkSpace(ctx); asked && !space.OK {
		s.Log.ErrorContext(ctx, "searches are refused", slog.String("error", space.Mend))
	}
	if s.Reranker != nil {
		if err := s.Reranker.Ping(ctx); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "the reranker does not answer; hits come in the order of the legs until it does", slog.Any("error", err))
		}
	}
	<-ctx.Done()
	return nil
}
