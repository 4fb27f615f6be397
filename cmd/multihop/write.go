package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// write writes the collection in the BEIR layout. The passage that the
// question names has grade 1, the one that answers it grade 2.
func write(dir string, l *catalog, questions []question) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	var corpus, queries, qrels bytes.Buffer
	for _, s := range l.passages {
		if err := line(&corpus, map[string]string{"_id": s.id, "title": s.title, "text": s.text()}); err != nil {
			return err
		}
	}
	qrels.WriteString("query-id\tcorpus-id\tscore\n")
	for i, q := range questions {
		id := fmt.Sprintf("%s-%03d", q.template, i)
		if err := line(&queries, map[string]string{"_id": id, "text": q.text}); err != nil {
			return err
		}
		fmt.Fprintf(&qrels, "%s\t%s\t1\n%s\t%s\t2\n", id, q.first.id, id, q.second.id)
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(corpus.Bytes()); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	for name, content := range map[string][]byte{"corpus.jsonl.gz": packed.Bytes(), "queries.jsonl": queries.Bytes(), "qrels.tsv": qrels.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// line writes a JSON object, its keys sorted, and a line end.
func line(b *bytes.Buffer, v map[string]string) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
