package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
)

// submitter is a client that puts documents in, changes them, takes them out
// and insists: what is not answered is sent again until it is. Its documents
// are nobody else's.
type submitter struct {
	*chaos
	client *client
	rng    *rand.Rand
	name   string
	made   int // workspaces
	spaces []*space
	mine   []*document
}

const (
	spacesEach    = 2
	documentsEach = 12
	patience      = 200 * time.Millisecond
)

// run submits until the chaos has had enough.
func (s *submitter) run(ctx context.Context) {
	for range spacesEach {
		s.addSpace(ctx)
	}
	for ctx.Err() == nil && !s.enough() {
		s.hold(ctx)
		s.act(ctx)
	}
}

// hold waits while much is under way, so that most jobs come to be done before
// the next version takes their place. It does not wait for long: it is also to
// be seen what becomes of a backlog.
func (s *submitter) hold(ctx context.Context) {
	const longest = 4 * time.Second
	for began := time.Now(); ctx.Err() == nil && s.open.Load() > mostOpen && time.Since(began) < longest && !s.enough(); {
		wait(ctx, patience)
	}
	wait(ctx, time.Duration(s.rng.Int64N(int64(s.pause()))))
}

// pick chooses a document, rather one that nothing is under way for.
func (s *submitter) pick() *document {
	const tries = 4
	d := s.mine[s.rng.IntN(len(s.mine))]
	for range tries {
		if !s.watcher.isOpen(d.newest()) {
			break
		}
		d = s.mine[s.rng.IntN(len(s.mine))]
	}
	return d
}

func (s *submitter) act(ctx context.Context) {
	if len(s.mine) < documentsEach {
		s.mine = append(s.mine, s.model.addDocument(s.rng, s.spaces[s.rng.IntN(len(s.spaces))]))
		s.submit(ctx, s.mine[len(s.mine)-1], true)
		return
	}
	d := s.pick()
	switch p := s.rng.IntN(100); {
	case p < 70:
		s.submit(ctx, d, true)
	case p < 78:
		s.submit(ctx, d, false)
	case p < 86:
		s.submit(ctx, d, true)
		s.cancel(ctx, d)
	case p < 90:
		s.follow(ctx, d)
	case p < 97:
		s.remove(ctx, d)
	default:
		s.removeSpace(ctx)
	}
}

// insist asks until there is an answer that says something.
func (s *submitter) insist(ctx context.Context, ask func() answer) answer {
	for ctx.Err() == nil {
		if a := ask(); !a.down() {
			return a
		}
		s.model.count("requests sent again")
		wait(ctx, patience)
	}
	return answer{}
}

func (s *submitter) addSpace(ctx context.Context) {
	s.made++
	sp := &space{workspace: fmt.Sprintf("%s-%d", s.name, s.made)}
	a := s.insist(ctx, func() answer {
		return s.client.post(ctx, "/library/api/workspaces/", map[string]any{"workspace_id": sp.workspace})
	})
	var made struct{ UID string }
	if ctx.Err() != nil {
		return
	}
	if a.status != http.StatusCreated && a.status != http.StatusOK || a.into(&made) != nil {
		s.model.violate("making workspace %s answered %d %s", sp.workspace, a.status, a.body)
		return
	}
	sp.uid = made.UID
	s.model.addSpace(sp)
	s.spaces = append(s.spaces, sp)
}

// submit sends the document's next version, or the newest once more.
func (s *submitter) submit(ctx context.Context, d *document, next bool) {
	s.model.mu.Lock()
	if next || d.tried == 0 {
		d.tried++
		d.content[d.tried] = write(s.rng, d.number, d.tried, d.markdown)
	}
	version := d.tried
	s.model.mu.Unlock()
	way := s.rng.IntN(3)
	began := time.Now()
	a := s.insist(ctx, func() answer { return s.send(ctx, d, version, way) })
	if ctx.Err() != nil {
		return
	}
	s.accepted(d, version, a, time.Since(began))
}

func (s *submitter) send(ctx context.Context, d *document, version, way int) answer {
	field, value := d.space.target()
	fields := map[string]string{field: value}
	if d.fileID != "" {
		fields["file_id"] = d.fileID
	}
	content := d.content[version]
	if way == 0 {
		return s.client.upload(ctx, fields, d.filename, content)
	}
	body := map[string]any{"filename": d.filename}
	for k, v := range fields {
		body[k] = v
	}
	if way == 1 {
		body["text"] = content
	} else {
		key := fmt.Sprintf("users/%s/%d/%d-%s", username, d.number, version, d.filename)
		if _, err := s.handover.PutObject(ctx, handoverBucket, key, strings.NewReader(content), int64(len(content)), minio.PutObjectOptions{}); err != nil {
			return answer{}
		}
		sum := sha256.Sum256([]byte(content))
		body["s3_key"] = key
		if version%2 == 0 {
			body["content_hash"] = "sha256:" + hex.EncodeToString(sum[:])
		}
	}
	return s.client.post(ctx, "/library/api/ingest/", body)
}

