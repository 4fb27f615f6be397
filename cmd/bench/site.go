package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	siteItems   = 10_000
	siteVisits  = 100 // of each page, in turn with /live/
	siteAlone   = 300 // and by itself
	siteFirst   = 60_000
	livePath    = "/live/"
	pagesOfSite = 60 // that are visited at most
)

// site measures the pages over a library of many documents, each in turn with
// /live/, and what a browser loads for the first of them.
func (b *bench) site(ctx context.Context) (rows []row, err error) {
	dir, err := b.folder("site")
	if err != nil {
		return nil, err
	}
	s, err := b.upMadeUp(ctx, filepath.Join(dir, "data"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	lib, err := s.newLibrary(ctx, "Notes")
	if err != nil {
		return nil, err
	}
	group, sending := errgroup.WithContext(ctx)
	group.SetLimit(fillers)
	w := b.words.seeded(31)
	for i := range siteItems {
		d := submitted{LibraryUID: lib.UID, Filename: fmt.Sprintf("note-%d.md", i), Text: "# " + w.sentence(4) + "\n\n" + w.sentence(30)}
		group.Go(func() error {
			_, err := s.submit(sending, d)
			return err
		})
	}
	if err := errors.Join(group.Wait(), s.settle(ctx, lib.UID)); err != nil {
		return nil, err
	}
	v, err := s.visitor(ctx)
	if err != nil {
		return nil, err
	}
	first, err := v.weigh(ctx, "/libraries/")
	if err != nil {
		return nil, err
	}
	rows = append(rows, row{
		what: "what a browser loads for its first page, scripts and styles included", measured: fmt.Sprintf("%d bytes, %d requests", first.bytes, first.requests),
		target: "≤ 60 KB", missed: first.bytes > siteFirst,
	})
	paths, err := v.paths(ctx)
	if err != nil {
		return nil, err
	}
	for _, path := range append(paths, "/search/?q=whatever+there+is") {
		r, err := v.measure(ctx, s, path)
		if err != nil {
			return rows, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// visitor is somebody's browser, without scripts and without a cache.
type visitor struct {
	base   string
	client *http.Client
}

var tokenField = regexp.MustCompile(`name="csrf_token" value="([^"]*)"`)

// visitor signs the first user in.
func (s *server) visitor(ctx context.Context) (*visitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	v := &visitor{base: s.url, client: &http.Client{Jar: jar, Transport: &http.Transport{DisableCompression: true}}}
	form, err := v.get(ctx, "/accounts/login/")
	if err != nil {
		return nil, err
	}
	found := tokenField.FindSubmatch(form)
	if found == nil {
		return nil, errors.New("the form to sign in holds no token")
	}
	values := url.Values{"csrf_token": {string(found[1])}, "username": {"admin"}, "password": {s.password}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, v.base+"/accounts/login/", strings.NewReader(values.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_, err = v.do(r)
	return v, err
}

func (v *visitor) get(ctx context.Context, path string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+path, nil)
	if err != nil {
		return nil, err
	}
	return v.do(r)
}

func (v *visitor) do(r *http.Request) ([]byte, error) {
	resp, err := v.client.Do(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	err = errors.Join(err, resp.Body.Close())
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", r.URL.Path, resp.Status)
	}
	return body, err
}

type weight struct{ bytes, requests int }

var (
	loaded   = regexp.MustCompile(`(?:<link [^>]*href|<script [^>]*src|<img [^>]*src)="(/static/[^"]+)"`)
	imported = regexp.MustCompile(`["'(]\./([a-z0-9_.-]+)["')]`)
	led      = regexp.MustCompile(`<a [^>]*href="(/[^"#]*)"`)
	named    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|after=[^&]*|before=[^&]*`)
)

// weigh counts what a page and whatever it names take, as they are sent.
func (v *visitor) weigh(ctx context.Context, path string) (w weight, err error) {
	known := map[string]bool{}
	next := []string{path}
	for len(next) > 0 {
		at := next[0]
		next = next[1:]
		if known[at] {
			continue
		}
		known[at] = true
		body, err := v.get(ctx, at)
		if err != nil {
			return w, err
		}
		w.bytes, w.requests = w.bytes+len(body), w.requests+1
		for _, m := range loaded.FindAllSubmatch(body, -1) {
			next = append(next, string(m[1]))
		}
		if strings.HasPrefix(at, "/static/") {
			for _, m := range imported.FindAllSubmatch(body, -1) {
				next = append(next, "/static/"+string(m[1]))
			}
		}
	}
	return w, nil
}

// paths are the pages that links lead to, one of each kind.
func (v *visitor) paths(ctx context.Context) ([]string, error) {
	kinds := map[string]bool{}
	next, out := []string{"/libraries/"}, []string{}
	for len(next) > 0 && len(out) < pagesOfSite {
		at := next[0]
		next = next[1:]
		kind := named.ReplaceAllString(at, "*")
		if kinds[kind] || strings.Contains(kind, "?") || strings.Contains(at, "/api/") && !strings.HasPrefix(at, "/api/docs/") {
			continue
		}
		kinds[kind] = true
		body, err := v.get(ctx, at)
		if err != nil {
			return nil, err
		}
		out = append(out, at)
		for _, m := range led.FindAllSubmatch(body, -1) {
			next = append(next, strings.ReplaceAll(string(m[1]), "&amp;", "&"))
		}
	}
	return out, nil
}

// measure asks for a page and for /live/ in turn, and then for the page alone:
// the server's processor time is told in hundredths of a second, so that it
// takes many.
func (v *visitor) measure(ctx context.Context, s *server, path string) (row, error) {
	var page, live []time.Duration
	size := 0
	for range siteVisits {
		for _, ask := range []struct {
			path  string
			times *[]time.Duration
		}{{livePath, &live}, {path, &page}} {
			begin := time.Now()
			body, err := v.get(ctx, ask.path)
			if err != nil {
				return row{}, err
			}
			*ask.times = append(*ask.times, time.Since(begin))
			size = len(body)
		}
	}
	before := s.cpu()
	for range siteAlone {
		if _, err := v.get(ctx, path); err != nil {
			return row{}, err
		}
	}
	each := (s.cpu() - before) / siteAlone
	slices.Sort(page)
	slices.Sort(live)
	ratio := milliseconds(percentile(page, .95)) / milliseconds(percentile(live, .95))
	return row{
		what:     fmt.Sprintf("page %s, %d documents, %d bytes", named.ReplaceAllString(path, "*"), siteItems, size),
		measured: fmt.Sprintf("%s; %.1f ms of processor time", spread50(page), milliseconds(each)), target: "p95 ≤ 3 × that of /live/", missed: ratio > 3,
		beside: fmt.Sprintf("/live/ in turn: %s; %.1f ×", spread50(live), ratio),
	}, nil
}
