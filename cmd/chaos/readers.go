package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// reader looks at documents while they change, and holds each answer against
// what clients had been told when it was asked for.
type reader struct {
	*chaos
	client *client
	rng    *rand.Rand
	pause  time.Duration // before the next
}

const readEvery = 120 * time.Millisecond

func (r *reader) run(ctx context.Context) {
	for ; ctx.Err() == nil; wait(ctx, r.pause) {
		r.pause = time.Duration(r.rng.Int64N(int64(readEvery)))
		asked := time.Now()
		views := r.model.views()
		if len(views) == 0 {
			continue
		}
		// The newer documents are those that change.
		recent := views[max(0, len(views)-liveDocuments):]
		v := recent[r.rng.IntN(len(recent))]
		switch way := r.rng.IntN(5); {
		case way == 0 || v.uid == "":
			r.searchAll(ctx, views)
		case way == 1:
			r.searchOne(ctx, views, v)
		case way == 2:
			r.readItem(ctx, v)
		case way == 3:
			r.readChunks(ctx, v)
		default:
			r.readText(ctx, v)
		}
		r.pause = max(r.pause, time.Since(asked)) // readers are not the load
	}
}

func (r *reader) read(ok bool) bool {
	r.model.count("reads")
	if !ok {
		r.model.count("reads without an answer")
		r.pause = patience
	}
	return ok
}

func (r *reader) searchAll(ctx context.Context, views []view) {
	var f found
	ok := r.client.tool(ctx, "search", map[string]any{"query": "otter lantern follows the river", "limit": 50}, &f)
	if r.read(ok) {
		r.judge(views, f.Hits)
	}
}

func (r *reader) searchOne(ctx context.Context, views []view, v view) {
	a := r.client.post(ctx, "/library/api/search/", map[string]any{"query": "otter follows", "item_uid": v.uid, "limit": 50})
	var f found
	if !r.read(a.status == http.StatusOK && a.into(&f) == nil) {
		return
	}
	r.judge(views, f.Hits)
	if len(f.Hits) == 0 && !f.Degraded && v.seen > 0 && !v.shaken && !r.model.going(v.number) {
		r.model.violate("a search in document %d, whose version %d was published, found nothing and did not say that a part failed", v.number, v.seen)
	}
}

// judge holds hits against what was known before they were asked for.
func (r *reader) judge(views []view, hits []hit) {
	versions := map[int]int{}
	for _, h := range hits {
		doc, version, wrong := oneVersion(marksIn(h.Text))
		if wrong != "" {
			r.model.violate("a hit in %s shows %s", h.ItemUID, wrong)
			continue
		}
		if other, ok := versions[doc]; ok && other != version {
			r.model.violate("one answer has versions %d and %d of document %d", other, version, doc)
		}
		versions[doc] = version
		if doc >= len(views) { // made since
			continue
		}
		r.current(views[doc], version, "a hit")
		if v := views[doc]; v.uid != "" && (h.ItemUID != v.uid || h.LibraryUID != v.space) {
			r.model.violate("a hit of document %d cites item %s of library %s; it is item %s of %s", doc, h.ItemUID, h.LibraryUID, v.uid, v.space)
		}
	}
}

// current tells whether a version may be read by who asked at the view's time.
func (r *reader) current(v view, version int, what string) {
	switch {
	case v.deleted:
		r.model.violate("%s shows document %d, which had been deleted", what, v.number)
	case version < v.seen && !v.shaken:
		r.model.violate("%s shows version %d of document %d after version %d was published", what, version, v.number, v.seen)
	case version > r.model.sent(v.number):
		r.model.violate("%s shows version %d of document %d, which was never sent", what, version, v.number)
	}
}

// judgeWhole is for answers that hold all of a document.
func (r *reader) judgeWhole(v view, text, what string) {
	doc, version, wrong := whole(marksIn(text))
	switch {
	case wrong != "":
		r.model.violate("%s of document %d shows %s", what, v.number, wrong)
	case doc != v.number:
		r.model.violate("%s of document %d shows document %d", what, v.number, doc)
	default:
		r.current(v, version, what)
	}
}

// missing tells whether a document that is not found may not be.
func (r *reader) missing(v view, what string) {
	if v.seen > 0 && !v.shaken && !r.model.going(v.number) {
		r.model.violate("%s of document %d, whose version %d was published, is not found", what, v.number, v.seen)
	}
}

func (r *reader) readItem(ctx context.Context, v view) {
	var item struct {
		Text      string
		Truncated bool
	}
	ok := r.client.tool(ctx, "get_item", map[string]any{"item_uid": v.uid, "max_chars": 40000}, &item)
	if r.read(ok) && !item.Truncated {
		r.judgeWhole(v, item.Text, "get_item")
	}
}

func (r *reader) readChunks(ctx context.Context, v view) {
	a := r.client.get(ctx, "/library/api/items/"+v.uid+"/chunks/?limit=1000")
	if !r.read(!a.down()) {
		return
	}
	var chunks []struct{ Text string }
	if a.status == http.StatusNotFound || a.status == http.StatusOK && string(a.body) == "[]\n" {
		r.missing(v, "the list of passages")
		return
	}
	if err := a.into(&chunks); err != nil {
		r.model.violate("the passages of document %d: %d %v", v.number, a.status, err)
		return
	}
	var text strings.Builder
	for _, c := range chunks {
		text.WriteString(c.Text + "\n")
	}
	if len(chunks) > 0 {
		r.judgeWhole(v, text.String(), fmt.Sprintf("the list of %d passages", len(chunks)))
	}
}

func (r *reader) readText(ctx context.Context, v view) {
	a := r.client.get(ctx, "/library/api/items/"+v.uid+"/text/")
	if !r.read(!a.down()) {
		return
	}
	if a.status != http.StatusOK {
		r.missing(v, "the text")
		return
	}
	r.judgeWhole(v, string(a.body), "the text")
}
