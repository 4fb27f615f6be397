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
	for _, q := range queries {
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
		if text := bytes.TrimSpace(line); len(text) > 0 {
			var v T
			if err := json.Unmarshal(text, &v); err != nil {
				return nil, fmt.Errorf("%s, line %d: %w", name, n, err)
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

func readJudgements(path string) (map[string]map[string]int, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the collection
	if err != nil {
		return nil, fmt.Errorf("open the judgements: %w", err)
	}
	out := map[string]map[string]int{}
	for n, line := range slices.Collect(strings.Lines(string(data))) {
		cells := strings.Split(strings.TrimSpace(line), "\t")
		if n == 0 || cells[0] == "" {
			continue
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
