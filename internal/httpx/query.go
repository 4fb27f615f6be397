package httpx

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// Query reads a request's query into a struct of strings, integers and
// booleans. The tags are those that the OpenAPI document is made from:
// query (the name), default, minimum, maximum and enum. Names that the struct
// does not have, and names given twice, are wrong.
func Query[T any](r *http.Request) (T, error) {
	var into T
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return into, errs.New(errs.Invalid, "The query is not well formed.")
	}
	v := reflect.ValueOf(&into).Elem()
	names := queryNames(v.Type())
	if err := checkQuery(values, names); err != nil {
		return into, err
	}
	for name, f := range names {
		text := f.Tag.Get("default")
		got, given := values[name]
		if given {
			text = got[0]
		}
		if text == "" && !given {
			continue
		}
		if fault := setQuery(v.FieldByIndex(f.Index), f.Tag, text); fault != "" {
			return into, errs.Field(name, fault)
		}
	}
	return into, nil
}

func checkQuery(values url.Values, names map[string]reflect.StructField) error {
	for name, got := range values {
		if _, ok := names[name]; !ok {
			return errs.Field(cleanName(name), "There is no such parameter.")
		}
		if len(got) > 1 {
			return errs.Field(name, "This parameter is given twice.")
		}
		if !utf8.ValidString(got[0]) || strings.ContainsRune(got[0], 0) {
			return errs.Field(name, "Null characters are not allowed.")
		}
	}
	return nil
}

// cleanName makes a name that came from outside one that JSON can hold.
func cleanName(name string) string { return strings.ToValidUTF8(name, "?") }

func queryNames(t reflect.Type) map[string]reflect.StructField {
	out := map[string]reflect.StructField{}
	if t == nil {
		return out
	}
	for _, f := range reflect.VisibleFields(t) {
		if name := f.Tag.Get("query"); name != "" {
			out[name] = f
		}
	}
	return out
}

func setQuery(v reflect.Value, tag reflect.StructTag, text string) (fault string) {
	switch v.Kind() {
	case reflect.String:
		if enum := tag.Get("enum"); enum != "" && !slices.Contains(strings.Split(enum, ","), text) {
			return "Use one of: " + strings.ReplaceAll(enum, ",", ", ") + "."
		}
		v.SetString(text)
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return "A valid integer is required."
		}
		low, high := bound(tag, "minimum"), bound(tag, "maximum")
		if n < low || n > high {
			return fmt.Sprintf("Ensure this value is between %d and %d.", low, high)
		}
		v.SetInt(int64(n))
	case reflect.Bool:
		switch text {
		case "true":
			v.SetBool(true)
		case "false":
		default:
			return "Use true or false."
		}
	default:
		panic("httpx: a query cannot hold a " + v.Kind().String())
	}
	return ""
}

func bound(tag reflect.StructTag, name string) int {
	n, err := strconv.Atoi(tag.Get(name))
	if err != nil {
		panic("httpx: an integer in a query needs a " + name)
	}
	return n
}
