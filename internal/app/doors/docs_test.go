package doors_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// example is a call of the documentation with the answer that it shows.
type example struct {
	command, language, status string
	keeps                     []string // NAME=field: what later calls use
	answer                    string
}

// examples finds what a page shows: a block of sh, and right after it the
// answer's language and status, and the answer.
func examples(t *testing.T, page string) (out []example) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", page))
	must(t, err)
	block := regexp.MustCompile("(?s)```sh\n(.*?)```\n```(json|text) (\\d+)([^\n]*)\n(.*?)```")
	for _, m := range block.FindAllStringSubmatch(string(text), -1) {
		out = append(out, example{m[1], m[2], m[3], strings.Fields(m[4]), m[5]})
	}
	return out
}

// recorder stands in for curl: the real one, that keeps the answer's body in a
// file and says the status.
const recorder = `#!/bin/sh
exec %s -sS -o "$ANSWER" -w '%%{http_code}' "$@"
`

func TestTheCallsOfTheIntegrationPageAnswerAsItShows(t *testing.T) {
	t.Parallel()
	curl := testkit.Curl(t)
	h := open(t, "sqlite")
	w := inhabited(h)
	w.insist(201, w.who[owner], "POST", librariesPath, map[string]any{"name": "Documents"})
	folder, tools := t.TempDir(), t.TempDir()
	must(t, os.WriteFile(filepath.Join(tools, "curl"), fmt.Appendf(nil, recorder, curl), 0o700))
	kept := filepath.Join(folder, "answer")
	env := append(os.Environ(), "PATH="+tools+":"+os.Getenv("PATH"), "ANSWER="+kept,
		"MNEMOSYNE="+h.url, "TOKEN="+w.who[owner].bearer, "TEAM="+uuid.NewString())
	all := examples(t, "integration.md")
	if len(all) < 40 {
		t.Fatalf("only %d calls on the page", len(all))
	}
	for _, e := range all {
		must(t, os.WriteFile(kept, nil, 0o600))
		cmd := exec.CommandContext(t.Context(), "bash", "-c", e.command)
		cmd.Dir, cmd.Env = folder, env
		out, err := cmd.CombinedOutput()
		body, _ := os.ReadFile(kept)
		if err != nil || string(out) != e.status {
			t.Fatalf("%s\nanswered %s %s, %v; the page says %s", e.command, out, body, err, e.status)
		}
		if e.language != "json" {
			continue
		}
		var got, shown any
		must(t, json.Unmarshal(body, &got))
		must(t, json.Unmarshal([]byte(e.answer), &shown))
		if fault := unlike("", got, shown); fault != "" {
			t.Errorf("%s\nanswers %s, where the page differs: %s", e.command, body, fault)
		}
		for _, keep := range e.keeps {
			name, field, _ := strings.Cut(keep, "=")
			env = append(env, fmt.Sprintf("%s=%v", name, got.(map[string]any)[field]))
		}
	}
}

// unlike tells where two answers have not the same shape: the same fields, of
// the same kinds; and the same sentences where something is refused. What is
// null in one may be there in the other.
func unlike(at string, got, shown any) string {
	switch s := shown.(type) {
	case nil:
		return ""
	case map[string]any:
		g, ok := got.(map[string]any)
		if got == nil {
			return ""
		}
		if !ok || !slices.Equal(keys(g), keys(s)) {
			return fmt.Sprintf("%s has %v, the page %v", at, keys(g), keys(s))
		}
		for name := range s {
			if at == ".metadata" || name == "metadata" {
				continue
			}
			if fault := unlike(at+"."+name, g[name], s[name]); fault != "" {
				return fault
			}
		}
	case []any:
		g, ok := got.([]any)
		if !ok || (len(g) == 0) != (len(s) == 0) {
			return fmt.Sprintf("%s is %v", at, got)
		}
		if len(g) > 0 {
			return unlike(at+"[0]", g[0], s[0])
		}
	case string:
		g, ok := got.(string)
		if got != nil && (!ok || (at == ".detail" && g != s)) {
			return fmt.Sprintf("%s is %v, on the page %v", at, got, s)
		}
	default:
		if got != nil && fmt.Sprintf("%T", got) != fmt.Sprintf("%T", shown) {
			return fmt.Sprintf("%s is %v, on the page %v", at, got, shown)
		}
	}
	return ""
}

func keys(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
