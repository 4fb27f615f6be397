package search

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	matchingItems = `SELECT uid, library_uid, %s FROM item
WHERE deleted_at IS NULL AND generation > 0 AND library_uid IN (%s)%s ORDER BY uid`
	readableItems = `SELECT COUNT(*) FROM item WHERE deleted_at IS NULL AND generation > 0 AND library_uid IN (%s)`
)

// matched is a document that filters let through.
type matched struct{ uid, libraryUID string }

// matching gives the documents of libraries that filters let through. The
// store leaves out what it can tell; names in other letters than ASCII's, and
// metadata, are compared here, since its engines do so in ways of their own.
func (c *Catalog) matching(ctx context.Context, f Filters, libraries []string) ([]matched, error) {
	if len(libraries) == 0 {
		return nil, nil
	}
	marks, args := list(libraries, 1)
	w := where{args: args}
	w.filters(f)
	filename, metadata := "''", "''"
	if f.File != "" {
		filename = "filename"
	}
	if len(f.Metadata) > 0 {
		metadata = "metadata"
	}
	name := folded(f.File)
	var out []matched
	_, err := sqldb.All(ctx, c.db.Read(), func(r sqldb.Row) (struct{}, error) {
		var m matched
		var file string
		var given []byte
		err := r.Scan(&m.uid, &m.libraryUID, &file, &given)
		if err == nil && strings.Contains(folded(file), name) && holds(given, f.Metadata) {
			out = append(out, m)
		}
		return struct{}{}, err
	}, fmt.Sprintf(matchingItems, filename+", "+metadata, marks, w.text.String()), w.args...)
	if err != nil {
		return nil, fmt.Errorf("find the documents to search: %w", err)
	}
	return out, nil
}

// readable counts the documents of libraries that can be found at all.
func (c *Catalog) readable(ctx context.Context, libraries []string) (int, error) {
	marks, args := list(libraries, 1)
	n, err := sqldb.One(ctx, c.db.Read(), func(r sqldb.Row) (n int, err error) { return n, r.Scan(&n) }, fmt.Sprintf(readableItems, marks), args...)
	if err != nil {
		return 0, fmt.Errorf("count the documents to search: %w", err)
	}
	return n, nil
}

// folded makes names equal that people take for the same.
func folded(name string) string { return strings.ToLower(norm.NFC.String(name)) }

// holds tells whether metadata has all of these values. A list has each of its
// elements; a number is compared as it was written.
func holds(given []byte, wanted map[string]string) bool {
	if len(wanted) == 0 {
		return true
	}
	var metadata map[string]any
	dec := json.NewDecoder(bytes.NewReader(given))
	dec.UseNumber()
	if dec.Decode(&metadata) != nil {
		return false
	}
	for key, value := range wanted {
		if !saysValue(metadata[key], value) {
			return false
		}
	}
	return true
}

func saysValue(given any, value string) bool {
	switch v := given.(type) {
	case string:
		return v == value
	case json.Number:
		return v.String() == value
	case bool:
		return strconv.FormatBool(v) == value
	case []any:
		return slices.ContainsFunc(v, func(one any) bool {
			_, inner := one.([]any)
			return !inner && saysValue(one, value)
		})
	}
	return false
}

// where builds the end of a WHERE whose values are all parameters.
type where struct {
	text strings.Builder
	args []any
}

// arg gives a value's parameter.
func (w *where) arg(value any) string {
	w.args = append(w.args, value)
	return "$" + strconv.Itoa(len(w.args))
}

func (w *where) and(condition string) { w.text.WriteString(" AND " + condition) }

// like asks for texts that hold one, whatever the case of ASCII's letters. No
// character of it is syntax.
func (w *where) like(column, before, text, after string) string {
	return "LOWER(" + column + ") LIKE LOWER(" + w.arg(before+likeText(text)+after) + `) ESCAPE '\'`
}

func (w *where) filters(f Filters) {
	if f.File != "" && plain(f.File) {
		w.and(w.like("filename", "%", f.File, "%"))
	}
	if f.ContentType != "" {
		w.contentType(f.ContentType)
	}
	if f.Language != "" {
		w.and("(language = " + w.arg(f.Language) + " OR language LIKE " + w.arg(f.Language+"-%") + ")")
	}
	if f.Source != "" {
		w.and("substr(source, 1, CAST(" + w.arg(len([]rune(f.Source))) + " AS INTEGER)) = " + w.arg(f.Source))
	}
	if !f.Since.IsZero() {
		w.and("updated_at >= " + w.arg(sqldb.At(f.Since)))
	}
	if !f.Before.IsZero() {
		w.and("updated_at < " + w.arg(sqldb.At(f.Before)))
	}
	for _, key := range slices.Sorted(maps.Keys(f.Metadata)) {
		for _, text := range []string{key, f.Metadata[key]} {
			if spelt.MatchString(text) { // any other may be written in several ways
				w.and("(" + w.like("metadata", "%", text, "%") + ` OR metadata LIKE '%\\u%' ESCAPE '\')`)
			}
		}
	}
}

// spelt is a text that JSON spells one way only, short of escaping its letters.
var spelt = regexp.MustCompile(`^[A-Za-z0-9 _.:-]+$`)

func (w *where) contentType(t string) {
	switch {
	case strings.Contains(t, "/"):
		w.and("(content_type = " + w.arg(t) + " OR content_type LIKE " + w.arg(likeText(t)+";%") + ` ESCAPE '\')`)
	case slices.Contains(mainTypes(), t):
		w.and("content_type LIKE " + w.arg(t+"/%"))
	default:
		ending := strings.TrimPrefix(t, ".")
		either := []string{w.like("filename", "%.", ending, "")}
		for _, known := range typesOfEnding(ending) {
			either = append(either, "content_type = "+w.arg(known))
		}
		w.and("(" + strings.Join(either, " OR ") + ")")
	}
}

// likeText takes the meaning of characters in a pattern.
func likeText(text string) string {
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(text)
}

// plain tells that a text is of ASCII's characters.
func plain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}
