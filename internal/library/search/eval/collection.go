// Package eval measures whether search is good: it indexes a collection of
// documents whose right answers are known, asks its questions, and says how
// near the top the right answers came.
//
// It reads collections in the BEIR layout and ships none.
package eval

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// byteOrderMark is what some editors put before a file's text.
const byteOrderMark = "\ufeff"

// errNotOfKind ends what is said of a value of the wrong kind.
var errNotOfKind = errors.New("_id, title and text are texts in quotes")

// Document is one of a collection.
type Document struct {
	ID    string `json:"_id"`
	Title string `json:"title"`
	Text  string `json:"text"`
}

// Query is a question and what answers it.
type Query struct {
	ID       string         `json:"_id"`
	Text     string         `json:"text"`
	Relevant map[string]int `json:"-"` // grade, above 0, by document id
}

// Collection is a set of documents and of questions to them.
type Collection struct {
	Name      string
	Documents []Document
	Queries   []Query // those with at least one relevant document
}

// Load reads a folder with corpus.jsonl (or .gz), queries.jsonl (or .gz) and
// qrels.tsv: query, document and grade with a header line.
func Load(dir string) (Collection, error) {
	c, err := LoadQuestions(dir)
	if err != nil {
		return c, err
	}
	if c.Documents, err = readLines[Document](dir, "corpus.jsonl"); err != nil {
		return c, err
	}
	if len(c.Documents) == 0 {
		return c, fmt.Errorf("%s holds no documents", dir)
	}
	there := make(map[string]bool, len(c.Documents))
	for _, d := range c.Documents {
		if d.ID == "" || there[d.ID] {
			return c, fmt.Errorf("corpus.jsonl: the _id %q is empty or stands there twice", d.ID)
		}
		there[d.ID] = true
	}
	return c, nil
}

// LoadQuestions reads a folder's questions and judgements without its
// documents.
func LoadQuestions(dir string) (Collection, error) {
	c := Collection{Name: filepath.Base(dir)}
	queries, err := readLines[Query](dir, "queries.jsonl")
	if err != nil {
		return c, err
	}
	relevant, err := readJudgements(filepath.Join(dir, "qrels.tsv"))
	if err != nil {
		return c, err
	}
	asked := make(map[string]bool, len(queries))
	for _, q := range queries {
		if q.ID == "" || asked[q.ID] {
			return c, fmt.Errorf("queries.jsonl: the _id %q is empty or stands there twice", q.ID)
		}
		asked[q.ID] = true
		if q.Relevant = relevant[q.ID]; len(q.Relevant) > 0 && strings.TrimSpace(q.Text) != "" {
			c.Queries = append(c.Queries, q)
		}
	}
	if len(c.Queries) == 0 {
		return c, fmt.Errorf("%s holds no question with a relevant document in qrels.tsv", dir)
	}
	return c, nil
}

func readLines[T any](dir, name string) (out []T, err error) {
	path, unpack := filepath.Join(dir, name), false
	f, err := os.Open(path) //nolint:gosec // the operator names the collection
	if errors.Is(err, os.ErrNotExist) {
		unpack = true
		f, err = os.Open(path + ".gz") //nolint:gosec // as above
	}
	if err != nil {
		return nil, fmt.Errorf("open the collection: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var in io.Reader = bufio.NewReader(f)
	if unpack {
		if in, err = gzip.NewReader(in); err != nil {
			return nil, fmt.Errorf("unpack %s: %w", name, err)
		}
	}
	lines := bufio.NewReader(in)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte(byteOrderMark))
		}
		if text := bytes.TrimSpace(line); len(text) > 0 {
			var v T
			if err := json.Unmarshal(text, &v); err != nil {
				return nil, fmt.Errorf("%s, line %d: %w", name, n, inWords(err))
			}
			out = append(out, v)
		}
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s, line %d: %w", name, n, err)
		}
	}
}

// inWords says of a line what a person can mend.
func inWords(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if wrong.Field == "" {
			return fmt.Errorf("want an object, found %s: %w", wrong.Value, errNotOfKind)
		}
		return fmt.Errorf("%q is a %s: %w", wrong.Field, wrong.Value, errNotOfKind)
	}
	return err
}

func readJudgements(path string) (map[string]map[string]int, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the collection
	if err != nil {
		return nil, fmt.Errorf("open the judgements: %w", err)
	}
	out := map[string]map[string]int{}
	for n, line := range slices.Collect(strings.Lines(strings.TrimPrefix(string(data), byteOrderMark))) {
		cells := strings.Split(strings.TrimSpace(line), "\t")
		if n == 0 && headed(cells) || cells[0] == "" {
			continue
		}
		if n == 0 {
			return nil, fmt.Errorf("%s, line 1: want a header such as query-id, corpus-id and score with tabs between them, found a judgement", path)
		}
		if len(cells) != 3 {
			return nil, fmt.Errorf("%s, line %d: want a question's id, a document's id and a grade with tabs between them, found %d cells", path, n+1, len(cells))
		}
		grade, err := strconv.Atoi(cells[2])
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: the grade %q is no whole number", path, n+1, cells[2])
		}
		if grade <= 0 {
			continue
		}
		if out[cells[0]] == nil {
			out[cells[0]] = map[string]int{}
		}
		out[cells[0]][cells[1]] = grade
	}
	return out, nil
}

// headed tells a header line from a judgement, which would be lost as one.
func headed(cells []string) bool {
	_, err := strconv.Atoi(cells[len(cells)-1])
	return len(cells) != 3 || err != nil
}
