package gold

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteBEIR writes questions in the layout of BEIR, as a ZIP file with
// queries.jsonl and qrels.tsv. Documents are named by their uid.
func WriteBEIR(w io.Writer, questions []Question) error {
	out := zip.NewWriter(w)
	queries, err := out.Create("queries.jsonl")
	if err != nil {
		return fmt.Errorf("begin queries.jsonl: %w", err)
	}
	lines := json.NewEncoder(queries)
	lines.SetEscapeHTML(false)
	for _, q := range questions {
		if err := lines.Encode(map[string]string{"_id": q.ID, "text": q.Text}); err != nil {
			return fmt.Errorf("write queries.jsonl: %w", err)
		}
	}
	qrels, err := out.Create("qrels.tsv")
	if err != nil {
		return fmt.Errorf("begin qrels.tsv: %w", err)
	}
	if _, err := io.WriteString(qrels, judgementLines(questions)); err != nil {
		return fmt.Errorf("write qrels.tsv: %w", err)
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("end the file of questions: %w", err)
	}
	return nil
}

// judgementLines has a line a document, with the grade of its best passage.
func judgementLines(questions []Question) string {
	var b strings.Builder
	b.WriteString("query-id\tcorpus-id\tscore\n")
	for _, q := range questions {
		best, order := map[string]int{}, []string{}
		for _, j := range q.Judgements {
			if _, known := best[j.ItemUID]; !known {
				order = append(order, j.ItemUID)
			}
			best[j.ItemUID] = max(best[j.ItemUID], j.Grade)
		}
		for _, item := range order {
			fmt.Fprintf(&b, "%s\t%s\t%d\n", q.ID, item, best[item])
		}
	}
	return b.String()
}
