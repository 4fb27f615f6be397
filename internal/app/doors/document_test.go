package doors_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// document is what is used of the OpenAPI document.
type document struct {
	operations []operation
	paths      map[string][]string // the methods of each path, in capitals
}

// operation is a method of a path, as the document tells it.
type operation struct {
	method, path string
	inPath       []string // names of parameters, outermost first
	inQuery      []string
	inBody       []string // names of the JSON body's fields; nil: takes none
	inForm       []string
	public       bool
	body         *schema
}

// key names an operation in the rules: the parameters' names are left out.
func (op operation) key() string {
	return op.method + " " + parameter.ReplaceAllString(op.path, "{}")
}

var parameter = regexp.MustCompile(`\{(\w+)\}`)

// unsafe tells that the method changes something, as CSRF protection has it.
func (op operation) unsafe() bool { return op.method != http.MethodGet && op.method != http.MethodHead }

func (d document) has(key string) bool {
	return slices.ContainsFunc(d.operations, func(op operation) bool { return op.key() == key })
}

type schema struct {
	Ref        string            `json:"$ref"`
	Type       any               `json:"type"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
	Required   []string          `json:"required"`
	Enum       []any             `json:"enum"`
}

// types are the JSON types that a schema allows; none: any.
func (s schema) types() []string {
	switch t := s.Type.(type) {
	case string:
		return []string{t}
	case []any:
		var out []string
		for _, one := range t {
			if name, ok := one.(string); ok {
				out = append(out, name)
			}
		}
		return out
	}
	return nil
}

func readDocument(h *house) document {
	h.t.Helper()
	var raw struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name, In string }
			Security   []any
			Body       struct {
				Content map[string]struct{ Schema schema }
			} `json:"requestBody"`
		}
		Components struct{ Schemas map[string]schema }
	}
	a := h.insist(200, identity{name: "anybody"}, "GET", "/api/openapi.json", nil)
	must(h.t, json.Unmarshal([]byte(a.body), &raw))
	d := document{paths: map[string][]string{}}
	resolve := func(s schema) schema {
		if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
			return raw.Components.Schemas[name]
		}
		return s
	}
	for path, methods := range raw.Paths {
		for method, told := range methods {
			op := operation{method: strings.ToUpper(method), path: path, public: len(told.Security) == 0}
			for _, m := range parameter.FindAllStringSubmatch(path, -1) {
				op.inPath = append(op.inPath, m[1])
			}
			for _, p := range told.Parameters {
				if p.In == "query" {
					op.inQuery = append(op.inQuery, p.Name)
				}
			}
			if media, ok := told.Body.Content["application/json"]; ok {
				s := resolve(media.Schema)
				op.body, op.inBody = &s, names(s)
			}
			if media, ok := told.Body.Content["multipart/form-data"]; ok {
				op.inForm = names(resolve(media.Schema))
			}
			d.operations = append(d.operations, op)
			d.paths[path] = append(d.paths[path], op.method)
		}
	}
	slices.SortFunc(d.operations, func(a, b operation) int {
		return strings.Compare(a.path+a.method, b.path+b.method)
	})
	if len(d.operations) < 20 {
		h.t.Fatalf("the OpenAPI document has only %d operations", len(d.operations))
	}
	return d
}

func names(s schema) []string {
	out := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
