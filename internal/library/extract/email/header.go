package email

import (
	"encoding/base64"
	"mime"
	"regexp"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// header holds the fields of a message or part that matter, by their names in
// lower case.
type header map[string]string

// maxField is how much of a field is kept.
const maxField = 64 << 10

func known(name string) bool {
	switch name {
	case "subject", "from", "to", "cc", "bcc", "date", "sender", "newsgroups", "snapshot-content-location",
		"content-type", "content-disposition", "content-transfer-encoding", "content-id":
		return true
	}
	return false
}

// words gives a field's value as people read it.
func (h header) words(name string) string { return decodeWords(h[name]) }

var encodedWord = regexp.MustCompile(`=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=`)

// decodeWords decodes the encoded words of RFC 2047. Neighbours of one charset
// are joined first, for some programs cut characters in two.
func decodeWords(s string) string {
	var out strings.Builder
	var held []byte
	var heldCharset string
	flush := func() {
		if len(held) > 0 {
			out.WriteString(document.DecodeText(held, heldCharset))
		}
		held = nil
	}
	at := 0
	for _, m := range encodedWord.FindAllStringSubmatchIndex(s, -1) {
		name, _, _ := strings.Cut(strings.ToLower(s[m[2]:m[3]]), "*") // a language may follow
		raw, ok := wordBytes(s[m[4]:m[5]], s[m[6]:m[7]])
		if !ok {
			continue
		}
		between := s[at:m[0]]
		if held == nil || strings.TrimSpace(between) != "" || name != heldCharset {
			joined := held != nil && strings.TrimSpace(between) == ""
			flush()
			if !joined {
				out.WriteString(document.DecodeText([]byte(between), ""))
			}
		}
		held, heldCharset, at = append(held, raw...), name, m[1]
	}
	flush()
	out.WriteString(document.DecodeText([]byte(s[at:]), ""))
	return document.OneLine(out.String())
}

func wordBytes(how, s string) ([]byte, bool) {
	if how == "b" || how == "B" {
		raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.TrimSpace(s), "="))
		return raw, err == nil
	}
	var q quoted
	return q.decode([]byte(strings.ReplaceAll(s, "_", " "))), true
}

// parameters splits a field such as Content-Type. What is malformed is read
// as far as it goes.
func parameters(value string) (kind string, params map[string]string) {
	kind, params, err := mime.ParseMediaType(value)
	if err == nil {
		return kind, params
	}
	kind, rest, _ := strings.Cut(value, ";")
	params = map[string]string{}
	for _, m := range parameter.FindAllStringSubmatch(rest, 50) {
		name := strings.ToLower(m[1])
		if _, twice := params[name]; !twice {
			params[name] = m[2] + m[3]
		}
	}
	return strings.ToLower(strings.TrimSpace(kind)), params
}

var parameter = regexp.MustCompile(`([A-Za-z0-9-]+)\*?\s*=\s*(?:"([^"]*)"|([^\s;"]+))`)

// newPart reads what the header says of a part.
func (h header) newPart() *part {
	kind, params := parameters(h["content-type"])
	disposition, about := parameters(h["content-disposition"])
	if !strings.Contains(kind, "/") {
		kind = "text/plain"
	}
	name := about["filename"]
	if name == "" {
		name = params["name"]
	}
	return &part{
		mediaType: kind, charset: params["charset"], filename: decodeWords(name),
		attached: disposition == "attachment", id: strings.Trim(h["content-id"], "<> "),
		flowed: strings.EqualFold(params["format"], "flowed"), delSp: strings.EqualFold(params["delsp"], "yes"),
	}
}
