package doors_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fault is a wrong request and the status that it gets.
type fault struct {
	what string
	want int // 0: any 4xx
	request
}

func TestWrongRequestsAreRefusedInOneShapeAndChangeNothing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := newWorld(h)
		tried := 0
		for _, op := range w.document.operations {
			r, known := ruleFor(h.t, op)
			if !known || r.needs == open2all {
				continue
			}
			before, kept := w.content(), w.files()
			for _, f := range slices.Concat(w.wrongBodies(op, r), w.wrongForms(op), w.wrongPaths(op, r), w.wrongQueries(op, r)) {
				w.refused(op, r, f)
				tried++
			}
			if after := w.content(); after != before {
				h.t.Errorf("%s %s: wrong requests changed the store:\n%s", op.method, op.path, difference(before, after))
			}
			if now := w.files(); !slices.Equal(now, kept) {
				h.t.Errorf("%s %s: wrong requests left files: %v, before %v", op.method, op.path, now, kept)
			}
		}
		if faults := h.log.faults(); strings.Contains(faults, `"level":"ERROR"`) {
			h.t.Errorf("the program logged errors of its own:\n%s", faults)
		}
		h.t.Logf("%d wrong requests", tried)
	})
}

// refused sends a wrong request and looks at its answer.
func (w *world) refused(op operation, r rule, f fault) {
	w.t.Helper()
	f.headers = w.who[owner].headers()
	a := w.ask(f.request)
	if a.status == http.StatusNoContent && r.idempotent && !strings.Contains(f.path, "?") {
		return // deleting what there is not is no fault
	}
	if a.status < 400 || a.status >= 500 || (f.want != 0 && a.status != f.want) {
		w.t.Errorf("%s %s with %s: %s, want %d", op.method, op.path, f.what, a, f.want)
		return
	}
	if !inShape(a) {
		w.t.Errorf("%s %s with %s: %s is not in the shape of a refusal", op.method, op.path, f.what, a)
	}
}

// inShape tells whether a body is {"detail":"…"} or {"field":["…"]}.
func inShape(a answer) bool {
	var body map[string]any
	if a.header.Get("Content-Type") != "application/json" || json.Unmarshal([]byte(a.body), &body) != nil || len(body) == 0 {
		return false
	}
	for name, value := range body {
		switch v := value.(type) {
		case string:
			if name != "detail" && name != "code" {
				return false
			}
		case []any:
			for _, one := range v {
				if text, ok := one.(string); !ok || text == "" {
					return false
				}
			}
		default:
			return false
		}
	}
	return true
}

// files are those that the program keeps of documents, and those on their way.
func (w *world) files() []string {
	w.t.Helper()
	var out []string
	for _, folder := range []string{"objects", "tmp"} {
		err := filepath.WalkDir(filepath.Join(w.core.Dir, folder), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				out = append(out, path)
			}
			return err
		})
		must(w.t, err)
	}
	return out
}

// right is a request to which nothing is wrong yet.
func (w *world) right(op operation, r rule) (path string, body map[string]any, at place) {
	w.t.Helper()
	at = w.places[private]
	if strings.HasPrefix(op.path, workspacesPath) {
		at = w.places[workspace]
	}
	path = fill(w.t, op, at)
	if r.body != nil {
		body, _ = r.body(at).(map[string]any)
		if len(r.refs) > 0 && slices.Contains(op.inBody, "library_uid") {
			body["library_uid"] = at.library
		}
	}
	return path, body, at
}

const deep = 10_000

