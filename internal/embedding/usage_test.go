package embedding_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/embedding"
)

var errModel = errors.New("model is down")

// wordsModel counts words as tokens and reads four of them.
type wordsModel struct{ err error }

func (wordsModel) Space() embedding.Space      { return embedding.Space{Model: "words", Dimensions: 1} }
func (wordsModel) MaxTokens() int              { return 4 }
func (wordsModel) CountTokens(text string) int { return len(strings.Fields(text)) }
func (m wordsModel) Ping(context.Context) error {
	return m.err
}

func (wordsModel) TakesInstructions() bool { return false }

func (m wordsModel) EmbedQuery(context.Context, embedding.Query) ([]float32, error) {
	return []float32{1}, m.err
}

func (m wordsModel) EmbedDocuments(_ context.Context, inputs []embedding.Input) ([][]float32, error) {
	return make([][]float32, len(inputs)), m.err
}

type account struct {
	users []string
	calls []embedding.Usage
}

func (a *account) RecordUsage(ctx context.Context, u embedding.Usage) {
	a.users = append(a.users, embedding.UserOf(ctx))
	u.Took = 0
	a.calls = append(a.calls, u)
}

func TestCallsOfAModelAreRecordedWithTheirUserAndTheTokensItReads(t *testing.T) {
	t.Parallel()
	var a account
	e := embedding.Recorded(wordsModel{}, embedding.InProcess, &a)
	if _, err := e.EmbedQuery(embedding.ForUser(t.Context(), "u1"), embedding.Query{Text: "three words here"}); err != nil {
		t.Fatal(err)
	}
	inputs := []embedding.Input{{Context: "a title", Text: "one"}, {Text: "more words than are read"}}
	if _, err := e.EmbedDocuments(t.Context(), inputs); err != nil {
		t.Fatal(err)
	}
	want := []embedding.Usage{
		{Purpose: embedding.PurposeQuery, Provider: "in_process", Model: "words", Tokens: 3, Items: 1},
		{Purpose: embedding.PurposeDocuments, Provider: "in_process", Model: "words", Tokens: 3 + 4, Items: 2},
	}
	if len(a.calls) != 2 || a.calls[0] != want[0] || a.calls[1] != want[1] {
		t.Errorf("recorded %+v, want %+v", a.calls, want)
	}
	if a.users[0] != "u1" || a.users[1] != "" {
		t.Errorf("users %q", a.users)
	}
}

func TestACallThatFailedIsNoUsage(t *testing.T) {
	t.Parallel()
	var a account
	e := embedding.Recorded(wordsModel{err: errModel}, embedding.InProcess, &a)
	if _, err := e.EmbedQuery(t.Context(), embedding.Query{Text: "q"}); !errors.Is(err, errModel) {
		t.Errorf("EmbedQuery gave %v", err)
	}
	if _, err := e.EmbedDocuments(t.Context(), make([]embedding.Input, 2)); !errors.Is(err, errModel) {
		t.Errorf("EmbedDocuments gave %v", err)
	}
	if len(a.calls) != 0 {
		t.Errorf("recorded %+v", a.calls)
	}
}

func TestWithoutARecorderAnEmbedderStaysAsItIs(t *testing.T) {
	t.Parallel()
	if e := embedding.Recorded(wordsModel{}, "x", nil); e != (wordsModel{}) {
		t.Errorf("it became %T", e)
	}
}
