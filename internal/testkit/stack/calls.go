package stack

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"time"
)

// Job is a job as REST gives it.
type Job struct {
	ID, Status, Stage string
	ItemUID           string `json:"item_uid"`
	Attempts          int
	Error             *struct{ Code, Detail string }
	Counts            struct{ Chunks, Embedded, Pages int }
}

// Ended tells whether the job has come to its end.
func (j Job) Ended() bool {
	return j.Status == "done" || j.Status == "failed" || j.Status == "cancelled"
}

// Hit is a passage that a search found.
type Hit struct {
	ItemUID string `json:"item_uid"`
	Text    string
}

// Ask sends body, JSON unless it is a reader, with the token, and decodes the
// answer. It gives the status.
func (s *Stack) Ask(method, address string, body, into any) int {
	s.t.Helper()
	status, raw := s.send(method, address, "application/json", encode(s, body))
	if into == nil {
		return status
	}
	if text, ok := into.(*string); ok {
		*text = string(raw)
	} else if err := json.Unmarshal(raw, into); err != nil {
		s.t.Fatalf("%s %s answered %d %s: %v", method, address, status, raw, err)
	}
	return status
}

func encode(s *Stack, body any) io.Reader {
	s.t.Helper()
	if body == nil {
		return http.NoBody
	}
	b, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	return bytes.NewReader(b)
}

func (s *Stack) send(method, address, contentType string, body io.Reader) (int, []byte) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, address, body)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Token)
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("Content-Type", contentType)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, raw
}

// Upload submits a document over REST.
func (s *Stack) Upload(name string, content []byte) Job {
	s.t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	_ = w.WriteField("library_uid", s.Library) // a buffer takes everything
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		s.t.Fatal(err)
	}
	_, _ = part.Write(content)
	_ = w.Close()
	status, raw := s.send(http.MethodPost, s.REST+"/library/api/ingest/", w.FormDataContentType(), &form)
	var j Job
	if err := json.Unmarshal(raw, &j); err != nil || status != http.StatusAccepted {
		s.t.Fatalf("ingest answered %d %s, want 202", status, raw)
	}
	return j
}

// Job asks for a job.
func (s *Stack) Job(id string) (j Job) {
	s.t.Helper()
	s.Ask(http.MethodGet, s.REST+"/library/api/jobs/"+id+"/", nil, &j)
	return j
}

// Until asks for a job until it is as wanted.
func (s *Stack) Until(id string, wanted func(Job) bool) Job {
	s.t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); ; {
		j := s.Job(id)
		if wanted(j) {
			return j
		}
		if time.Now().After(deadline) || j.Ended() {
			s.t.Fatalf("the job stays or ended as %+v", j)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-s.t.Context().Done():
			s.t.Fatal(s.t.Context().Err())
		}
	}
}

// Follow reads a job's events to its end.
func (s *Stack) Follow(id string) (events string, j Job) {
	s.t.Helper()
	s.Ask(http.MethodGet, s.REST+"/library/api/jobs/"+id+"/events/", nil, &events)
	return events, s.Job(id)
}

// Search asks the MCP tool.
func (s *Stack) Search(query string) []Hit {
	s.t.Helper()
	var answer struct {
		Result struct {
			StructuredContent struct{ Hits []Hit }
			IsError           bool
		}
		Error *struct{ Message string }
	}
	s.Ask(http.MethodPost, s.MCP+"/mcp/", map[string]any{
		"jsonrpc": "2.0", "id": 1, "method": "tools/call",
		"params": map[string]any{"name": "search", "arguments": map[string]any{"query": query}},
	}, &answer)
	if answer.Error != nil || answer.Result.IsError {
		s.t.Fatalf("search answered %+v", answer)
	}
	return answer.Result.StructuredContent.Hits
}

// Metric is a sample of a page of metrics, or empty.
func (s *Stack) Metric(address, name string) string {
	s.t.Helper()
	var page string
	s.Ask(http.MethodGet, address+"/metrics", nil, &page)
	for line := range strings.Lines(page) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
