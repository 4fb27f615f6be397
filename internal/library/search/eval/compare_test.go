package eval_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/search/eval"
)

func scores(values ...float64) []eval.Quality {
	out := make([]eval.Quality, len(values))
	for i, v := range values {
		out[i].NDCG10 = v
	}
	return out
}

func TestAComparisonTellsChanceFromDifference(t *testing.T) {
	t.Parallel()
	low := scores(.1, .2, .3, .4, .1, .2, .3, .4, .1, .2)
	high := scores(.5, .6, .8, .9, .5, .6, .8, .9, .5, .6)
	for name, c := range map[string]struct {
		first, second []eval.Quality
		worse         bool
		least, most   float64 // of p
	}{
		"worse":      {high, low, true, 0, .01},
		"better":     {low, high, false, 0, .01},
		"the same":   {low, low, false, 1, 1},
		"one of two": {scores(1, 0), scores(0, 0), false, .9, 1},
		"nothing":    {nil, nil, false, 1, 1},
	} {
		got := eval.Compare(c.first, c.second, eval.Seed)
		if got.Worse() != c.worse || got.P < c.least || got.P > c.most || got != eval.Compare(c.first, c.second, eval.Seed) {
			t.Errorf("%s: %+v", name, got)
		}
		if got.Low > got.Difference || got.High < got.Difference {
			t.Errorf("%s: the difference is not within its interval: %+v", name, got)
		}
	}
	if got := eval.Compare(high, low, eval.Seed); math.Abs(got.Difference+.44) > 1e-9 {
		t.Errorf("the difference is %v", got.Difference)
	}
}

func TestADocumentCountsOnceWhateverItIsCalled(t *testing.T) {
	t.Parallel()
	queries := []eval.Query{{ID: "q", Text: "?", Relevant: map[string]int{"a.txt": 1}}}
	run, err := eval.Ask(t.Context(), queries, func(context.Context, string) (eval.Answer, error) {
		return eval.Answer{Documents: [][]string{{"1", "b.txt"}, {"1", "b.txt"}, {"2", "a.txt"}, {"2", "a.txt"}}, Took: time.Second, Degraded: true}, nil
	}, nil)
	if err != nil || run.Mean.MRR10 != .5 || run.Mean.Recall100 != 1 || run.Degraded != 1 || run.Times.P50 != time.Second {
		t.Errorf("%+v, %v", run, err)
	}
}

func TestMarksOfEditorsAreNoPartOfASet(t *testing.T) {
	t.Parallel()
	dir := write(t, false)
	overwrite(t, dir, "queries.jsonl", "\ufeff{\"_id\":\"q1\",\"text\":\"apple\"}\r\n")
	overwrite(t, dir, "qrels.tsv", "\ufeffquery-id\tcorpus-id\tscore\r\nq1\td1\t1\r\n")
	got, err := eval.Load(dir)
	if err != nil || len(got.Queries) != 1 || got.Queries[0].Relevant["d1"] != 1 {
		t.Errorf("%+v, %v", got.Queries, err)
	}
}

func TestAMalformedLineIsNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, text, want string }{
		"question":       {"queries.jsonl", "{\"_id\":\"q1\",\"text\":\"apple\"}\n\n{oops}\n", "queries.jsonl, line 3"},
		"judgement":      {"qrels.tsv", "query-id\tcorpus-id\tscore\nq1\td1\n", "line 2: want a question's id"},
		"grade":          {"qrels.tsv", "query-id\tcorpus-id\tscore\nq1\td1\tgood\n", "line 2: the grade \"good\""},
		"nothing judged": {"qrels.tsv", "query-id\tcorpus-id\tscore\n", "no question with a relevant document"},
		"no text":        {"queries.jsonl", "{\"_id\":7,\"text\":\"apple\"}\n", "line 1: \"_id\" is a number"},
		"no object":      {"queries.jsonl", "[]\n", "line 1: want an object"},
		"asked twice":    {"queries.jsonl", "{\"_id\":\"q1\",\"text\":\"a\"}\n{\"_id\":\"q1\",\"text\":\"b\"}\n", "\"q1\" is empty or stands there twice"},
		"no header":      {"qrels.tsv", "q1\td1\t1\nq2\td2\t1\n", "line 1: want a header"},
		"twice":          {"corpus.jsonl", "{\"_id\":\"d1\"}\n{\"_id\":\"d1\"}\n", "stands there twice"},
	} {
		dir := write(t, false)
		overwrite(t, dir, c.file, c.text)
		if _, err := eval.Load(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
