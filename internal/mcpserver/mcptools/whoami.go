package mcptools

import (
	"context"
	"fmt"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
)

func (s *Server) whoamiTool() tool {
	t := tool{
		name: toolWhoami, title: "Who am I",
		about:  "Tell which token this connection uses, whose it is, and which libraries and tools it opens.",
		output: whoamiOutput(),
	}
	return makeTool(t, struct{}{}, func(*struct{}) []param { return nil }, s.whoami)
}

func (s *Server) whoami(ctx context.Context, p accounts.Principal, _ struct{}) (answer, error) {
	libraries, err := s.access.Readable(ctx, p)
	if err != nil {
		return answer{}, err
	}
	out := whoamiView{
		Kind: string(p.Credential.Kind), Username: p.Username, Name: p.Credential.Name,
		Libraries: []libraryRefView{}, Tools: []string{}, ExpiresAt: utc(p.Credential.ExpiresAt),
	}
	for _, t := range s.tools {
		if p.MayCall(t.name) {
			out.Tools = append(out.Tools, t.name)
		}
	}
	var b strings.Builder
	for i, l := range libraries {
		line := fmt.Sprintf("- %s (%s)\n", l.Name, l.UID)
		if i > 0 && b.Len()+len(line) > s.opt.MaxResultBytes {
			out.Omitted = len(libraries) - i
			fmt.Fprintf(&b, "%d more did not fit.\n", out.Omitted)
			break
		}
		b.WriteString(line)
		out.Libraries = append(out.Libraries, libraryRefView{l.UID, l.Name})
	}
	return answer{text: whoamiHead(out) + b.String(), structured: out, results: 1}, nil
}

func whoamiHead(v whoamiView) string {
	expires := "never"
	if v.ExpiresAt != nil {
		expires = v.ExpiresAt.Format(time.RFC3339Nano)
	}
	return fmt.Sprintf("kind: %s\nusername: %s\nname: %s\nexpires: %s\ntools: %s\nlibraries: %d\n",
		v.Kind, v.Username, v.Name, expires, strings.Join(v.Tools, ", "), len(v.Libraries)+v.Omitted)
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

type whoamiView struct {
	Kind      string           `json:"kind"`
	Username  string           `json:"username"`
	Name      string           `json:"name"`
	Libraries []libraryRefView `json:"libraries"`
	Tools     []string         `json:"tools"`
	ExpiresAt *time.Time       `json:"expires_at"`
	Omitted   int              `json:"omitted,omitempty"`
}

type libraryRefView struct {
	UID  string `json:"uid"`
	Name string `json:"name"`
}

func whoamiOutput() object {
	return record(object{
		{"kind", oneOfTexts("What the connection uses", string(accounts.CredentialUserToken), string(accounts.CredentialTeam), string(accounts.CredentialAnonymous))},
		{"username", textOf("Whose it is; empty when anonymous")},
		{"name", textOf("Of the token or the team")},
		{"libraries", listOf(record(object{{"uid", textOf("Of the library")}, {"name", textOf("Of the library")}}))},
		{"tools", listOf(textOf("A tool that it may call"))},
		{"expires_at", textOrNull("RFC 3339")},
		{"omitted", integerOf("How many libraries did not fit into the answer, when any")},
	}, "omitted")
}
