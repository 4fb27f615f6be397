package apidocs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// document is as much of an OpenAPI 3.1 document as pages show.
type document struct {
	Info       struct{ Title, Version string }
	Paths      map[string]map[string]described
	Components struct{ Schemas map[string]schema }
}

type described struct {
	Tags        []string
	Summary     string
	OperationID string
	Parameters  []struct {
		Name, In, Description string
		Required              bool
		Schema                schema
	}
	RequestBody struct {
		Content map[string]struct{ Schema schema }
	}
	Responses map[string]struct {
		Description string
		Content     map[string]struct{ Schema schema }
	}
	Security []map[string][]string
}

func read(raw []byte) (*document, error) {
	doc := &document{}
	if err := json.Unmarshal(raw, doc); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	return doc, nil
}

// group is the operations of one tag.
type group struct {
	Tag, Title string
	Operations []operation
}

// operation is one method of one path.
type operation struct {
	ID, Method, Path, Summary string
	Public                    bool // nobody is asked who they are
	Destroys                  bool // it asks before it is tried
	Parameters                []parameter
	Bodies                    []body
	Answers                   []answer
	Errors                    []answer
	Curl                      string // after the address of the site
}

// parameter is a part of the path or of the query.
type parameter struct {
	In string
	field
}

// body is one form that a request's body may have.
type body struct {
	Media   string
	JSON    bool
	Fields  []field
	Example string
}

// answer is one status.
type answer struct {
	Status, Meaning string
	Media           string // empty: no body
	Fields          []field
	Example         string
}

// groups sorts the operations under their tags, the everyday ones first.
func (d *document) groups() []group {
	order := []string{"search", "ingest", "items", "libraries", "workspaces", "teams", "me", "health"}
	byTag := map[string][]operation{}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range []string{"get", "post", "put", "patch", "delete"} {
			if o, ok := d.Paths[path][method]; ok && len(o.Tags) > 0 {
				byTag[o.Tags[0]] = append(byTag[o.Tags[0]], d.operation(strings.ToUpper(method), path, o))
			}
		}
	}
	tags := slices.SortedFunc(maps.Keys(byTag), func(a, b string) int {
		return strings.Compare(rank(order, a), rank(order, b))
	})
	out := make([]group, 0, len(tags))
	for _, tag := range tags {
		out = append(out, group{Tag: tag, Title: strings.ToUpper(tag[:1]) + tag[1:], Operations: byTag[tag]})
	}
	return out
}

// rank sorts what is in the order by it, and the rest behind by name.
func rank(order []string, tag string) string {
	if i := slices.Index(order, tag); i >= 0 {
		return fmt.Sprintf("%02d", i)
	}
	return "99" + tag
}

func (d *document) operation(method, path string, o described) operation {
	out := operation{
		ID: o.OperationID, Method: method, Path: path, Summary: o.Summary, Public: len(o.Security) == 0, Destroys: method == http.MethodDelete,
	}
	for _, p := range o.Parameters {
		f := d.fieldOf(p.Name, p.Schema, p.Required)
		if p.Description != "" {
			f.About = p.Description
		}
		out.Parameters = append(out.Parameters, parameter{In: p.In, field: f})
	}
	for _, media := range slices.Sorted(maps.Keys(o.RequestBody.Content)) {
		of := o.RequestBody.Content[media].Schema
		b := body{Media: media, JSON: media == "application/json", Fields: d.rows(of)}
		if b.JSON {
			b.Example = indented(d.example("", of, true))
		}
		out.Bodies = append(out.Bodies, b)
	}
	for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
		r := o.Responses[status]
		a := answer{Status: status, Meaning: r.Description}
		for media, content := range r.Content {
			a.Media = media
			if status < "400" {
				a.Fields, a.Example = d.rows(content.Schema), indented(d.example("", content.Schema, false))
			}
		}
		if status < "400" {
			out.Answers = append(out.Answers, a)
		} else {
			out.Errors = append(out.Errors, a)
		}
	}
	out.Curl = curl(out)
	return out
}

// curl is the call as a command, without the site's address. static/apidocs.js
// writes the same one of what is filled in.
func curl(o operation) string {
	var b strings.Builder
	if o.Method != http.MethodGet {
		b.WriteString(" -X " + o.Method)
	}
	if !o.Public {
		b.WriteString(` -H "Authorization: Bearer $TOKEN"`)
	}
	if len(o.Bodies) > 0 && o.Bodies[0].JSON {
		var compact bytes.Buffer
		_ = json.Compact(&compact, []byte(o.Bodies[0].Example)) // it is JSON of ours
		b.WriteString(" --json " + quoted(compact.String()))
	}
	return b.String()
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// Command is the whole call for a site.
func (o operation) Command(site string) string {
	return "curl" + o.Curl + " " + quoted(site+o.Path)
}
