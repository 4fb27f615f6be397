package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

// Trier is an embedding.Trier: it makes one real call, as searches and
// documents do, and keeps nothing.
type Trier struct {
	// Timeout is the longest that a trial takes; 15 s when 0.
	Timeout time.Duration
	// Recorder keeps account of the calls; nil: nobody does.
	Recorder embedding.Recorder
}

var _ embedding.Trier = Trier{}

// What is asked.
const (
	trialSentence = "The owl of Athena spreads its wings only with the falling of the dusk."
	trialQuery    = "When does the owl fly?"
	trialOther    = "Bread is baked from flour, water and salt."
)

// Try asks a model once. Its error is an *errs.Error that says what is wrong.
func (t Trier) Try(ctx context.Context, e embedding.Endpoint) (embedding.Trial, error) {
	if t.Timeout == 0 {
		t.Timeout = 15 * time.Second
	}
	timed, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	server := ServerOf(e)
	server.Timeout, server.Recorder = t.Timeout, t.Recorder
	began := time.Now()
	var trial embedding.Trial
	var err error
	switch e.Use {
	case embedding.UseEmbedding:
		trial, err = tryEmbedder(timed, EmbedderOf(server, e))
	case embedding.UseRerank:
		trial, err = tryReranker(timed, RerankerOf(server, e))
	case embedding.UseChat:
		trial, err = tryChat(timed, server, e)
	default:
		err = fmt.Errorf("there is no trial for %s", e.Use)
	}
	trial.Took = time.Since(began)
	return trial, t.plain(ctx, err)
}

// plain makes an error of a trial one that may be shown.
func (t Trier) plain(ctx context.Context, err error) error {
	switch f := faultOf(err); {
	case err == nil || ctx.Err() != nil:
		return err
	case f != nil:
		return errs.Wrap(errs.Unavailable, err, f.message)
	case errors.Is(err, context.DeadlineExceeded):
		return errs.Wrap(errs.Unavailable, err, fmt.Sprintf("no answer came within %s", t.Timeout))
	}
	return errs.Wrap(errs.Unavailable, err, err.Error()) // of ours: a setting that cannot be
}

func tryEmbedder(ctx context.Context, opt EmbedderOptions) (embedding.Trial, error) {
	e, err := NewEmbedder(opt)
	if err != nil {
		return embedding.Trial{}, err
	}
	if _, err := embedding.KnownSpace(ctx, e); err != nil {
		return embedding.Trial{}, err
	}
	vectors, err := e.EmbedDocuments(ctx, []embedding.Input{{Text: trialSentence}})
	if err != nil {
		return embedding.Trial{}, err
	}
	return embedding.Trial{
		Space: e.Space(), Says: fmt.Sprintf("embedded a sentence: %d dimensions, passages of up to %d tokens", len(vectors[0]), e.MaxTokens()),
	}, nil
}

func tryReranker(ctx context.Context, opt RerankerOptions) (embedding.Trial, error) {
	r, err := NewReranker(opt)
	if err != nil {
		return embedding.Trial{}, err
	}
	scores, err := r.Rerank(ctx, embedding.Query{Text: trialQuery}, []string{trialSentence, trialOther})
	if err != nil {
		return embedding.Trial{}, err
	}
	right, r1 := scores[0]
	wrong, r2 := scores[1]
	if !r1 || !r2 {
		return embedding.Trial{}, errors.New("it gave no score to one of two passages")
	}
	says := fmt.Sprintf("reranked two passages: %.2f for the one that answers, %.2f for the other", right, wrong)
	if right <= wrong {
		says += ", which is the wrong way round: is it a reranker?"
	}
	return embedding.Trial{Says: says}, nil
}

type chatRequest struct {
	Model               string     `json:"model"`
	Messages            []chatLine `json:"messages"`
	MaxTokens           int        `json:"max_tokens,omitempty"`
	MaxCompletionTokens int        `json:"max_completion_tokens,omitempty"`
}

type chatLine struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// chatTokens are asked for at first, and many where a model thinks before it
// says a word and counts its thoughts.
const chatTokens, chatThoughts = 1, 512

// tryChat asks for one token. Newer models of OpenAI call the limit by another
// name, and then refuse the old one.
func tryChat(ctx context.Context, server Server, e embedding.Endpoint) (embedding.Trial, error) {
	if API(e.API) == TEI {
		return embedding.Trial{}, errNoChat(e)
	}
	c, err := newClient(server.withDefaults("CHAT"))
	if err != nil {
		return embedding.Trial{}, err
	}
	request := chatRequest{Model: e.Model, Messages: []chatLine{{Role: "user", Content: "Say yes."}}, MaxTokens: chatTokens}
	const limit = 1 << 20
	body, err := c.exchange(ctx, c.versionedURL("chat/completions"), request, limit, nil)
	if f := faultOf(err); f != nil && f.kind == refused && f.says("max_completion_tokens", "max_tokens") {
		request.MaxTokens, request.MaxCompletionTokens = 0, chatThoughts
		body, err = c.exchange(ctx, c.versionedURL("chat/completions"), request, limit, nil)
	}
	if err != nil {
		return embedding.Trial{}, err
	}
	var answer struct {
		Model   string `json:"model"`
		Choices []struct {
			Message struct {
				Role string `json:"role"`
			} `json:"message"`
		} `json:"choices"`
	}
	if json.Unmarshal(body, &answer) != nil || len(answer.Choices) == 0 {
		return embedding.Trial{}, c.garble("the answer holds no message; see %s", c.setting(baseURLSetting))
	}
	return embedding.Trial{Says: "answered a message"}, nil
}
