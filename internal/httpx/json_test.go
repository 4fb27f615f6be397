package httpx_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

type sample struct {
	Name  string         `json:"name" required:"true"`
	Count int            `json:"count"`
	On    bool           `json:"on"`
	Place *string        `json:"place" nullable:"true"`
	Tags  []string       `json:"tags"`
	Meta  map[string]any `json:"meta"`
}

func body(t *testing.T, contentType, text string) (sample, httpx.Present, error) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(text))
	r.Header.Set("Content-Type", contentType)
	return httpx.Body[sample](httptest.NewRecorder(), r)
}

func TestBodyTakesWhatItsTypeSays(t *testing.T) {
	t.Parallel()
	got, present, err := body(t, "application/json; charset=UTF-8",
		`{"name":"n","count":-3,"on":true,"place":null,"tags":["\ud83d\ude00","\ufffd","\\ud800","\ud83d\ude00\ud83d\ude00�"],"meta":{"Name":1,"deep":[{"x":null}]}}`)
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "n" || got.Count != -3 || !got.On || got.Place != nil || strings.Join(got.Tags, " ") != "😀 � \\ud800 😀😀�" || got.Meta["Name"] == nil {
		t.Errorf("read %+v", got)
	}
	if !present["place"] || present["absent"] {
		t.Errorf("present %v", present)
	}
}

func TestBodyNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, text string
		field      string // empty: told in the message
		says       string
	}{
		{"empty", ``, "", "empty"},
		{"no object", `[1]`, "", "must be a JSON object"},
		{"a bare null", `null`, "", "must be a JSON object"},
		{"cut short", `{"name":"n"`, "", "not JSON"},
		{"no JSON", `{"name":}`, "", "not JSON"},
		{"something behind", `{"name":"n"} {}`, "", "behind"},
		{"unknown field", `{"name":"n","nam":1}`, "nam", "no such field"},
		{"another case", `{"Name":"n"}`, "Name", "no such field"},
		{"twice", `{"name":"a","name":"b"}`, "name", "twice"},
		{"twice, escaped", `{"name":"a","n\u0061me":"b"}`, "name", "twice"},
		{"twice, deeper", `{"name":"a","meta":{"k":1,"k":2}}`, "meta", "k: This field is given twice"},
		{"missing", `{"count":1}`, "name", "required"},
		{"null", `{"name":null}`, "name", "null"},
		{"null in a list", `{"name":"n","tags":[null]}`, "tags", "0: This field may not be null"},
		{"a number for a text", `{"name":1}`, "name", "string"},
		{"a text for a number", `{"name":"n","count":"1"}`, "count", "integer"},
		{"a fraction", `{"name":"n","count":1.5}`, "count", "integer"},
		{"a huge number", `{"name":"n","count":1e400}`, "count", "integer"},
		{"a number for a truth", `{"name":"n","on":1}`, "on", "boolean"},
		{"an object for a text", `{"name":{}}`, "name", "string"},
		{"a text for a list", `{"name":"n","tags":"a"}`, "tags", "list"},
		{"a list for an object", `{"name":"n","meta":[]}`, "meta", "object"},
		{"a null character", `{"name":"a\u0000b"}`, "name", "Null characters"},
		{"a null character in a name", `{"name":"n","meta":{"\u0000":1}}`, "", "Null characters"},
		{"too deep", `{"name":"n","meta":` + strings.Repeat(`{"a":`, 40) + `1` + strings.Repeat(`}`, 40) + `}`, "meta", "nested"},
		{"too deep a list", `{"name":"n","meta":{"a":` + strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40) + `}}`, "meta", "nested"},
		{"half a surrogate pair", `{"name":"a\ud800"}`, "name", "surrogate"},
		{"the halves the wrong way round", `{"name":"\udc00\ud800"}`, "name", "surrogate"},
		{"a half before another escape", `{"name":"\ud800\n"}`, "name", "surrogate"},
		{"a half after a pair", `{"name":"\ud83d\ude00\ude00"}`, "name", "surrogate"},
		{"a half deeper", `{"name":"n","meta":{"a":["\uDFFF"]}}`, "meta", "a.0: Half of a surrogate"},
		{"a half in a name", `{"name":"n","meta":{"\ud800":1}}`, "", "surrogate"},
		{"not UTF-8", "{\"name\":\"\xff\"}", "", "UTF-8"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := body(t, "application/json", row.text)
			e := errs.As(err)
			if e == nil || e.Kind != errs.Invalid {
				t.Fatalf("error %v, want an invalid one", err)
			}
			said := e.Message
			if row.field != "" {
				said = strings.Join(e.Fields[row.field], " ")
			}
			if !strings.Contains(strings.ToLower(said), strings.ToLower(row.says)) {
				t.Errorf("field %q says %q (of %v), want %q", row.field, said, e, row.says)
			}
		})
	}
}

func TestBodyRefusesOtherMediaAndTooMuch(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{"", "text/plain", "application/json; charset=latin1", "application/x-www-form-urlencoded", ";"} {
		if _, _, err := body(t, contentType, `{"name":"n"}`); !errs.Is(err, errs.Unsupported) {
			t.Errorf("%q: %v", contentType, err)
		}
	}
	if _, _, err := body(t, "application/json", `{"name":"`+strings.Repeat("a", httpx.MaxJSON)+`"}`); !errs.Is(err, errs.TooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func FuzzDecodeObject(f *testing.F) {
	for _, seed := range []string{`{"name":"n"}`, `{"name":"a\u0000"}`, `{"meta":{"a":[{}]}}`, `[`, `{"name":"n","count":1e9}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var into sample
		if _, err := httpx.DecodeObject(raw, &into); err != nil && !errs.Is(err, errs.Invalid) {
			t.Errorf("%q gives %v, which is not the caller's fault", raw, err)
		}
	})
}