// accepted notes what the program promised.
func (s *submitter) accepted(d *document, version int, a answer, took time.Duration) {
	var body struct {
		ID      string
		Status  string
		ItemUID string `json:"item_uid"`
	}
	if a.status != http.StatusAccepted && a.status != http.StatusOK || a.into(&body) != nil {
		s.model.violate("version %d of document %d was answered %d %s", version, d.number, a.status, a.body)
		return
	}
	s.model.mu.Lock()
	defer s.model.mu.Unlock()
	s.model.slowest = max(s.model.slowest, took)
	d.uid, d.accepted = body.ItemUID, version
	if a.status == http.StatusOK {
		d.unchanged[version] = true
		d.seen = max(d.seen, version)
		s.model.counts["submissions of what was there"]++
		return
	}
	d.jobs[version] = append(d.jobs[version], body.ID)
	if _, known := s.model.jobs[body.ID]; known {
		s.model.counts["submissions of what was under way"]++
	}
	s.model.jobs[body.ID] = d
}

// newest is the job of the newest version.
func (d *document) newest() string {
	jobs := d.jobs[d.accepted]
	if len(jobs) == 0 {
		return ""
	}
	return jobs[len(jobs)-1]
}

// cancel cancels the newest job, and tries it again half the time.
func (s *submitter) cancel(ctx context.Context, d *document) {
	id := d.newest()
	if id == "" {
		return
	}
	if s.rng.IntN(2) == 0 { // once it runs
		wait(ctx, time.Duration(s.rng.Int64N(int64(2*time.Second))))
	}
	path := "/library/api/jobs/" + id + "/"
	s.insist(ctx, func() answer { return s.client.post(ctx, path+"cancel/", nil) })
	s.model.count("cancels")
	if s.rng.IntN(2) == 0 {
		s.insist(ctx, func() answer { return s.client.post(ctx, path+"retry/", nil) })
		s.model.count("retries")
	}
}

// follow asks for the newest job until it has ended. What it made is there
// for readers from then on.
func (s *submitter) follow(ctx context.Context, d *document) {
	version, id := d.accepted, d.newest()
	if id == "" {
		return
	}
	for deadline := time.Now().Add(20 * time.Second); ctx.Err() == nil && time.Now().Before(deadline); wait(ctx, patience) {
		var j job
		a := s.client.get(ctx, "/library/api/jobs/"+id+"/")
		if a.down() {
			continue
		}
		if a.status != http.StatusOK || a.into(&j) != nil {
			s.model.violate("job %s of document %d was accepted and is answered %d %s", id, d.number, a.status, a.body)
			return
		}
		if j.Status == "done" {
			s.model.mu.Lock()
			d.seen = max(d.seen, version)
			s.model.mu.Unlock()
		}
		if j.ended() {
			return
		}
	}
}

// remove deletes a document. From the answer on nobody sees it.
func (s *submitter) remove(ctx context.Context, d *document) {
	if d.uid == "" {
		return
	}
	s.model.mu.Lock()
	d.deleting = true
	s.model.mu.Unlock()
	a := s.insist(ctx, func() answer { return s.client.delete(ctx, "/library/api/items/"+d.uid+"/") })
	if ctx.Err() != nil {
		return
	}
	if a.status != http.StatusNoContent && a.status != http.StatusNotFound { // 404: the answer to the first try was lost
		s.model.violate("deleting document %d answered %d %s", d.number, a.status, a.body)
		return
	}
	s.model.mu.Lock()
	d.deleted = time.Now()
	s.model.mu.Unlock()
	s.model.count("documents deleted")
	s.forget(func(o *document) bool { return o == d })
}

func (s *submitter) removeSpace(ctx context.Context) {
	sp := s.spaces[s.rng.IntN(len(s.spaces))]
	if sp.workspace == "" {
		return
	}
	s.model.mu.Lock()
	for _, d := range s.mine {
		d.deleting = d.deleting || d.space == sp
	}
	s.model.mu.Unlock()
	a := s.insist(ctx, func() answer { return s.client.delete(ctx, "/library/api/workspaces/"+sp.workspace+"/") })
	if ctx.Err() != nil {
		return
	}
	if a.status != http.StatusNoContent {
		s.model.violate("deleting workspace %s answered %d %s", sp.workspace, a.status, a.body)
		return
	}
	s.model.mu.Lock()
	sp.deleted = time.Now()
	s.model.mu.Unlock()
	s.model.count("workspaces deleted")
	s.forget(func(o *document) bool { return o.space == sp })
	for i, o := range s.spaces {
		if o == sp {
			s.spaces = append(s.spaces[:i:i], s.spaces[i+1:]...)
			break
		}
	}
	s.addSpace(ctx)
}

func (s *submitter) forget(which func(*document) bool) {
	var kept []*document
	for _, d := range s.mine {
		if !which(d) {
			kept = append(kept, d)
		}
	}
	s.mine = kept
}
