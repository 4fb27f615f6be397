package httpx

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// MaxJSON is the largest JSON body that is read, in bytes.
const MaxJSON = 1 << 20

const maxDepth = 32

// Present holds the names of the fields that a body had at its top.
type Present map[string]bool

// Body reads a JSON object into a struct, strictly: names exactly as in the
// struct's json tags, each once; no null where the field is not a pointer
// with the tag nullable:"true"; fields with required:"true" there; no
// character U+0000, no half of a surrogate pair, nothing behind the object. What is wrong is told by
// field. Present says which fields were there, so that null and absent are
// told apart.
func Body[T any](w http.ResponseWriter, r *http.Request) (T, Present, error) {
	var into T
	raw, err := readJSON(w, r)
	if err != nil {
		return into, nil, err
	}
	present, err := DecodeObject(raw, &into)
	return into, present, err
}

func readJSON(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := strings.ToLower(params["charset"])
	if err != nil || media != "application/json" || (charset != "" && charset != "utf-8" && charset != "utf8") {
		return nil, errs.New(errs.Unsupported, "Send JSON in UTF-8, with Content-Type: application/json.")
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return nil, errs.New(errs.Unsupported, "Send the body without Content-Encoding.")
	}
	if r.ContentLength > MaxJSON { // said before any of it is read
		return nil, errs.New(errs.TooLarge, "The body is larger than 1 MiB.")
	}
	Hasten(r)
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxJSON))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errs.New(errs.TooLarge, "The body is larger than 1 MiB.")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, errs.New(errs.Invalid, "The body did not come in time.")
	case err != nil:
		return nil, errs.New(errs.Invalid, "The body was cut short.")
	}
	return raw, nil
}

// DecodeObject reads a JSON object as Body does.
func DecodeObject(raw []byte, into any) (Present, error) {
	if !utf8.Valid(raw) {
		return nil, errs.New(errs.Invalid, "The body is not UTF-8.")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	c := &checker{dec: dec, raw: raw, present: Present{}}
	first, err := dec.Token()
	switch {
	case errors.Is(err, io.EOF):
		return nil, errs.New(errs.Invalid, "The body is empty. Send a JSON object.")
	case err != nil:
		return nil, syntaxFault(err)
	case first != json.Delim('{'):
		return nil, errs.New(errs.Invalid, "The body must be a JSON object.")
	}
	if err := c.object(reflect.TypeOf(into).Elem(), "", 1); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errs.New(errs.Invalid, "There is something behind the JSON object.")
	}
	strict := json.NewDecoder(bytes.NewReader(raw))
	strict.UseNumber()
	if err := strict.Decode(into); err != nil {
		return nil, syntaxFault(err)
	}
	return c.present, nil
}

func syntaxFault(err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return errs.Newf(errs.Invalid, "This is not JSON: %s, at byte %d.", syntax.Error(), syntax.Offset)
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return errs.Field(kind.Field, "A "+kind.Value+" does not fit here.")
	}
	return errs.New(errs.Invalid, "This is not JSON: it ends too early.")
}

// checker walks a document's tokens beside the Go type that it is for. The
// types are structs, slices, scalars, pointers, maps and any.
type checker struct {
	dec     *json.Decoder
	raw     []byte // what dec reads
	present Present
}

// text tells what is wrong with a string that was just read, if anything. The
// decoder puts U+FFFD in the place of half a surrogate pair, so that what was
// written is looked at where there is one.
func (c *checker) text(v string, begin int64) (fault string) {
	switch {
	case strings.ContainsRune(v, 0):
		return "Null characters are not allowed."
	case strings.ContainsRune(v, utf8.RuneError) && halfPair(c.raw[begin:c.dec.InputOffset()]):
		return "Half of a surrogate pair is not allowed."
	}
	return ""
}

// halfPair tells whether JSON escapes a surrogate without its other half.
func halfPair(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++
		r := escaped(raw, i)
		if !utf16.IsSurrogate(r) {
			continue
		}
		const hex = 4
		if i += hex; i+2 >= len(raw) || raw[i+1] != '\\' || utf16.DecodeRune(r, escaped(raw, i+2)) == utf8.RuneError {
			return true
		}
		i += 2 + hex
	}
	return false
}