func (w *world) wrongBodies(op operation, r rule) (out []fault) {
	w.t.Helper()
	if op.inBody == nil {
		return nil
	}
	path, body, _ := w.right(op, r)
	whole := encode(w.t, body)
	add := func(what string, want int, contentType, text string) {
		out = append(out, fault{what, want, request{method: op.method, path: path, body: text, contentType: contentType}})
	}
	const media = "application/json"
	for what, text := range map[string]string{
		"nothing": "", "white space": " \n", "half a body": whole[:len(whole)-1], "words": "hello", "a list": "[" + whole + "]", "a text": `"x"`,
		"null": "null", "a number": "1", "two bodies": whole + whole, "a comment": whole[:len(whole)-1] + `/**/}`, "a final comma": whole[:len(whole)-1] + ",}",
		"a byte order mark": "\ufeff" + whole, "single quotes": "{'name':'x'}", "a NUL behind it": whole + "\x00",
		"deep lists": strings.Repeat("[", deep) + strings.Repeat("]", deep), "deep objects": strings.Repeat(`{"a":`, deep) + "1" + strings.Repeat("}", deep),
		"UTF-16": "\xff\xfe{\x00}\x00",
	} {
		add(what, http.StatusBadRequest, media, text)
	}
	rest := strings.TrimPrefix(whole, "{")
	if rest != "}" {
		rest = "," + rest
	}
	add("an unknown field", http.StatusBadRequest, media, `{"no_such_field":1`+rest)
	add("an unknown field with a NUL", http.StatusBadRequest, media, `{"a\u0000":1`+rest)
	add("10 MB", http.StatusRequestEntityTooLarge, media, `{"no_such_field":"`+strings.Repeat("x", 10<<20)+`"`+rest)
	for _, other := range []string{"", "text/plain", "application/xml", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "json", "application/json, text/plain"} {
		add("the media type "+other, http.StatusUnsupportedMediaType, other, whole)
	}
	for _, name := range op.inBody {
		for what, value := range wrongValues(op.body.Properties[name]) {
			with := maps.Clone(body)
			delete(with, name)
			text := strings.TrimPrefix(encode(w.t, with), "{")
			if text != "}" {
				text = "," + text
			}
			add(name+" as "+what, http.StatusBadRequest, media, `{"`+name+`":`+value+text)
		}
		add(name+" twice", http.StatusBadRequest, media, twice(w.t, body, name, op.body.Properties[name]))
	}
	return out
}

// wrongValues are JSON texts that a field cannot take.
func wrongValues(s schema) map[string]string {
	all := map[string]string{
		"a text": `"no such value"`, "a number": `12`, "a fraction": `1.5`, "a huge number": `1e999`, "true": `true`, "a list": `[1]`, "an object": `{"a":1}`,
	}
	types := s.types()
	for _, t := range types {
		switch t {
		case "string":
			delete(all, "a text")
			all["a text with a NUL"], all["half a surrogate pair"] = `"a\u0000b"`, `"a\ud800b"`
			all["the wrong half of a pair"], all["bytes that are no UTF-8"] = `"\udc00\ud800"`, "\"a\xffb\""
			all["a surrogate as bytes"], all["a raw control character"] = "\"a\xed\xa0\x80b\"", "\"a\x01b\""
		case "integer", "number":
			delete(all, "a number")
		case "boolean":
			delete(all, "true")
		case "array":
			delete(all, "a list")
			all["a list of lists"] = `[[[]]]`
		case "object":
			delete(all, "an object")
			all["an object nested too deep"] = strings.Repeat(`{"a":`, deep) + `1` + strings.Repeat(`}`, deep)
			all["an object with a NUL"] = `{"a":{"b\u0000":"c"}}`
			all["an object with half a surrogate pair"] = `{"a":["\ud800"]}`
			all["an object with a field twice"] = `{"a":1,"a":2}`
		}
	}
	if !slices.Contains(types, "null") {
		all["null"] = `null`
	}
	if len(types) == 0 && s.Enum == nil {
		return map[string]string{"a text with a NUL": `"a\u0000b"`}
	}
	return all
}

// twice is a body that has a field two times.
func twice(t *testing.T, body map[string]any, name string, s schema) string {
	t.Helper()
	value := `"x"`
	for _, kind := range s.types() {
		switch kind {
		case "integer", "number":
			value = "1"
		case "boolean":
			value = "true"
		case "array":
			value = "[]"
		case "object":
			value = "{}"
		}
	}
	if v, ok := body[name]; ok {
		value = encode(t, v)
	}
	with := maps.Clone(body)
	with[name] = json.RawMessage(value)
	return `{"` + name + `":` + value + "," + strings.TrimPrefix(encode(t, with), "{")
}

