package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// bearer adds a token to each request.
type bearer struct {
	token string
	next  http.RoundTripper
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(r)
}

// connect is the official MCP client with the first start's token.
func (s *server) connect(ctx context.Context) (*mcp.ClientSession, error) {
	client := mcp.NewClient(&mcp.Implementation{Name: "bench", Version: "1"}, nil)
	return client.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: s.url + "/mcp/", HTTPClient: &http.Client{Transport: bearer{s.token, s.client.Transport}}, MaxRetries: -1,
	}, nil)
}

// ask calls a tool and reads its answer into a value.
func ask(ctx context.Context, session *mcp.ClientSession, tool string, arguments map[string]any, into any) error {
	res, err := session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		return err
	}
	raw, err := json.Marshal(res.StructuredContent)
	if err != nil {
		return err
	}
	if res.IsError {
		return fmt.Errorf("%s answers %s", tool, raw)
	}
	return json.Unmarshal(raw, into)
}

// citation is a hit as REST and MCP give it.
type citation struct {
	ChunkUID string  `json:"chunk_uid"`
	ItemUID  string  `json:"item_uid"`
	Page     *int    `json:"page"`
	Start    int     `json:"start"`
	End      int     `json:"end"`
	Text     string  `json:"text"`
	Score    float64 `json:"score"`
}

type answer struct {
	Hits     []citation        `json:"hits"`
	Status   map[string]string `json:"status"`
	Degraded bool              `json:"degraded"`
}
