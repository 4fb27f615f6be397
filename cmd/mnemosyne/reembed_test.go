package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// senseless is an embedder that finds nothing like anything but itself.
func senseless(t *testing.T) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Input []string `json:"input"`
		}
		if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&asked) != nil {
			http.NotFound(w, r)
			return
		}
		type one struct {
			Index     int       `json:"index"`
			Embedding []float64 `json:"embedding"`
		}
		answer := struct {
			Data []one `json:"data"`
		}{}
		for i, text := range asked.Input {
			sum := sha256.Sum256([]byte(text))
			vector := make([]float64, len(sum))
			for k, b := range sum {
				vector[k] = float64(b) - 127.5
			}
			answer.Data = append(answer.Data, one{i, vector})
		}
		_ = json.NewEncoder(w).Encode(answer) // who asked notices
	}))
	t.Cleanup(server.Close)
	return server.URL + "/v1"
}

func TestNoLibraryIsSwitchedToAModelThatAnswersItsQuestionsWorse(t *testing.T) {
	t.Parallel()
	in := install(t, "EMBEDDING_NEXT_BASE_URL="+senseless(t), "EMBEDDING_NEXT_MODEL=senseless")
	in.up(t)
	animals := map[string]string{ // what is asked of them shares no word with them
		"Otters": "a mammal that swims in rivers", "Eagles": "large birds of prey", "Bees": "insects that make honey", "Sharks": "dangerous fish of the sea",
		"Camels": "beasts of burden in the desert", "Frogs": "green amphibians that jump", "Wolves": "wild dogs that hunt in packs", "Spiders": "eight legs and a web",
	}
	items := map[string]string{}
	for name := range animals {
		items[name] = in.ended(t, in.upload(t, name+".md", []byte("# "+name+"\n\n"+name+" are well known.\n")).ID).ItemUID
	}
	for i := range 30 {
		in.ended(t, in.upload(t, fmt.Sprintf("%d.md", i), fmt.Appendf(nil, "Invoice %d was paid.\n", i)).ID)
	}
	run := func(args ...string) (string, error) {
		out, err := in.command(t, append([]string{"reembed"}, args...)...).CombinedOutput()
		return string(out), err
	}
	if out, err := run(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	db, err := sqldb.OpenSQLite(t.Context(), filepath.Join(in.dataDir(), "mnemosyne.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for name, question := range animals {
		if _, err := sqldb.Exec(t.Context(), db.Write(), `INSERT INTO gold_judgement (library_uid, question_id, item_uid, start_at, end_at, question, grade, judged_by, judged_at)
VALUES ($1, $2, $3, 0, 5, $4, 1, 'admin', $5)`, in.library, name, items[name], question, sqldb.At(time.Now())); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := run("--switch"); err == nil || !strings.Contains(out, "search gets worse, so nothing was switched") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := run("--status"); err != nil || !strings.Contains(out, "is filled beside it") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := run("--switch", "--even-if-worse"); err != nil || !strings.Contains(out, "is kept until confirmed") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestALibraryWithoutQuestionsIsSwitchedAndItIsSaid(t *testing.T) {
	t.Parallel()
	in := install(t, "EMBEDDING_NEXT_BASE_URL="+senseless(t), "EMBEDDING_NEXT_MODEL=senseless")
	in.up(t)
	in.ended(t, in.upload(t, "otters.md", []byte("Otters swim.\n")).ID)
	if out, err := in.command(t, "reembed").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := in.command(t, "reembed", "--switch").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "keeps no questions with known answers") || !strings.Contains(string(out), "is kept until confirmed") {
		t.Errorf("%v: %s", err, out)
	}
}
