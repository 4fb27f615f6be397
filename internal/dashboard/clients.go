package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// clientEntry is what to paste where, for a program that is to connect.
type clientEntry struct {
	ID   string // of the element that is copied
	Name string
	Hint string
	Text string
}

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	var buf bytes.Buffer
	buf.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			buf.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		buf.Write(name)
		buf.WriteByte(':')
		buf.Write(value)
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}

// clientEntries are the entries for the usual clients, with the token in
// them. mcpURL is where MCP is, meURL a REST address to try the token at.
func clientEntries(mcpURL, meURL, token string) ([]clientEntry, error) {
	bearer := "Bearer " + token
	headers := object{{"Authorization", bearer}}
	remote := []string{"-y", "mcp-remote", mcpURL, "--transport", "http-only"}
	if needsAllowHTTP(mcpURL) {
		remote = append(remote, "--allow-http")
	}
	// mcp-remote splits an argument at its spaces on some systems; the value
	// comes from the environment.
	remote = append(remote, "--header", "Authorization:${AUTH_HEADER}")
	entries := []clientEntry{
		{ID: "claude-desktop", Name: "Claude Desktop", Hint: "In claude_desktop_config.json. It needs Node.js. “Dynamic Client Registration rejected” there means that the token is not accepted."},
		{ID: "cline", Name: "Cline", Hint: "In cline_mcp_settings.json."},
		{ID: "generic", Name: "Other MCP clients", Hint: "For clients that speak Streamable HTTP."},
	}
	for i, server := range []object{
		{{"command", "npx"}, {"args", remote}, {"env", object{{"AUTH_HEADER", bearer}}}},
		{{"type", "streamableHttp"}, {"url", mcpURL}, {"headers", headers}},
		{{"type", "http"}, {"url", mcpURL}, {"headers", headers}},
	} {
		text, err := indented(object{{"mcpServers", object{{"mnemosyne", server}}}})
		if err != nil {
			return nil, err
		}
		entries[i].Text = text
	}
	// Without oauth: false it hides that a token is refused behind an attempt to
	// register.
	entries = slices.Insert(entries, 2, clientEntry{
		ID: "fast-agent", Name: "fast-agent", Hint: "In fastagent.config.yaml; the headers may stand in fastagent.secrets.yaml.",
		Text: fmt.Sprintf(`mcp:
  servers:
    mnemosyne:
      transport: http
      url: %q
      auth:
        oauth: false
      headers:
        Authorization: %q`, mcpURL, bearer),
	})
	return append(entries, clientEntry{
		ID: "curl", Name: "REST, with curl", Hint: "Tells who the token stands for.",
		Text: fmt.Sprintf("curl -H 'Authorization: %s' '%s'", bearer, strings.ReplaceAll(meURL, "'", "")),
	}), nil
}

// needsAllowHTTP tells whether mcp-remote refuses an address for having no
// TLS: any but the loopback's.
func needsAllowHTTP(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "http" && u.Hostname() != "localhost" && u.Hostname() != "127.0.0.1"
}

func indented(v any) (string, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return "", fmt.Errorf("write a client's entry: %w", err)
	}
	return strings.TrimSuffix(buf.String(), "\n"), nil
}
