package apidocs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const (
	schemaPrefix = "#/components/schemas/"
	deepest      = 5 // levels of objects that are shown
)

// schema is as much of a JSON schema as the document uses.
type schema struct {
	Ref         string `json:"$ref"`
	Type        kinds
	Format      string
	Description string
	Pattern     string
	Enum        []any
	Examples    []any
	Default     any
	Properties  map[string]schema
	Required    []string
	Items       *schema
	AnyOf       []schema
	MinLength   *int64
	MaxLength   *int64
	Minimum     *float64
	Maximum     *float64
}

// kinds is a type, or several of them.
type kinds []string

// UnmarshalJSON takes a word or a list of words.
func (k *kinds) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*k = kinds{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(k))
}

// field is one value of a body, an answer or a request's address. The name of
// one inside others holds theirs: hits[].title.
type field struct {
	Name, Type, About, Rule string
	Required                bool
	File                    bool
	Options                 []string
	Default                 string
}

// resolved follows a reference, and a union with null, to the schema itself.
func (d *document) resolved(s schema) (out schema, nullable bool) {
	for s.Ref != "" || len(s.AnyOf) > 0 {
		if s.Ref != "" {
			next := d.Components.Schemas[strings.TrimPrefix(s.Ref, schemaPrefix)]
			if next.Description == "" {
				next.Description = s.Description
			}
			s = next
			continue
		}
		var next *schema
		for i := range s.AnyOf {
			if slices.Equal(s.AnyOf[i].Type, kinds{"null"}) {
				nullable = true
			} else if next == nil {
				next = &s.AnyOf[i]
			}
		}
		if next == nil {
			return s, nullable
		}
		about := s.Description
		if s = *next; s.Description == "" {
			s.Description = about
		}
	}
	if i := slices.Index(s.Type, "null"); i >= 0 {
		s.Type, nullable = slices.Delete(slices.Clone(s.Type), i, i+1), true
	}
	return s, nullable
}

// rows are the fields of an object or of a list's objects.
func (d *document) rows(s schema) []field { return d.rowsUnder("", s, 0) }

func (d *document) rowsUnder(prefix string, s schema, depth int) (out []field) {
	s, _ = d.resolved(s)
	if s.Items != nil {
		return d.rowsUnder(prefix+"[]", *s.Items, depth)
	}
	if depth == deepest {
		return nil
	}
	for _, name := range names(s) {
		full := name
		if prefix != "" {
			full = prefix + "." + name
		}
		of := s.Properties[name]
		out = append(out, d.fieldOf(full, of, slices.Contains(s.Required, name)))
		out = append(out, d.rowsUnder(full, of, depth+1)...)
	}
	return out
}

// names are the properties: the required ones as they are declared, then the
// others by name.
func names(s schema) []string {
	var out []string
	for _, name := range s.Required {
		if _, ok := s.Properties[name]; ok {
			out = append(out, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func (d *document) fieldOf(name string, s schema, required bool) field {
	s, nullable := d.resolved(s)
	f := field{
		Name: name, Type: d.typeOf(s), About: s.Description, Rule: ruleOf(s), Required: required,
		File: s.Format == "binary",
	}
	if nullable {
		f.Type += " or null"
	}
	for _, value := range s.Enum {
		f.Options = append(f.Options, fmt.Sprint(value))
	}
	if s.Default != nil {
		f.Default = fmt.Sprint(s.Default)
	}
	return f
}

func (d *document) typeOf(s schema) string {
	switch {
	case s.Format == "binary":
		return "file"
	case s.Items != nil:
		items, _ := d.resolved(*s.Items)
		return "list of " + d.typeOf(items)
	case len(s.Type) == 0 && len(s.Properties) > 0:
		return "object"
	case len(s.Type) == 0:
		return "any"
	case s.Format == "uuid", s.Format == "date-time":
		return s.Format
	}
	return s.Type[0]
}

// ruleOf says what a value has to keep to.
func ruleOf(s schema) string {
	var rules []string
	add := func(when bool, format string, args ...any) {
		if when {
			rules = append(rules, fmt.Sprintf(format, args...))
		}
	}
	both := s.MinLength != nil && s.MaxLength != nil
	switch {
	case both:
		add(true, "%d to %d characters", *s.MinLength, *s.MaxLength)
	case s.MaxLength != nil:
		add(true, "at most %d characters", *s.MaxLength)
	case s.MinLength != nil:
		add(*s.MinLength > 0, "at least %d characters", *s.MinLength)
	}
	switch {
	case s.Minimum != nil && s.Maximum != nil:
		add(true, "%s to %s", plain(*s.Minimum), plain(*s.Maximum))
	case s.Maximum != nil:
		add(true, "at most %s", plain(*s.Maximum))
	case s.Minimum != nil:
		add(true, "at least %s", plain(*s.Minimum))
	}
	add(s.Pattern != "", "as %s", s.Pattern)
	add(s.Default != nil, "without it %v", s.Default)
	return strings.Join(rules, ", ")
}

func plain(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// member is a part of an example that keeps its place.
type member struct {
	name  string
	value any
}

type members []member

// MarshalJSON writes the members in order.
func (m members) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, one := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := json.Marshal(one.value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s:%s", strconv.Quote(one.name), value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// example makes a value that fits a schema. Of what is sent it holds what is
// required or has an example of its own; of what is answered, all.
func (d *document) example(name string, s schema, sent bool) any {
	s, nullable := d.resolved(s)
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Items != nil:
		return []any{d.example(strings.TrimSuffix(name, "s"), *s.Items, sent)}
	case len(s.Properties) > 0:
		return d.exampleObject(s, sent)
	case nullable:
		return nil
	case slices.Contains(s.Type, "object"):
		return members{}
	case slices.Contains(s.Type, "integer"), slices.Contains(s.Type, "number"):
		return 1
	case slices.Contains(s.Type, "boolean"):
		return false
	}
	return exampleText(name, s.Format)
}

func (d *document) exampleObject(s schema, sent bool) members {
	out := members{}
	for _, name := range names(s) {
		of, _ := d.resolved(s.Properties[name])
		if !sent || slices.Contains(s.Required, name) || len(of.Examples) > 0 {
			out = append(out, member{name, d.example(name, s.Properties[name], sent)})
		}
	}
	if len(out) == 0 && sent { // of several that may be changed, one
		if all := names(s); len(all) > 0 {
			out = append(out, member{all[0], d.example(all[0], s.Properties[all[0]], sent)})
		}
	}
	return out
}

func exampleText(name, format string) string {
	switch {
	case format == "date-time", strings.HasSuffix(name, "_at"):
		return "2026-01-31T12:00:00Z"
	case format == "uuid", strings.HasSuffix(name, "uid"), name == "id":
		return "0192f0c1-2b3c-4d5e-8f60-718293a4b5c6"
	}
	return "…"
}

func indented(v any) string {
	if v == nil {
		return ""
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return ""
	}
	return strings.TrimSpace(b.String())
}
