package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// goldSet writes a collection of three documents and two questions.
func goldSet(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"corpus.jsonl": `{"_id":"otters","title":"Otters","text":"Otters hold hands when they sleep."}
{"_id":"bears","title":"Bears","text":"Bears sleep alone in winter."}
{"_id":"boats","title":"","text":"A boat is moved by sails or by an engine."}
`,
		"queries.jsonl": `{"_id":"1","text":"otters asleep"}
{"_id":"2","text":"how does a boat move"}
`,
		"qrels.tsv": "query-id\tcorpus-id\tscore\n1\totters\t1\n2\tboats\t1\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestEvalMeasuresAFolderAndLeavesNothing(t *testing.T) {
	t.Parallel()
	in, dir, temp := install(t), goldSet(t), t.TempDir()
	cmd := in.command(t, "eval", dir, "--against", "fusion=rrf", "--json")
	cmd.Env = append(cmd.Environ(), "TMPDIR="+temp)
	out, err := cmd.Output()
	var got evaluated
	if err != nil || json.Unmarshal(out, &got) != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got.Questions != 2 || got.Documents != 3 || len(got.Ways) != 4 || got.Ways[0].NDCG10 != 1 || got.Ways[0].Recall100 != 1 {
		t.Errorf("%+v", got)
	}
	if c := got.Comparison; c == nil || c.Second != "fusion=rrf" || c.Worse || c.P < .9 {
		t.Errorf("the comparison is %+v", c)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	for args, want := range map[string]string{
		"--against fusion=sum": "adaptive, weighted or rrf",
		"--against depth=3":    `there is no "depth"`,
		"--compare":            "EMBEDDING_NEXT_BASE_URL",
	} {
		if out, err := in.command(t, append([]string{"eval", dir}, strings.Fields(args)...)...).CombinedOutput(); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v: %s", args, err, out)
		}
	}
}

func TestEvalAsksWhatALibraryHoldsNow(t *testing.T) {
	t.Parallel()
	in, dir := install(t), goldSet(t)
	in.up(t)
	in.ended(t, in.upload(t, "otters.md", []byte("# Otters\n\nOtters hold hands when they sleep.\n")).ID)
	qrels := "query-id\tcorpus-id\tscore\n1\totters.md\t1\n"
	if err := os.WriteFile(filepath.Join(dir, "qrels.tsv"), []byte(qrels), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := in.command(t, "eval", dir, "--library", "Documents", "--json").Output()
	var got evaluated
	if err != nil || json.Unmarshal(out, &got) != nil || got.Questions != 1 || got.Ways[0].NDCG10 != 1 {
		t.Errorf("%v: %s", err, out)
	}
}

func TestEvalWithoutAFolderAsksWhatIsKeptAndKeepsTheFigures(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.up(t)
	job := in.ended(t, in.upload(t, "otters.md", []byte("# Otters\n\nOtters hold hands when they sleep.\n")).ID)
	for args, want := range map[string]string{"": "name a folder", "--library Documents": "keeps no question"} {
		if out, err := in.command(t, append([]string{"eval"}, strings.Fields(args)...)...).CombinedOutput(); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%q: %v: %s", args, err, out)
		}
	}
	db, err := sqldb.OpenSQLite(t.Context(), filepath.Join(in.dataDir(), "mnemosyne.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := sqldb.Exec(t.Context(), db.Write(), `INSERT INTO gold_judgement (library_uid, question_id, item_uid, start_at, end_at, question, grade, judged_by, judged_at)
VALUES ($1, 'q', $2, 0, 5, 'otters asleep', 1, 'admin', $3)`, in.library, job.ItemUID, sqldb.At(time.Now())); err != nil {
		t.Fatal(err)
	}
	out, err := in.command(t, "eval", "--library", "Documents", "--json").Output()
	var got evaluated
	if err != nil || json.Unmarshal(out, &got) != nil || got.Questions != 1 || got.Ways[0].NDCG10 != 1 {
		t.Errorf("%v: %s", err, out)
	}
	kept, err := sqldb.One(t.Context(), db.Read(), func(r sqldb.Row) (v float64, err error) { return v, r.Scan(&v) }, `SELECT ndcg FROM eval_run WHERE library_uid = $1`, in.library)
	if err != nil || kept != 1 {
		t.Errorf("kept is %v, %v", kept, err)
	}
}

func TestEvalThatIsStoppedSaysSo(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out, talk strings.Builder
	settings := map[string]string{"MNEMOSYNE_DATA_DIR": t.TempDir()}
	p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: &talk, lookup: func(name string) (string, bool) {
		value, ok := settings[name]
		return value, ok
	}}
	if code := run(ctx, p, []string{"eval", goldSet(t)}); code != exitFailed || !strings.Contains(talk.String(), "stopped before the figures") {
		t.Errorf("%d: %s%s", code, out.String(), talk.String())
	}
}
