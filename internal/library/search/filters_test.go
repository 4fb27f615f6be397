package search_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// described puts a document whose row says all this.
func (w *world) described(name, contentType, language, metadata string, at time.Time) string {
	w.Helper()
	uid := w.put(w.papers, "Fruit", name, "apple of "+name)
	w.exec(`UPDATE item SET filename = $2, content_type = $3, language = $4, metadata = $5, updated_at = $6 WHERE uid = $1`,
		uid, name, contentType, language, metadata, sqldb.At(at))
	return uid
}

func day(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }

func TestFiltersNarrowToTheDocumentsThatTheyNameAndNoOthers(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorldOn(t, db)
		report := w.described("docs/Report_2026.PDF", "application/pdf", "en-GB", `{"author":"Ann","year":2026,"draft":true,"tags":["a","b"]}`, day(1))
		w.described("übersicht.md", "text/markdown", "de", `{"author":"ann","year":20261,"tags":["ab"],"deep":{"author":"Ann"}}`, day(2))
		w.described("main.go", "text/x-go", "", `{"path":"C:\\x","quote":"say \"a\"","big":12345678901234567890,"n":1.0,"none":null}`, day(3))
		w.described("scan", "application/pdf; charset=binary", "eng", `{"Author":"Ann","esc":"\u0041nn"}`, day(4))
		for name, c := range map[string]struct {
			f    search.Filters
			want string
		}{
			"file":                 {search.Filters{File: "report_"}, "docs/Report_2026.PDF"},
			"no pattern":           {search.Filters{File: "report%"}, ""},
			"file, other letters":  {search.Filters{File: "ÜBER"}, "übersicht.md"},
			"file, other spelling": {search.Filters{File: "u\u0308bersicht"}, "übersicht.md"},
			"media type":           {search.Filters{ContentType: "application/pdf"}, "docs/Report_2026.PDF scan"},
			"first part":           {search.Filters{ContentType: "Text"}, "main.go übersicht.md"},
			"ending":               {search.Filters{ContentType: "pdf"}, "docs/Report_2026.PDF"},
			"ending with a dot":    {search.Filters{ContentType: ".md"}, "übersicht.md"},
			"source code":          {search.Filters{ContentType: "go"}, "main.go"},
			"unheard of":           {search.Filters{ContentType: "xyz"}, ""},
			"language":             {search.Filters{Language: "en"}, "docs/Report_2026.PDF"},
			"language, long code":  {search.Filters{Language: "deu"}, "übersicht.md"},
			"source":               {search.Filters{Source: "file:docs/"}, "docs/Report_2026.PDF"},
			"source, other case":   {search.Filters{Source: "File:docs/"}, ""},
			"metadata":             {search.Filters{Metadata: map[string]string{"author": "Ann"}}, "docs/Report_2026.PDF"},
			"a number":             {search.Filters{Metadata: map[string]string{"year": "2026"}}, "docs/Report_2026.PDF"},
			"a yes":                {search.Filters{Metadata: map[string]string{"draft": "true"}}, "docs/Report_2026.PDF"},
			"one of a list":        {search.Filters{Metadata: map[string]string{"tags": "b"}}, "docs/Report_2026.PDF"},
			"two keys":             {search.Filters{Metadata: map[string]string{"tags": "a", "year": "2026"}}, "docs/Report_2026.PDF"},
			"two that contradict":  {search.Filters{Metadata: map[string]string{"tags": "a", "year": "2027"}}, ""},
			"a backslash":          {search.Filters{Metadata: map[string]string{"path": `C:\x`}}, "main.go"},
			"quotes":               {search.Filters{Metadata: map[string]string{"quote": `say "a"`}}, "main.go"},
			"a very large number":  {search.Filters{Metadata: map[string]string{"big": "12345678901234567890"}}, "main.go"},
			"a number as written":  {search.Filters{Metadata: map[string]string{"n": "1.0"}}, "main.go"},
			"not another way":      {search.Filters{Metadata: map[string]string{"n": "1"}}, ""},
			"nothing is no text":   {search.Filters{Metadata: map[string]string{"none": ""}}, ""},
			"escaped letters":      {search.Filters{Metadata: map[string]string{"esc": "Ann"}}, "scan"},
			"since":                {search.Filters{Since: day(3)}, "main.go scan"},
			"before":               {search.Filters{Before: day(3)}, "docs/Report_2026.PDF übersicht.md"},
			"between":              {search.Filters{Since: day(2), Before: day(3)}, "übersicht.md"},
			"all at once":          {search.Filters{File: "REPORT", ContentType: "application", Language: "en", Since: day(1), Metadata: map[string]string{"tags": "a"}}, "docs/Report_2026.PDF"},
		} {
			got := w.search(w.alice, search.Request{Query: "apple", Filters: c.f})
			var names []string
			for _, h := range got.Hits {
				names = append(names, h.Title)
			}
			slices.Sort(names)
			if strings.Join(names, " ") != c.want || got.Degraded {
				t.Errorf("%s: found %q, want %q; %+v", name, names, c.want, got.Status)
			}
		}
		if got := w.search(w.alice, search.Request{Query: "apple", ItemUID: report, Filters: search.Filters{File: "main.go"}}); len(got.Hits) != 0 {
			t.Errorf("a document that the filters leave out was searched: %q", texts(got))
		}
		if got := w.search(w.alice, search.Request{Query: "apple", ItemUID: report, Collection: "Fruit", Filters: search.Filters{File: "report"}}); len(got.Hits) != 1 {
			t.Errorf("found %q", texts(got))
		}
		if got := w.search(w.bob, search.Request{Query: "apple", Filters: search.Filters{File: "report"}}); len(got.Hits) != 0 {
			t.Errorf("bob found %q", texts(got))
		}
	})
}

func TestAFilterThatSaysNothingIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.papers, "", "A", "apple")
	many := map[string]string{}
	for i := range 21 {
		many[fmt.Sprint(i)] = "x"
	}
	for field, filters := range map[string][]search.Filters{
		"content_type": {{ContentType: "a b"}, {ContentType: "/pdf"}, {ContentType: "text/"}, {ContentType: "*.pdf"}},
		"language":     {{Language: "klingon"}, {Language: "e"}, {Language: "%"}},
		"metadata":     {{Metadata: map[string]string{"": "x"}}, {Metadata: many}, {Metadata: map[string]string{"a": strings.Repeat("x", 501)}}},
		"before":       {{Since: day(2), Before: day(2)}},
		"file":         {{File: strings.Repeat("x", 501)}, {File: "a\x00"}},
		"source":       {{Source: "\xff"}},
	} {
		for _, f := range filters {
			_, err := search.New(w.opt).Search(t.Context(), w.alice, search.Request{Query: "apple", Filters: f})
			if e := errs.As(err); e == nil || e.Kind != errs.Invalid || e.Fields[field] == nil {
				t.Errorf("%+v: %v", f, err)
			}
		}
	}
}

func TestAFilterThatLeavesMostDocumentsInFindsAllOfThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 230 {
		w.put(w.papers, "", fmt.Sprintf("T%03d", i), fmt.Sprintf("apple number%d", i))
	}
	others := w.put(w.notes, "", "T999", "apple of notes")
	for name, f := range map[string]search.Filters{"all of one library": {Source: "file:T"}, "all but one": {Source: "file:T", Before: time.Now().Add(time.Hour)}} {
		if name == "all but one" {
			w.exec(`UPDATE item SET updated_at = $2 WHERE uid = $1`, others, sqldb.At(time.Now().Add(2*time.Hour)))
		}
		got := w.search(w.alice, search.Request{Query: "apple notes", Limit: 100, Filters: f})
		found := slices.Contains(texts(got), "apple of notes")
		if len(got.Hits) != 100 || found != (name == "all of one library") {
			t.Errorf("%s: %d hits, with the other: %v", name, len(got.Hits), found)
		}
	}
}
