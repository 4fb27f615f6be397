package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"time"
)

// client calls the program as its users do.
type client struct {
	in   *installation
	http *http.Client
}

func newClient(in *installation) *client {
	return &client{in: in, http: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
}

// answer is a status with a body; the status is 0 when there was none.
type answer struct {
	status int
	body   []byte
}

// down tells that nothing can be concluded from the answer: the process, or
// one that it needs, was away.
func (a answer) down() bool { return a.status == 0 || a.status >= http.StatusInternalServerError }

func (a answer) into(v any) error {
	if err := json.Unmarshal(a.body, v); err != nil {
		return fmt.Errorf("read %.200q: %w", a.body, err)
	}
	return nil
}

func (c *client) do(ctx context.Context, method, address, contentType string, body io.Reader) answer {
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return answer{}
	}
	req.Header.Set("Authorization", "Bearer "+c.in.token)
	req.Header.Set("Accept", "application/json, text/event-stream")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return answer{}
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}
	}
	return answer{res.StatusCode, raw}
}

func (c *client) get(ctx context.Context, path string) answer {
	return c.do(ctx, http.MethodGet, c.in.rest+path, "", http.NoBody)
}

func (c *client) delete(ctx context.Context, path string) answer {
	return c.do(ctx, http.MethodDelete, c.in.rest+path, "", http.NoBody)
}

func (c *client) post(ctx context.Context, path string, body any) answer {
	raw, err := json.Marshal(body)
	if err != nil {
		return answer{}
	}
	return c.do(ctx, http.MethodPost, c.in.rest+path, "application/json", bytes.NewReader(raw))
}

// upload sends a form with a file.
func (c *client) upload(ctx context.Context, fields map[string]string, filename, content string) answer {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for name, value := range fields {
		_ = w.WriteField(name, value) // a buffer takes everything
	}
	part, err := w.CreateFormFile("file", filename)
	if err != nil {
		return answer{}
	}
	_, _ = io.WriteString(part, content)
	_ = w.Close()
	return c.do(ctx, http.MethodPost, c.in.rest+"/library/api/ingest/", w.FormDataContentType(), &form)
}

// tool calls an MCP tool. ok is false when it gave an error or no answer.
func (c *client) tool(ctx context.Context, name string, arguments map[string]any, into any) (ok bool) {
	raw, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{"name": name, "arguments": arguments},
	})
	if err != nil {
		return false
	}
	a := c.do(ctx, http.MethodPost, c.in.mcp+"/mcp/", "application/json", bytes.NewReader(raw))
	var reply struct {
		Result struct {
			StructuredContent json.RawMessage
			IsError           bool
		}
		Error *struct{ Message string }
	}
	if a.status != http.StatusOK || a.into(&reply) != nil || reply.Error != nil || reply.Result.IsError {
		return false
	}
	return json.Unmarshal(reply.Result.StructuredContent, into) == nil
}

type hit struct {
	ItemUID    string `json:"item_uid"`
	LibraryUID string `json:"library_uid"`
	Text       string `json:"text"`
}

type found struct {
	Hits     []hit
	Degraded bool
}

// job is a job as REST gives it.
type job struct {
	ID, Status string
	ItemUID    string `json:"item_uid"`
}

func (j job) ended() bool {
	return j.Status == "done" || j.Status == "failed" || j.Status == "cancelled"
}
