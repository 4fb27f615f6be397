package wordpiece_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/embedding/minilm/wordpiece"
)

func bert(t testing.TB) *wordpiece.Tokenizer {
	t.Helper()
	vocabulary, err := os.ReadFile("../model/vocab.txt")
	if err != nil {
		t.Fatal(err)
	}
	tokenizer, err := wordpiece.New(string(vocabulary))
	if err != nil {
		t.Fatal(err)
	}
	return tokenizer
}

func TestTokensAreThePythonTokenizers(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("../testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var references []struct {
		Text   string
		Repeat int
		IDs    []int32
	}
	if err := json.Unmarshal(file, &references); err != nil {
		t.Fatal(err)
	}
	tokenizer := bert(t)
	for _, ref := range references {
		text := strings.Repeat(ref.Text, ref.Repeat)
		got := tokenizer.Append(nil, text, len(text))
		if !slices.Equal(got, ref.IDs) {
			t.Errorf("%.60q x %d:\n got %v\nwant %v", ref.Text, ref.Repeat, got, ref.IDs)
		}
		if n := tokenizer.Count(text); n != len(ref.IDs) {
			t.Errorf("%.60q x %d: counted %d, want %d", ref.Text, ref.Repeat, n, len(ref.IDs))
		}
	}
}

func TestAppendStopsAtTheLimit(t *testing.T) {
	t.Parallel()
	tokenizer := bert(t)
	const text = "unaffable embeddings of überflüssige words"
	all := tokenizer.Append(nil, text, len(text))
	for limit := range len(all) + 2 {
		got := tokenizer.Append([]int32{7}, text, limit)
		if want := append([]int32{7}, all[:min(limit, len(all))]...); !slices.Equal(got, want) {
			t.Errorf("limit %d: got %v, want %v", limit, got, want)
		}
	}
}

func TestBrokenUTF8IsLeftOut(t *testing.T) {
	t.Parallel()
	tokenizer := bert(t)
	got, want := tokenizer.Append(nil, "hel\xfflo \xe2\x82", 9), tokenizer.Append(nil, "hello", 9)
	if !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

//nolint:paralleltest // AllocsPerRun counts what every running test allocates
func TestCountDoesNotAllocate(t *testing.T) {
	tokenizer := bert(t)
	const text = "Plain, accented Größe, 東京, 한국어 and unaffable."
	if n := testing.AllocsPerRun(10, func() { tokenizer.Count(text) }); n != 0 {
		t.Fatalf("Count allocates %v times", n)
	}
}

func TestAVocabularyWithoutSpecialTokensIsRefused(t *testing.T) {
	t.Parallel()
	_, err := wordpiece.New("[UNK]\n[CLS]\na\n")
	if err == nil || !strings.Contains(err.Error(), "[SEP]") {
		t.Fatalf("New gave the error %v, want one that names [SEP]", err)
	}
}

func FuzzAppend(f *testing.F) {
	tokenizer := bert(f)
	f.Add("Ein Größe \x00 각 Ŀ 東京", 5)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = max(0, min(limit, 300))
		count := tokenizer.Count(text)
		if got := len(tokenizer.Append(nil, text, limit)); got != min(limit, count) {
			t.Fatalf("%d tokens with limit %d, counted %d", got, limit, count)
		}
	})
}
