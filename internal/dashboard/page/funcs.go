package page

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"git.helu.ca/r/mnemosyne/web"
)

// funcs are what templates may call. What a page says is decided before; here
// is only how values are spelt.
func funcs(assets *web.Assets, zone *time.Location) template.FuncMap {
	if zone == nil {
		zone = time.UTC
	}
	return template.FuncMap{
		"asset":  assets.URL,
		"bytes":  func(n int64) string { return humanize.IBytes(uint64(max(n, 0))) },
		"count":  Count,
		"number": func(n int64) string { return humanize.Comma(n) },
		"stamp":  func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"moment": func(t time.Time) string { return Moment(t, zone) },
		"day":    func(t time.Time) string { return t.In(zone).Format("2 January 2006") },
		"prose":  prose,
		"join":   func(list []string) string { return strings.Join(list, ", ") },
		"pair":   pair,
	}
}

// prose sets what stands between backticks as code, as messages have it that
// are read at the command line, too.
func prose(text string) template.HTML {
	parts := strings.Split(text, "`")
	var b strings.Builder
	for i, part := range parts {
		escaped := template.HTMLEscapeString(part)
		switch {
		case i%2 == 1 && i < len(parts)-1:
			b.WriteString("<code>" + escaped + "</code>")
		case i%2 == 1: // the last backtick has no other
			b.WriteString("`" + escaped)
		default:
			b.WriteString(escaped)
		}
	}
	return template.HTML(b.String()) //nolint:gosec // each part is escaped
}

// Moment is a time as people read it.
func Moment(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2 Jan 2006, 15:04 MST")
}

// Count spells a number of things: "1 document", "2,000 documents".
func Count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return humanize.Comma(n) + " " + many
}

// pair hands two values to a part: what it shows, and the frame that it is in.
func pair(values ...any) (map[string]any, error) {
	if len(values)%2 != 0 {
		return nil, fmt.Errorf("pair takes names and values, not %d arguments", len(values))
	}
	out := make(map[string]any, len(values)/2)
	for i := 0; i < len(values); i += 2 {
		name, ok := values[i].(string)
		if !ok {
			return nil, fmt.Errorf("pair takes a name before each value, not %v", values[i])
		}
		out[name] = values[i+1]
	}
	return out, nil
}
