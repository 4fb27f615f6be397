package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// found are the passages that a search finds, in order. On a busy machine the
// first searches of an engine may be late for their deadline, and say so: then
// it asks again.
func (in *installation) found(t *testing.T, query string) string {
	t.Helper()
	type answer struct {
		Hits []struct {
			ChunkUID string `json:"chunk_uid"`
			Text     string
		}
		Degraded bool
		Status   map[string]string
	}
	var got answer
	for range 10 {
		got = answer{}
		if status := in.ask(t, http.MethodPost, "/library/api/search/", strings.NewReader(`{"query":"`+query+`"}`), "application/json", &got); status != http.StatusOK {
			t.Fatalf("the search answered %d", status)
		}
		if !got.Degraded {
			break
		}
	}
	if got.Degraded {
		t.Fatalf("the search answers with a part of its parts: %v", got.Status)
	}
	var out []string
	for _, h := range got.Hits {
		out = append(out, h.ChunkUID+" "+h.Text)
	}
	return strings.Join(out, "\n")
}

func TestACopyOfAFolderInUseFindsTheSame(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.up(t)
	in.ended(t, in.upload(t, "otters.md", []byte("# Otters\n\nOtters hold hands when they sleep.\n")).ID)
	before := in.found(t, "otters asleep")
	if !strings.Contains(before, "hold hands") {
		t.Fatalf("before, the search finds %q", before)
	}
	to := filepath.Join(t.TempDir(), "copy")
	if out, err := in.command(t, "backup", to).CombinedOutput(); err != nil || !strings.Contains(string(out), "1 indexes") {
		t.Fatalf("backup: %v: %s", err, out)
	}
	if out, err := in.command(t, "backup", to).CombinedOutput(); err == nil || !strings.Contains(string(out), "there already") {
		t.Errorf("a second copy to the same place: %v: %s", err, out)
	}
	in.ended(t, in.upload(t, "bears.md", []byte("# Bears\n\nBears sleep alone.\n")).ID)
	in.kill(t)

	restored := install(t, "MNEMOSYNE_DATA_DIR="+to)
	restored.token = in.token
	if out, err := restored.command(t, "reindex").CombinedOutput(); err != nil {
		t.Fatalf("reindex: %v: %s", err, out)
	}
	if out, err := restored.command(t, "residue", "--grace", "0s").CombinedOutput(); err != nil {
		t.Errorf("residue: %v: %s", err, out)
	}
	restored.up(t)
	if after := restored.found(t, "otters asleep"); after != before {
		t.Errorf("the copy finds %q, and before it was %q", after, before)
	}
}
