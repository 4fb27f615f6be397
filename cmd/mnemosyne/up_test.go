package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// installation is a data folder and the program that runs on it.
type installation struct {
	binary  string
	env     []string
	address string
	process *exec.Cmd
	log     *bytes.Buffer // of the process; to be read once it has ended
	// What the first start showed.
	password, token, library string
}

func install(t *testing.T, settings ...string) *installation {
	t.Helper()
	settings = append(settings, "MNEMOSYNE_HTTP_ADDR=127.0.0.1:0")
	return &installation{binary: testkit.Binary(t), env: testkit.Environ(t, settings...)}
}

// command is the program with arguments, on the same data folder.
func (in *installation) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), in.binary, args...)
	cmd.Env = in.env
	return cmd
}

// up starts the program and reads what it shows until it says how to stop it.
func (in *installation) up(t *testing.T) {
	t.Helper()
	cmd := in.command(t, "up")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in.log = &bytes.Buffer{}
	cmd.Stderr = in.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in.process = cmd
	t.Cleanup(func() { in.kill(t) })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		name, value, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		value = strings.TrimSpace(value)
		switch name {
		case "Open":
			in.address = strings.TrimSuffix(value, "/")
		case "Password":
			in.password = value
		case "Token":
			in.token = value
		case "Library":
			in.library = strings.Trim(strings.Fields(value)[1], "()")
		case "Press":
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return
		}
	}
	_ = cmd.Wait()
	t.Fatalf("the program ended before it was up: %s", in.log)
}

// kill ends the program as a power cut does.
func (in *installation) kill(t *testing.T) {
	t.Helper()
	if in.process == nil {
		return
	}
	_ = in.process.Process.Kill()
	_ = in.process.Wait()
	in.process = nil
}

// ask sends a request with the first token and decodes the answer.
func (in *installation) ask(t *testing.T, method, path string, body io.Reader, contentType string, into any) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, in.address+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+in.token)
	req.Header.Set("Accept", "application/json, text/event-stream")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil {
		if text, ok := into.(*string); ok {
			*text = string(raw)
		} else if err := json.Unmarshal(raw, into); err != nil {
			t.Fatalf("%s %s answered %d %s: %v", method, path, res.StatusCode, raw, err)
		}
	}
	return res.StatusCode
}

type jobAnswer struct {
	ID, Status, Stage string
	ItemUID           string `json:"item_uid"`
	Error             *struct{ Code, Detail string }
	Counts            struct{ Chunks, Pages int }
}

// upload submits a file over REST.
func (in *installation) upload(t *testing.T, name string, content []byte) jobAnswer {
	t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	if err := w.WriteField("library_uid", in.library); err != nil {
		t.Fatal(err)
	}
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var job jobAnswer
	if status := in.ask(t, http.MethodPost, "/library/api/ingest/", &form, w.FormDataContentType(), &job); status != http.StatusAccepted {
		t.Fatalf("ingest answered %d, want 202", status)
	}
	return job
}

// ended follows a job's events to its end.
func (in *installation) ended(t *testing.T, id string) jobAnswer {
	t.Helper()
	var events string
	in.ask(t, http.MethodGet, "/library/api/jobs/"+id+"/events/", nil, "", &events)
	if !strings.Contains(events, "data:") {
		t.Fatalf("the job's events are %q", events)
	}
	var job jobAnswer
	in.ask(t, http.MethodGet, "/library/api/jobs/"+id+"/", nil, "", &job)
	return job
}

type hitAnswer struct {
	ChunkUID    string   `json:"chunk_uid"`
	ItemUID     string   `json:"item_uid"`
	HeadingPath []string `json:"heading_path"`
	Page        *int     `json:"page"`
	Start, End  int
	Text        string
}

// tool calls an MCP tool and decodes its structured content.
func (in *installation) tool(t *testing.T, name string, arguments, into any) {
	t.Helper()
	call, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{"name": name, "arguments": arguments},
	})
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Result struct {
			StructuredContent json.RawMessage
			IsError           bool
			Content           []struct{ Text string }
		}
		Error *struct{ Message string }
	}
	in.ask(t, http.MethodPost, "/mcp/", bytes.NewReader(call), "application/json", &answer)
	if answer.Error != nil || answer.Result.IsError {
		t.Fatalf("%s answered %+v", name, answer)
	}
	if err := json.Unmarshal(answer.Result.StructuredContent, into); err != nil {
		t.Fatal(err)
	}
}

