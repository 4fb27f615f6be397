package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// call asks the REST surface and reads its answer into a value.
func (s *server) call(ctx context.Context, method, path string, body, into any) error {
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(raw)
	}
	return s.send(ctx, method, path, "application/json", content, into)
}

func (s *server) send(ctx context.Context, method, path, contentType string, body io.Reader, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	if body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s: %.300s", method, path, res.Status, answer)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

// upload sends a file as a browser does.
func (s *server) upload(ctx context.Context, library, path string) (job, error) {
	reader, pipe := io.Pipe()
	form := multipart.NewWriter(pipe)
	go func() { pipe.CloseWithError(writeForm(form, library, path)) }()
	var made job
	return made, s.send(ctx, http.MethodPost, "/library/api/ingest/", form.FormDataContentType(), reader, &made)
}

func writeForm(form *multipart.Writer, library, path string) error {
	if err := form.WriteField("library_uid", library); err != nil {
		return err
	}
	part, err := form.CreateFormFile("file", filepath.Base(path))
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if _, err := io.Copy(part, f); err != nil {
		return err
	}
	return form.Close()
}

// submitted is one to take in as text.
type submitted struct {
	LibraryUID string `json:"library_uid"`
	Filename   string `json:"filename"`
	Text       string `json:"text"`
}

func (s *server) submit(ctx context.Context, d submitted) (job, error) {
	var made job
	return made, s.call(ctx, http.MethodPost, "/library/api/ingest/", d, &made)
}

// job is what is read of the ledger.
type job struct {
	ID       string
	Status   string
	Stage    string
	ItemUID  string `json:"item_uid"`
	Error    *struct{ Code, Detail string }
	Progress struct{ Done, Total int64 }
	Counts   struct{ Pages, Chunks, Embedded int64 }
}

func (j job) ended() bool { return j.Status != "queued" && j.Status != "running" }

func (s *server) job(ctx context.Context, id string) (job, error) {
	var now job
	err := s.call(ctx, http.MethodGet, "/library/api/jobs/"+id+"/", nil, &now)
	if err == nil && now.Error != nil && now.Status == "failed" {
		err = fmt.Errorf("the job failed: %s: %s", now.Error.Code, now.Error.Detail)
	}
	return now, err
}

// follow asks for a job until enough is true of it.
func (s *server) follow(ctx context.Context, id string, every time.Duration, enough func(job) bool) error {
	for {
		now, err := s.job(ctx, id)
		if err != nil || enough(now) {
			return err
		}
		if err := pause(ctx, every); err != nil {
			return err
		}
	}
}

// settle waits until no job of the library is left to do.
func (s *server) settle(ctx context.Context, library string) error {
	for _, status := range []string{"queued", "running"} {
		for {
			var left []job
			if err := s.call(ctx, http.MethodGet, "/library/api/jobs/?limit=1&library_uid="+library+"&status="+status, nil, &left); err != nil {
				return err
			}
			if len(left) == 0 {
				break
			}
			if err := pause(ctx, 200*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// shelf is a library as REST gives it.
type shelf struct {
	UID        string `json:"uid"`
	Name       string `json:"name"`
	Type       string `json:"library_type"`
	ItemCount  int    `json:"item_count"`
	ChunkCount int    `json:"chunk_count"`
}

func (s *server) newLibrary(ctx context.Context, name string) (shelf, error) {
	var made shelf
	return made, s.call(ctx, http.MethodPost, "/library/api/libraries/", map[string]string{"name": name}, &made)
}

func (s *server) readLibrary(ctx context.Context, uid string) (shelf, error) {
	var found shelf
	return found, s.call(ctx, http.MethodGet, "/library/api/libraries/"+uid+"/", nil, &found)
}
