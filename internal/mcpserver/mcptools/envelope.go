package mcptools

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/httpx"
)

const (
	maxBody  = 1 << 20 // bytes of a request
	maxBatch = 16      // messages in one, in the revisions that have batches
)

// Codes of JSON-RPC errors.
const (
	codeParse           = -32700
	codeInvalidRequest  = -32600
	codeMethodNotFound  = -32601
	codeInvalidParams   = -32602
	codeInternal        = -32603
	codeUnauthenticated = -32001 // of the range left to servers, as the next
	codeTooMany         = -32003
)

// newEra is the first revision without initialize and sessions.
const newEra = "2026-07-28"

// envelope is what must be known of a message before the SDK reads it.
type envelope struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// empty tells that a message is neither a request nor an answer.
func (e envelope) empty() bool { return e.Method == "" && e.Result == nil && e.Error == nil }

// checkEnvelope refuses bodies that are no JSON-RPC messages with a JSON-RPC
// error, in the words of JSON-RPC and not of a web server, and answers the
// methods that the SDK would drop the connection over.
func (s *Server) checkEnvelope(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			next.ServeHTTP(&plainErrors{ResponseWriter: w}, r)
			return
		}
		body, ok := readBody(w, r)
		if !ok {
			return
		}
		var message envelope
		if batch(body) {
			if !fewMessages(w, body) {
				return
			}
		} else if err := json.Unmarshal(body, &message); err != nil || message.empty() {
			refuse(w, http.StatusBadRequest, nil, codeInvalidRequest, "The body is not a JSON-RPC message.")
			return
		} else if answerUnknown(w, r, message) {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(&plainErrors{ResponseWriter: w, id: message.ID}, r)
	})
}

// readBody reads a request's JSON whole. json.Valid also bounds how deep it
// nests, which what reads it afterwards does not.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	httpx.Hasten(r)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, nil, codeInvalidRequest, "The body is larger than 1 MiB.")
	case err != nil:
		refuse(w, http.StatusBadRequest, nil, codeParse, "The body could not be read.")
	case !utf8.Valid(body):
		refuse(w, http.StatusBadRequest, nil, codeParse, "The body is not UTF-8.")
	case !json.Valid(body):
		refuse(w, http.StatusBadRequest, nil, codeParse, "The body is not JSON.")
	default:
		return body, true
	}
	return nil, false
}

func batch(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("["))
}

// fewMessages bounds a batch: its messages are worked on all at once.
func fewMessages(w http.ResponseWriter, body []byte) bool {
	var messages []json.RawMessage
	if err := json.Unmarshal(body, &messages); err != nil || len(messages) == 0 || len(messages) > maxBatch {
		refuse(w, http.StatusBadRequest, nil, codeInvalidRequest, "A batch holds 1 to 16 messages.")
		return false
	}
	return true
}

// answerUnknown answers a method that we do not have, in the revisions where
// the SDK answers it as a broken request, on which clients close the session.
func answerUnknown(w http.ResponseWriter, r *http.Request, m envelope) bool {
	if m.Method == "" || knownMethod(m.Method) || r.Header.Get("Mcp-Protocol-Version") >= newEra {
		return false
	}
	if len(m.ID) == 0 { // a notification is never answered
		w.WriteHeader(http.StatusAccepted)
		return true
	}
	refuse(w, http.StatusOK, m.ID, codeMethodNotFound, "There is no method "+quoted(m.Method)+".")
	return true
}

func knownMethod(method string) bool {
	switch method {
	case "initialize", "ping", "server/discover", "completion/complete",
		"tools/list", "tools/call", "prompts/list", "prompts/get",
		"resources/list", "resources/templates/list", "resources/read", "resources/subscribe", "resources/unsubscribe",
		"logging/setLevel", "subscriptions/listen",
		"notifications/initialized", "notifications/cancelled", "notifications/progress", "notifications/roots/list_changed":
		return true
	}
	return false
}

// quoted is a caller's word as a message repeats it: short and in one line.
func quoted(s string) string {
	const most = 80
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s)
	return strings.TrimSpace(b.String())
}

type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// refuse answers with a JSON-RPC error. Clients show their user nothing else.
func refuse(w http.ResponseWriter, status int, id json.RawMessage, code int, message string) {
	body, _ := json.Marshal(struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   rpcError        `json:"error"`
	}{"2.0", orNull(id), rpcError{code, message}})
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// orNull is the id that an error answers, which must be a string or a number.
func orNull(id json.RawMessage) json.RawMessage {
	if len(id) > 0 && (id[0] == '"' || id[0] == '-' || id[0] >= '0' && id[0] <= '9') {
		return id
	}
	return json.RawMessage("null")
}

// plainErrors turns the SDK's text/plain errors into JSON-RPC errors with the
// same status, and passes everything else through.
type plainErrors struct {
	http.ResponseWriter

	id       json.RawMessage
	replaced bool
	done     bool
	status   int
}

// WriteHeader holds an error back until its text is known.
func (p *plainErrors) WriteHeader(status int) {
	if status >= http.StatusBadRequest && strings.HasPrefix(p.Header().Get("Content-Type"), "text/plain") {
		p.replaced, p.status = true, status
		return
	}
	p.ResponseWriter.WriteHeader(status)
}

// Write passes a body on, or answers with the error whose text it is.
func (p *plainErrors) Write(b []byte) (int, error) {
	if !p.replaced {
		return p.ResponseWriter.Write(b)
	}
	if !p.done {
		p.done = true
		p.Header().Del("Content-Length")
		refuse(p.ResponseWriter, p.status, p.id, codeInvalidRequest, strings.TrimSpace(string(b)))
	}
	return len(b), nil
}

// Unwrap lets http.ResponseController reach what flushes.
func (p *plainErrors) Unwrap() http.ResponseWriter { return p.ResponseWriter }