func TestAFileGoesInAndAnAgentFindsItWithACitation(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.up(t)
	content, err := os.ReadFile(filepath.FromSlash("../../internal/library/extract/testdata/sample.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	job := in.ended(t, in.upload(t, "sample.pdf", content).ID)
	if job.Status != "done" || job.Counts.Chunks == 0 || job.Counts.Pages == 0 {
		t.Fatalf("the job ended as %+v", job)
	}
	var text string
	in.ask(t, http.MethodGet, "/library/api/items/"+job.ItemUID+"/text/", nil, "", &text)
	word := strings.Fields(text)[0]

	var found struct{ Hits []hitAnswer }
	in.tool(t, "search", map[string]any{"query": word, "libraries": []string{"Documents"}}, &found)
	if len(found.Hits) == 0 {
		t.Fatalf("nothing was found for %q", word)
	}
	for _, h := range found.Hits {
		runes := []rune(text)
		if h.ItemUID != job.ItemUID || h.End > len(runes) || string(runes[h.Start:h.End]) != h.Text {
			t.Errorf("the quote is not the text's [%d, %d): %q", h.Start, h.End, h.Text)
		}
		if h.Page == nil || *h.Page < 1 {
			t.Errorf("a hit in a PDF has page %v", h.Page)
		}
	}
}

func TestASecondUpOnTheSameFolderNamesTheHolder(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.up(t)
	second, err := in.command(t, "up").CombinedOutput()
	if err == nil || !strings.Contains(string(second), fmt.Sprintf("process %d", in.process.Process.Pid)) {
		t.Errorf("the second up gave %v: %s", err, second)
	}
}

func TestWhatTheFirstStartShowsIsShownOnce(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.up(t)
	password, token := in.password, in.token
	if password == "" || token == "" {
		t.Fatal("the first start showed no password or no token")
	}
	if err := in.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := in.process.Wait(); err != nil {
		t.Errorf("an orderly end gave %v", err)
	}
	in.process, in.password, in.token = nil, "", ""
	in.up(t)
	if in.password != "" || in.token != "" {
		t.Error("the second start showed secrets again")
	}
	in.token = token
	var me struct{ Username string }
	if status := in.ask(t, http.MethodGet, "/library/api/me/", nil, "", &me); status != http.StatusOK || me.Username != "admin" {
		t.Errorf("the first token stands for %q, status %d", me.Username, status)
	}
}

func TestAnAcceptedJobSurvivesKillAndEndsOnce(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.up(t)
	var long strings.Builder
	for i := range 60 {
		fmt.Fprintf(&long, "# Chapter %d\n\n%s\n\n", i, strings.Repeat(fmt.Sprintf("Sentence of chapter %d about rivers. ", i), 20))
	}
	job := in.upload(t, "rivers.md", []byte(long.String()))
	in.kill(t)
	token, library := in.token, in.library
	in.up(t)
	in.token, in.library = token, library
	if got := in.ended(t, job.ID); got.Status != "done" {
		t.Fatalf("after the kill the job ended as %+v", got)
	}
	var items []struct {
		UID        string
		ChunkCount int `json:"chunk_count"`
		Generation int
	}
	in.ask(t, http.MethodGet, "/library/api/items/?library_uid="+in.library, nil, "", &items)
	if len(items) != 1 || items[0].Generation != 1 {
		t.Errorf("the library holds %+v, want the document once", items)
	}
	var chunks []struct{ Ordinal int }
	in.ask(t, http.MethodGet, "/library/api/items/"+items[0].UID+"/chunks/?limit=1000", nil, "", &chunks)
	if len(chunks) != items[0].ChunkCount || len(chunks) == 0 {
		t.Errorf("%d chunks are listed, the item counts %d", len(chunks), items[0].ChunkCount)
	}
}

func TestIngestBesideARunningUpHandsTheWorkOver(t *testing.T) {
	t.Parallel()
	in := install(t)
	folder := t.TempDir()
	for name, content := range map[string]string{"a.md": "# Alpha\n\nAll about apples.", "b.txt": "Bananas are berries.", "c.bin": "\x00\x01\x02\x03\xff\xfe\x00\x00"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in.up(t)
	cmd := in.command(t, "ingest", folder, "--library", "Documents")
	began := time.Now()
	out, err := cmd.Output()
	if cmd.ProcessState.ExitCode() != exitFailed {
		t.Errorf("one file of three cannot be read, and ingest gave %v after %s", err, time.Since(began))
	}
	for _, want := range []string{"done ", "a.md", "b.txt", "failed ", "c.bin", "unsupported_type", "3 files: 2 done, 0 unchanged, 0 skipped, 1 failed"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("ingest printed %q, which lacks %q", out, want)
		}
	}
	search := in.command(t, "search", "bananas", "--json")
	answer, err := search.Output()
	var found struct{ Hits []hitAnswer }
	if err != nil || json.Unmarshal(answer, &found) != nil || len(found.Hits) == 0 || !strings.Contains(found.Hits[0].Text, "Bananas") {
		t.Errorf("search printed %q, %v", answer, err)
	}
}

// postgresSettings name an empty database that goes with the test.
func postgresSettings(t *testing.T) []string {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(testkit.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	c := cfg.ConnConfig
	return []string{
		"SECRET_KEY=" + strings.Repeat("k", 50), "DB_HOST=" + c.Host, fmt.Sprintf("DB_PORT=%d", c.Port),
		"APP_DB_NAME=" + c.Database, "APP_DB_USER=" + c.User, "APP_DB_PASSWORD=" + c.Password,
	}
}

func TestUpMigratesAServersDatabase(t *testing.T) {
	t.Parallel()
	in := install(t, postgresSettings(t)...)
	in.up(t)
	if got := in.ended(t, in.upload(t, "note.md", []byte("# Otters\n\nOtters hold hands.")).ID); got.Status != "done" {
		t.Errorf("the job ended as %+v", got)
	}
}
