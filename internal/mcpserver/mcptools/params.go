package mcptools

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// param is one argument of a tool: what its schema says and how a value is
// read, so that the two cannot part. Exactly one target is set; a target keeps
// its value when the argument is not given.
type param struct {
	name     string
	about    string
	required bool
	min, max int // of a number, of a text's code points, of how many texts

	number *int
	text   *string
	texts  *[]string
	pairs  *map[string]string
	yes    *bool
}

func (p param) needed() param { p.required = true; return p }

func number(target *int, name string, least, most int, about string) param {
	return param{name: name, about: about, min: least, max: most, number: target}
}

func text(target *string, name string, most int, about string) param {
	return param{name: name, about: about, min: 1, max: most, text: target}
}

func texts(target *[]string, name string, most int, about string) param {
	return param{name: name, about: about, min: 1, max: most, texts: target}
}

func pairs(target *map[string]string, name string, most int, about string) param {
	return param{name: name, about: about, min: 1, max: most, pairs: target}
}

func yes(target *bool, name, about string) param { return param{name: name, about: about, yes: target} }

// maxName bounds a name or a uid within a list, in code points.
const maxName = 200

// schema describes the argument in JSON Schema, without unions: some clients
// refuse them.
func (p param) schema() object {
	switch {
	case p.number != nil:
		return object{{"type", "integer"}, {"description", p.about}, {"minimum", p.min}, {"maximum", p.max}}
	case p.yes != nil:
		return object{{"type", "boolean"}, {"description", p.about}}
	case p.texts != nil:
		item := object{{"type", "string"}, {"minLength", 1}, {"maxLength", maxName}}
		return object{{"type", "array"}, {"description", p.about}, {"items", item}, {"minItems", p.min}, {"maxItems", p.max}}
	case p.pairs != nil:
		value := object{{"type", "string"}, {"minLength", 1}, {"maxLength", maxName}}
		return object{{"type", "object"}, {"description", p.about}, {"additionalProperties", value}, {"minProperties", p.min}, {"maxProperties", p.max}}
	}
	return object{{"type", "string"}, {"description", p.about}, {"minLength", p.min}, {"maxLength", p.max}}
}

// set reads a value into the target and says what is wrong with it, if
// anything.
func (p param) set(raw json.RawMessage) (fault string) {
	switch {
	case string(raw) == "null":
		return "must not be null; leave it out instead."
	case p.number != nil:
		return p.setNumber(raw)
	case p.yes != nil:
		if json.Unmarshal(raw, p.yes) != nil {
			return "must be true or false."
		}
		return ""
	case p.texts != nil:
		return p.setTexts(raw)
	case p.pairs != nil:
		return p.setPairs(raw)
	}
	s, fault := readText(raw, p.max)
	if fault == "" {
		*p.text = s
	}
	return fault
}

func (p param) setNumber(raw json.RawMessage) string {
	var f float64
	if err := json.Unmarshal(raw, &f); err != nil || f != math.Trunc(f) {
		return "must be a whole number."
	}
	if f < float64(p.min) || f > float64(p.max) {
		if p.max == math.MaxInt32 {
			return fmt.Sprintf("must be at least %d.", p.min)
		}
		return fmt.Sprintf("must be from %d to %d.", p.min, p.max)
	}
	*p.number = int(f)
	return ""
}

func (p param) setTexts(raw json.RawMessage) string {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return "must be a list of texts."
	}
	if len(items) < p.min || len(items) > p.max {
		return fmt.Sprintf("must hold %d to %d texts; leave it out to narrow nothing.", p.min, p.max)
	}
	out := make([]string, len(items))
	for i, item := range items {
		s, fault := readText(item, maxName)
		if fault != "" {
			return "entry " + strconv.Itoa(i+1) + " " + fault
		}
		out[i] = s
	}
	*p.texts = out
	return ""
}

func (p param) setPairs(raw json.RawMessage) string {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(raw, &given); err != nil {
		return "must be an object of texts."
	}
	if len(given) < p.min || len(given) > p.max {
		return fmt.Sprintf("must hold %d to %d texts by name; leave it out to narrow nothing.", p.min, p.max)
	}
	out := make(map[string]string, len(given))
	for _, key := range slices.Sorted(maps.Keys(given)) {
		value, fault := readText(given[key], maxName)
		if fault != "" {
			return quoted(key) + " " + fault
		}
		out[key] = value
	}
	*p.pairs = out
	return ""
}

func readText(raw json.RawMessage, most int) (s, fault string) {
	if err := json.Unmarshal(raw, &s); err != nil || raw[0] != '"' {
		return "", "must be a text."
	}
	switch {
	case strings.TrimSpace(s) == "":
		return "", "must not be blank."
	case strings.ContainsRune(s, 0):
		return "", "must not contain the NUL character."
	case utf8.RuneCountInString(s) > most:
		return "", fmt.Sprintf("must have at most %d characters.", most)
	}
	return s, ""
}

// decode reads a call's arguments. Every fault is named at once; an argument
// that does not exist is one, because dropping a filter would widen a search.
func decode(raw json.RawMessage, params []param) error {
	given := map[string]json.RawMessage{}
	if len(raw) > 0 && string(raw) != "null" {
		if err := json.Unmarshal(raw, &given); err != nil {
			return errs.Field("arguments", "must be an object.")
		}
	}
	faults := map[string][]string{}
	for _, p := range params {
		value, ok := given[p.name]
		delete(given, p.name)
		fault := ""
		switch {
		case ok:
			fault = p.set(value)
		case p.required:
			fault = "is required."
		}
		if fault != "" {
			faults[p.name] = []string{fault}
		}
	}
	for name := range given {
		faults[quoted(name)] = []string{"is no argument of this tool, which takes " + names(params) + "."}
	}
	if len(faults) > 0 {
		return &errs.Error{Kind: errs.Invalid, Message: "The arguments are wrong.", Fields: faults}
	}
	return nil
}

func names(params []param) string {
	if len(params) == 0 {
		return "none"
	}
	all := make([]string, len(params))
	for i, p := range params {
		all[i] = p.name
	}
	return strings.Join(all, ", ")
}
