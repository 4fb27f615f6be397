package remote

import (
	"encoding/json"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// saidMost is how much of a server's message is kept, in bytes.
const saidMost = 300

// clean makes one short line of what a server said of a failure: its message
// alone, without the key, and nothing at all where it repeats a text.
func (c *client) clean(said, location string, texts []string) string {
	if location != "" {
		if u, err := url.Parse(location); err == nil {
			u.RawQuery, u.User = "", nil
			return "it points to " + u.String()
		}
	}
	said = strings.Join(strings.FieldsFunc(said, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if c.key != "" {
		said = strings.ReplaceAll(said, c.key, "***")
	}
	if repeats(said, texts) {
		return "its words repeat the text, and are left out"
	}
	if len(said) > saidMost {
		cut := saidMost
		for !utf8.RuneStart(said[cut]) {
			cut--
		}
		said = said[:cut] + "…"
	}
	return said
}

// message finds the sentence in the errors of OpenAI, vLLM, TEI, FastAPI and
// Cohere; a body that is no JSON is taken as it is, unless it is a page.
func message(body []byte) string {
	var shapes struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"`
		Detail  json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal(body, &shapes); err != nil {
		text := strings.TrimSpace(string(body))
		if strings.HasPrefix(text, "<") || strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
			return ""
		}
		return text
	}
	var nested struct {
		Message string `json:"message"`
	}
	var text string
	switch {
	case json.Unmarshal(shapes.Error, &text) == nil && text != "":
	case json.Unmarshal(shapes.Error, &nested) == nil && nested.Message != "":
		text = nested.Message
	case shapes.Message != "":
		text = shapes.Message
	case json.Unmarshal(shapes.Detail, &text) == nil && text != "":
	default:
		text = fastAPI(shapes.Detail)
	}
	return text
}

// fastAPI joins the messages of a request that failed FastAPI's checks. The
// values that they quote are left out.
func fastAPI(detail json.RawMessage) string {
	var faults []struct {
		Message string `json:"msg"`
	}
	if json.Unmarshal(detail, &faults) != nil {
		return ""
	}
	var messages []string
	for _, f := range faults {
		messages = append(messages, f.Message)
	}
	return strings.Join(messages, "; ")
}

// repeats tells whether a message has a part of one of the texts in it.
func repeats(said string, texts []string) bool {
	const part, least = 24, 4
	for _, text := range texts {
		text = strings.Join(strings.Fields(text), " ")
		if len(text) >= least && len(text) <= part && strings.Contains(said, text) {
			return true
		}
		for i := 0; i+part <= len(said) && len(text) >= part; i++ {
			if strings.Contains(text, said[i:i+part]) {
				return true
			}
		}
	}
	return false
}