// escaped is the code unit of the escape whose letter is at i, or -1.
func escaped(raw []byte, i int) rune {
	const end = 5 // u and four digits
	if i+end > len(raw) || raw[i] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(raw[i+1:i+end]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}

// fieldError names a field by its top name, and says deeper down what is
// meant.
func fieldError(path, fault string) error {
	top, rest, deep := strings.Cut(path, ".")
	if deep {
		fault = rest + ": " + fault
	}
	return errs.Field(top, fault)
}

func (c *checker) object(t reflect.Type, path string, depth int) error {
	if depth > maxDepth {
		return tooDeep(path)
	}
	fields := fieldsOf(t)
	seen := map[string]bool{}
	for c.dec.More() {
		begin := c.dec.InputOffset()
		token, err := c.dec.Token()
		if err != nil {
			return syntaxFault(err)
		}
		name, _ := token.(string)
		if fault := c.text(name, begin); fault != "" {
			return errs.New(errs.Invalid, fault)
		}
		at := name
		if path != "" {
			at = path + "." + name
		}
		if err := c.member(fields, seen, name, at, depth); err != nil {
			return err
		}
	}
	if _, err := c.dec.Token(); err != nil {
		return syntaxFault(err)
	}
	if path == "" {
		c.present = seen
	}
	for name, f := range fields {
		if f.required && !seen[name] {
			return fieldError(strings.TrimPrefix(path+"."+name, "."), "This field is required.")
		}
	}
	return nil
}

func (c *checker) member(fields map[string]field, seen map[string]bool, name, at string, depth int) error {
	f, known := fields[name]
	switch {
	case fields != nil && !known:
		return fieldError(at, "There is no such field.")
	case seen[name]:
		return fieldError(at, "This field is given twice.")
	}
	seen[name] = true
	return c.value(f, at, depth)
}

func (c *checker) value(f field, path string, depth int) error {
	begin := c.dec.InputOffset()
	token, err := c.dec.Token()
	if err != nil {
		return syntaxFault(err)
	}
	kind := f.kind()
	switch v := token.(type) {
	case nil:
		if kind != reflect.Interface && !f.nullable {
			return fieldError(path, "This field may not be null.")
		}
	case json.Delim:
		if v == '[' {
			return c.array(f, kind, path, depth+1)
		}
		if err := fits(kind == reflect.Struct || kind == reflect.Map, kind, path); err != nil {
			return err
		}
		return c.object(f.typ, path, depth+1)
	case string:
		if fault := c.text(v, begin); fault != "" {
			return fieldError(path, fault)
		}
		return fits(kind == reflect.String, kind, path)
	case bool:
		return fits(kind == reflect.Bool, kind, path)
	case json.Number:
		_, err := v.Int64()
		return fits(err == nil && (kind == reflect.Int || kind == reflect.Int64), kind, path)
	}
	return nil
}

func tooDeep(path string) error {
	top, _, _ := strings.Cut(path, ".")
	return errs.Field(top, fmt.Sprintf("The JSON is nested deeper than %d levels.", maxDepth))
}

func (c *checker) array(f field, kind reflect.Kind, path string, depth int) error {
	if err := fits(kind == reflect.Slice, kind, path); err != nil {
		return err
	}
	if depth > maxDepth {
		return tooDeep(path)
	}
	element := field{}
	if kind == reflect.Slice {
		element = fieldOf(f.typ.Elem(), "")
	}
	for i := 0; c.dec.More(); i++ {
		if err := c.value(element, fmt.Sprintf("%s.%d", path, i), depth); err != nil {
			return err
		}
	}
	if _, err := c.dec.Token(); err != nil {
		return syntaxFault(err)
	}
	return nil
}

func fits(ok bool, kind reflect.Kind, path string) error {
	if ok || kind == reflect.Interface {
		return nil
	}
	return fieldError(path, expected(kind))
}

func expected(kind reflect.Kind) string {
	switch kind { //nolint:exhaustive // the others cannot be in a body
	case reflect.String:
		return "Not a valid string."
	case reflect.Bool:
		return "Must be a valid boolean."
	case reflect.Int, reflect.Int64:
		return "A valid integer is required."
	case reflect.Slice:
		return "Expected a list."
	}
	return "Expected an object."
}

// field is a place in a body. A nil typ takes anything.
type field struct {
	typ                reflect.Type // pointers taken off
	nullable, required bool
}

// kind is what the place takes; an interface takes anything.
func (f field) kind() reflect.Kind {
	if f.typ == nil {
		return reflect.Interface
	}
	return f.typ.Kind()
}

func fieldOf(t reflect.Type, tag reflect.StructTag) field {
	f := field{nullable: tag.Get("nullable") == "true", required: tag.Get("required") == "true"}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Interface {
		f.typ = t
	}
	return f
}

// fieldsOf lists the fields of a struct by their JSON names; nil for what
// takes any name.
func fieldsOf(t reflect.Type) map[string]field {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	out := map[string]field{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && !f.Anonymous && name != "" && name != "-" {
			out[name] = fieldOf(f.Type, f.Tag)
		}
	}
	return out
}