// wrongForms are multipart bodies of the operations that take them.
func (w *world) wrongForms(op operation) (out []fault) {
	if op.inForm == nil {
		return nil
	}
	const boundary = "limit"
	part := func(name, more, content string) string {
		return "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"" + more + "\r\n\r\n" + content + "\r\n"
	}
	file, end := part("file", `; filename="a.md"`, "# A\n\nB."), "--"+boundary+"--\r\n"
	to := part("library_uid", "", w.places[private].library)
	add := func(what string, want int, contentType, text string) {
		out = append(out, fault{what, want, request{method: op.method, path: op.path, body: text, contentType: contentType}})
	}
	const media = "multipart/form-data; boundary=" + boundary
	add("no boundary", 0, "multipart/form-data", to+file+end)
	for what, text := range map[string]string{
		"no form at all": "hello", "an empty form": end, "no end": to + file, "half a part": to + file[:30],
		"no file": to + end, "no library": file + end, "an empty file": to + part("file", `; filename="a.md"`, "") + end,
		"an unknown field": to + part("no_such_field", "", "x") + file + end, "a file and a text": to + part("text", "", "x") + file + end,
		"two files": to + file + file + end, "a NUL in the file's name": to + part("file", "; filename=\"a\x00.md\"", "x") + end,
		"no UTF-8 in the file's name": to + part("file", "; filename=\"a\xff.md\"", "x") + end,
		"metadata that is no object":  to + part("metadata", "", "[1]") + file + end, "metadata with a NUL": to + part("metadata", "", `{"a":"\u0000"}`) + file + end,
		"metadata with half a surrogate pair": to + part("metadata", "", `{"a":"\ud800"}`) + file + end,
		"metadata behind the object":          to + part("metadata", "", `{},"text":"x"`) + file + end,
		"a hash that is none":                 to + part("content_hash", "", "sha256:xyz") + file + end,
	} {
		want := http.StatusBadRequest
		add(what, want, media, text)
	}
	for _, name := range op.inForm {
		if name == "file" {
			continue
		}
		add(name+" with a NUL", http.StatusBadRequest, media, part(name, "", "a\x00b")+end)
		add(name+" without UTF-8", http.StatusBadRequest, media, part(name, "", "a\xffb")+end)
		add(name+" twice", http.StatusBadRequest, media, part(name, "", "x")+part(name, "", "x")+file+end)
		add(name+" of 2 MB", http.StatusRequestEntityTooLarge, media, part(name, "", strings.Repeat("x", 2<<20))+end)
	}
	return out
}

// wrongPaths put into each place of a path what cannot name anything.
func (w *world) wrongPaths(op operation, r rule) (out []fault) {
	w.t.Helper()
	_, body, at := w.right(op, r)
	for i := range op.inPath {
		for what, segment := range map[string]string{
			"a NUL": "%00", "a NUL in it": "a%00b", "a slash": "a%2Fb", "two dots": "%2e%2e", "a way up": "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
			"a backslash": "%5c..%5c", "no UTF-8": "%ff", "a surrogate": "%ed%a0%80", "a line break": "a%0d%0aX-Injected:%201", "a percent sign": "%25",
			"a quote": "%27%20OR%201=1--", "a very long name": strings.Repeat("x", 5000), "a long name of four bytes each": strings.Repeat("%f0%9f%a6%85", 1500),
			"a star": "*", "a brace": "%7Buid%7D", "a blank": "%20", "a uid and a blank": url.PathEscape(at.library) + "%20", "a uid without dashes": strings.ReplaceAll(nothing(w.t).library, "-", ""), "markup": "%3Cscript%3E", "an overlong dot": "%c0%ae%c0%ae",
		} {
			path := op.path
			for j, k := range objectsIn(w.t, op) {
				value := url.PathEscape(at.value(k))
				if i == j {
					value = segment
				}
				path = strings.Replace(path, "{"+op.inPath[j]+"}", value, 1)
			}
			f := fault{"a path with " + what, 0, request{method: op.method, path: path}}
			if body != nil {
				f.body = body
			}
			out = append(out, f)
		}
	}
	return out
}

// wrongQueries give an operation what it does not take.
func (w *world) wrongQueries(op operation, r rule) (out []fault) {
	w.t.Helper()
	path, body, _ := w.right(op, r)
	add := func(query string) {
		f := fault{"the query " + fmt.Sprintf("%.60q", query), http.StatusBadRequest, request{method: op.method, path: path + "?" + query}}
		if body != nil {
			f.body = body
		}
		out = append(out, f)
	}
	for _, query := range []string{"no_such_parameter=1", "%zz=1", "a;b=1", "%00=1", "%ff=1", "=", "limit=1&no_such_parameter=1"} {
		add(query)
	}
	for _, name := range op.inQuery {
		for _, value := range []string{"a%00b", "%ff", "%ed%a0%80"} {
			add(name + "=" + value)
		}
		add(name + "=1&" + name + "=1")
		switch name {
		case "limit":
			for _, value := range []string{"0", "-1", "1001", "x", "", "1e2", "1.5", "99999999999999999999", "%201", "0x10", "١"} {
				add("limit=" + value)
			}
		case "cursor":
			for _, value := range []string{"x", "AAAA", strings.Repeat("A", 3000), "%7B%7D", "eyJ1aWQiOiJ4In0"} {
				add("cursor=" + value)
			}
		case "status":
			add("status=nonsense")
		}
	}
	return out
}
