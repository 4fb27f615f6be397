package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

// prove compares what clients were told with every store, now that all has
// come to rest.
func (c *chaos) prove(ctx context.Context) (*report, error) {
	jobs, err := c.jobsByID(ctx)
	if err != nil {
		return nil, err
	}
	c.proveJobs(jobs)
	client := newClient(c.in)
	for _, d := range c.model.documents {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err := c.proveDocument(ctx, client, d, jobs); err != nil {
			return nil, err
		}
	}
	for _, step := range []func(context.Context) error{c.proveGraph, c.proveCounts, c.proveEvents, c.proveResidue} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	r := c.report(ctx, jobs)
	return r, nil
}

type ended struct{ id, status, code, detail string }

func (c *chaos) jobsByID(ctx context.Context) (map[string]ended, error) {
	rows, err := c.db.Query(ctx, `SELECT id, status, error_code, error_detail FROM ingest_job ORDER BY id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]ended{}
	for rows.Next() {
		var j ended
		if err := rows.Scan(&j.id, &j.status, &j.code, &j.detail); err != nil {
			return nil, err
		}
		all[j.id] = j
	}
	return all, rows.Err()
}

// proveJobs: each that was accepted is there and has ended, unless it went
// with its workspace. Every document here is a good one, so that no job fails.
func (c *chaos) proveJobs(jobs map[string]ended) {
	for id, d := range c.model.jobs {
		j, there := jobs[id]
		switch {
		case !there && d.space.deleted.IsZero():
			c.model.violate("job %s of document %d was accepted and is lost", id, d.number)
		case there && !d.space.deleted.IsZero():
			c.model.violate("job %s is left of workspace %s, which was deleted", id, d.space.workspace)
		}
		if !there {
			c.model.counts["jobs gone with their workspace"]++
		} else if j.status == "failed" {
			c.model.violate("job %s of document %d, which is a good one, failed: %s %s", id, d.number, j.code, j.detail)
		}
	}
}

// proveEvents: each job has one end for each time that it was queued by
// somebody, and the last of its events is the end that its row tells.
func (c *chaos) proveEvents(ctx context.Context) error {
	rows, err := c.db.Query(ctx, `SELECT j.id, j.status, e.status, e.detail FROM ingest_job j JOIN job_event e ON e.job_id = j.id ORDER BY j.id, e.seq`)
	if err != nil {
		return err
	}
	defer rows.Close()
	last, status, end := "", "", ""
	finish := func() {
		if last != "" && end != status {
			c.model.violate("job %s is %s, its last event says %q", last, status, end)
		}
	}
	for rows.Next() {
		var id, now, event, detail string
		if err := rows.Scan(&id, &now, &event, &detail); err != nil {
			return err
		}
		if id != last {
			finish()
			last, end = id, ""
		}
		status = now
		if end != "" && (event != "queued" || detail != "Somebody asked for another try.") {
			c.model.violate("job %s ended as %s and then has the event %s %q", id, end, event, detail)
		}
		end = ""
		if event == "done" || event == "failed" || event == "cancelled" {
			end = event
			c.model.counts["ends"]++
		}
		if strings.HasPrefix(detail, "The worker died") {
			c.model.counts["jobs taken over from dead workers"]++
		}
	}
	finish()
	return rows.Err()
}

// published is the version that readers must find: the newest whose job is
// done; 0 where there is none.
func (d *document) published(jobs map[string]ended) int {
	newest := 0
	for version := range d.content {
		done := d.unchanged[version]
		for _, id := range d.jobs[version] {
			done = done || jobs[id].status == "done"
		}
		if done {
			newest = max(newest, version)
		}
	}
	return newest
}

type itemState struct {
	UID        string
	Status     string
	ChunkCount int    `json:"chunk_count"`
	LibraryUID string `json:"library_uid"`
}

type chunkState struct {
	UID        string
	Text       string
	Ordinal    int
	Start, End int
}

func (c *chaos) proveDocument(ctx context.Context, client *client, d *document, jobs map[string]ended) error {
	if d.uid == "" {
		return nil // never accepted
	}
	path := "/library/api/items/" + d.uid + "/"
	a := client.get(ctx, path)
	if a.down() {
		return fmt.Errorf("ask for document %d: %d %s", d.number, a.status, a.body)
	}
	if !d.deleted.IsZero() || !d.space.deleted.IsZero() {
		if a.status != http.StatusNotFound {
			c.model.violate("document %d was deleted and is answered %d", d.number, a.status)
		}
		return nil
	}
	if d.deleting {
		return nil // nobody knows
	}
	var item itemState
	if a.status != http.StatusOK || a.into(&item) != nil {
		c.model.violate("document %d was accepted and is answered %d %s", d.number, a.status, a.body)
		return nil //nolint:nilerr // it is told in the report
	}
	want := d.published(jobs)
	if want == 0 && item.ChunkCount == 0 {
		return nil
	}
	c.model.counts["documents compared"]++
	return c.proveContent(ctx, client, d, item, want)
}

// proveContent: original, text and passages are those of the wanted version.
func (c *chaos) proveContent(ctx context.Context, client *client, d *document, item itemState, want int) error {
	path := "/library/api/items/" + d.uid + "/"
	text := client.get(ctx, path+"text/")
	original := client.get(ctx, path+"content/")
	list := client.get(ctx, path+"chunks/?limit=1000")
	if text.status != http.StatusOK || original.status != http.StatusOK || list.status != http.StatusOK {
		c.model.violate("text, original and passages of document %d are answered %d, %d and %d", d.number, text.status, original.status, list.status)
		return nil
	}
	var chunks []chunkState
	if err := list.into(&chunks); err != nil {
		return err
	}
	doc, version, wrong := whole(marksIn(string(text.body)))
	switch {
	case wrong != "":
		c.model.violate("the text of document %d shows %s", d.number, wrong)
	case doc != d.number || version != want && (version <= d.accepted || version > d.tried):
		c.model.violate("document %d shows version %d of document %d, want version %d", d.number, version, doc, want)
	case string(original.body) != d.content[version]:
		c.model.violate("the original of document %d is not its version %d", d.number, version)
	}
	c.proveChunks(d, item, []rune(string(text.body)), chunks)
	return nil
}

// proveChunks: as many as the row says, one of each ordinal, each the slice of
// the text that it says, and together all of it.
func (c *chaos) proveChunks(d *document, item itemState, text []rune, chunks []chunkState) {
	if len(chunks) != item.ChunkCount {
		c.model.violate("document %d has %d passages, its row says %d", d.number, len(chunks), item.ChunkCount)
	}
	c.model.counts["passages compared"] += len(chunks)
	var all strings.Builder
	for i, chunk := range chunks {
		all.WriteString(chunk.Text + "\n")
		if chunk.Ordinal != i {
			c.model.violate("document %d has passage %d at place %d", d.number, chunk.Ordinal, i)
		}
		if chunk.Start < 0 || chunk.End > len(text) || chunk.Start > chunk.End || string(text[chunk.Start:chunk.End]) != chunk.Text {
			c.model.violate("passage %d of document %d is not the slice %d to %d of its text", i, d.number, chunk.Start, chunk.End)
		}
	}
	if _, _, wrong := whole(marksIn(all.String())); wrong != "" {
		c.model.violate("the passages of document %d hold %s", d.number, wrong)
	}
}

// proveGraph: the index shows as many chunks of each library as its rows
// have, so that none is there twice, and has nothing of any other library.
func (c *chaos) proveGraph(ctx context.Context) error {
	rows, err := c.db.Query(ctx, `SELECT library_uid, SUM(chunk_count)::BIGINT FROM item WHERE deleted_at IS NULL GROUP BY library_uid`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var uid string
		var want int64
		if err := rows.Scan(&uid, &want); err != nil {
			return err
		}
		stats, err := c.inside.Graph.Stats(ctx, uid)
		if err != nil {
			return err
		}
		if stats.Visible != want {
			c.model.violate("the index shows %d passages of library %s, its rows have %d", stats.Visible, uid, want)
		}
	}
	return rows.Err()
}

const wrongCounts = `SELECT l.uid, l.item_count, l.chunk_count,
	(SELECT COUNT(*) FROM item i WHERE i.library_uid = l.uid AND i.deleted_at IS NULL),
	(SELECT COALESCE(SUM(i.chunk_count), 0)::BIGINT FROM item i WHERE i.library_uid = l.uid AND i.deleted_at IS NULL)
FROM library l WHERE l.deleted_at IS NULL`

// proveCounts: a library counts what it has.
func (c *chaos) proveCounts(ctx context.Context) error {
	rows, err := c.db.Query(ctx, wrongCounts)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var uid string
		var items, chunks, wantItems, wantChunks int64
		if err := rows.Scan(&uid, &items, &chunks, &wantItems, &wantChunks); err != nil {
			return err
		}
		if items != wantItems || chunks != wantChunks {
			c.model.violate("library %s counts %d documents and %d passages; it has %d and %d", uid, items, chunks, wantItems, wantChunks)
		}
	}
	return rows.Err()
}

// proveResidue: nothing is left of what was deleted but objects that were
// stored by processes that died before they could be accepted. Those wait for
// the hourly sweep, which must take every one of them.
func (c *chaos) proveResidue(ctx context.Context) error {
	if err := c.countResidue(ctx, "left to the sweep: "); err != nil {
		return err
	}
	sweep := ingest.NewReconciler(c.inside.Ingest, ingest.ReconcilerOptions{Grace: time.Millisecond})
	if err := sweep.Run(ctx); err != nil {
		c.model.violate("the sweep could not finish: %v", err)
	}
	return c.countResidue(ctx, "")
}

func (c *chaos) countResidue(ctx context.Context, before string) error {
	left, err := c.inside.Ingest.Residue(ctx, 0)
	if err != nil {
		return err
	}
	for _, r := range left {
		switch {
		case r.Count == 0:
		case before != "":
			c.model.counts[before+r.Kind] += int(r.Count)
		default:
			c.model.violate("residue in the %s: %d %s, as %s", r.Store, r.Count, r.Kind, r.Example)
		}
	}
	return nil
}
