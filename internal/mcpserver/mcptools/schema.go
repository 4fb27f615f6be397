package mcptools

import (
	"bytes"
	"encoding/json"
	"slices"
)

// object is a JSON object that keeps the order it was written in, so that
// schemas read as people wrote them.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// inputSchema is the schema of a tool's arguments.
func inputSchema(params []param) object {
	var properties object
	var required []string
	for _, p := range params {
		properties = append(properties, member{p.name, p.schema()})
		if p.required {
			required = append(required, p.name)
		}
	}
	s := object{{"type", "object"}, {"properties", properties}}
	if len(required) > 0 {
		s = append(s, member{"required", required})
	}
	return append(s, member{"additionalProperties", false})
}

// The pieces of output schemas. What may be null has no type: a union with null
// is refused by some clients, and a keyword that speaks of numbers, texts or
// objects only lets null pass.

func textOf(about string) object    { return object{{"type", "string"}, {"description", about}} }
func integerOf(about string) object { return object{{"type", "integer"}, {"description", about}} }
func boolOf(about string) object    { return object{{"type", "boolean"}, {"description", about}} }

func numberOrNull(least int, about string) object {
	return object{{"description", about + ", or null"}, {"minimum", least}}
}

func textOrNull(about string) object {
	return object{{"description", about + ", or null"}, {"minLength", 1}}
}

func recordOrNull(about string, properties object) object {
	return append(object{{"description", about + ", or null"}}, record(properties)[1:]...)
}

func listOf(items object) object { return object{{"type", "array"}, {"items", items}} }

func oneOfTexts(about string, values ...string) object {
	return object{{"type", "string"}, {"description", about}, {"enum", values}}
}

// record is an object whose members are all there, but for those that
// optional names.
func record(properties object, optional ...string) object {
	required := make([]string, 0, len(properties))
	for _, m := range properties {
		if !slices.Contains(optional, m.name) {
			required = append(required, m.name)
		}
	}
	return object{
		{"type", "object"},
		{"properties", properties},
		{"required", required},
		{"additionalProperties", false},
	}
}
