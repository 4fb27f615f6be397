package eval_test

import (
	"compress/gzip"
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library/search/eval"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	relevant := map[string]int{"a": 3, "b": 1, "c": 1}
	log2 := math.Log2
	ideal := 3 + 1/log2(3) + 1/log2(4)
	for name, c := range map[string]struct {
		found []string
		want  eval.Quality
	}{
		"best":         {[]string{"a", "b", "c"}, eval.Quality{NDCG10: 1, Recall100: 1, MRR10: 1}},
		"nothing":      {nil, eval.Quality{}},
		"third place":  {[]string{"x", "y", "a"}, eval.Quality{NDCG10: 3 / log2(4) / ideal, Recall100: 1. / 3, MRR10: 1. / 3}},
		"beyond ten":   {append(make([]string, 10), "a"), eval.Quality{Recall100: 1. / 3}},
		"beyond a 100": {append(make([]string, 100), "a"), eval.Quality{}},
	} {
		got := eval.Judge(c.found, relevant)
		for _, d := range []float64{got.NDCG10 - c.want.NDCG10, got.Recall100 - c.want.Recall100, got.MRR10 - c.want.MRR10} {
			if math.Abs(d) > 1e-12 {
				t.Errorf("%s: %+v, want %+v", name, got, c.want)
			}
		}
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	times := []time.Duration{4, 1, 3, 2}
	for p, want := range map[float64]time.Duration{0: 1, .25: 1, .5: 2, .95: 4, 1: 4} {
		if got := eval.Percentile(times, p); got != want {
			t.Errorf("Percentile(%v) = %v, want %v", p, got, want)
		}
	}
}

// write makes a collection of three documents and two questions, one of which
// was not judged.
func write(t *testing.T, packed bool) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tiny")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	corpus := `{"_id":"d1","title":"Fruit","text":"apple pie"}` + "\n" + `{"_id":"d2","title":"","text":"a fast car"}` + "\n" +
		`{"_id":"d3","title":"","text":"a slow boat"}` + "\n"
	files := map[string]string{
		"queries.jsonl": `{"_id":"q1","text":"apple"}` + "\n" + `{"_id":"q2","text":"unjudged"}` + "\n",
		"qrels.tsv":     "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n",
	}
	if !packed {
		files["corpus.jsonl"] = corpus
	} else {
		var b strings.Builder
		z := gzip.NewWriter(&b)
		if _, err := z.Write([]byte(corpus)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		files["corpus.jsonl.gz"] = b.String()
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func overwrite(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// first embeds a text as its first letter.
type first struct{}

func (first) Space() embedding.Space     { return embedding.Space{Model: "first", Dimensions: 26} }
func (first) MaxTokens() int             { return 1 }
func (first) CountTokens(string) int     { return 1 }
func (first) Ping(context.Context) error { return nil }

func (f first) EmbedDocuments(ctx context.Context, in []embedding.Input) ([][]float32, error) {
	out := make([][]float32, len(in))
	for i, x := range in {
		out[i], _ = f.EmbedQuery(ctx, embedding.Query{Text: x.Text})
	}
	return out, nil
}

func (first) TakesInstructions() bool { return false }

func (first) EmbedQuery(_ context.Context, query embedding.Query) ([]float32, error) {
	q := query.Text
	v := make([]float32, 26)
	v[q[0]-'a'] = 1
	return v, nil
}

func TestACollectionIsIndexedAskedAndTakenAway(t *testing.T) {
	t.Parallel()
	for _, packed := range []bool{false, true} {
		c, err := eval.Load(write(t, packed))
		if err != nil {
			t.Fatal(err)
		}
		if c.Name != "tiny" || len(c.Documents) != 3 || len(c.Queries) != 1 || len(c.Queries[0].Relevant) != 1 {
			t.Fatalf("%+v", c)
		}
		dir := t.TempDir()
		g, err := sqlitegraph.Open(dir, sqlitegraph.Options{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := eval.Run(t.Context(), c, eval.Options{Graph: g, Embedder: first{}})
		if err != nil {
			t.Fatal(err)
		}
		if r.FullText.NDCG10 != 1 || r.Weighted.NDCG10 != 1 || r.Vector.Recall100 != 1 || r.Documents != 3 {
			t.Errorf("%+v", r)
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
		var b strings.Builder
		if err := eval.WriteTable(&b, []eval.Report{r, r}); err != nil || strings.Count(b.String(), "\n") != 5 {
			t.Errorf("%v\n%s", err, b.String())
		}
	}
}

func TestACollectionThatIsNoneIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := eval.Load(t.TempDir()); err == nil {
		t.Error("an empty folder was loaded")
	}
	dir := write(t, false)
	if err := os.WriteFile(filepath.Join(dir, "qrels.tsv"), []byte("h\nq1\td1\tgood\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := eval.Load(dir); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("the error is %v", err)
	}
}
