package mcptools

import (
	"context"
	"fmt"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
)

func (s *Server) listLibrariesTool() tool {
	t := tool{
		name: toolListLibraries, title: "List libraries",
		about:  "List the libraries that you may read, newest first, with their types and how many documents they hold.",
		output: listLibrariesOutput(),
	}
	return makeTool(t, struct{}{}, func(*struct{}) []param { return nil }, s.listLibraries)
}

func (s *Server) listLibraries(ctx context.Context, p accounts.Principal, _ struct{}) (answer, error) {
	libraries, err := s.access.Readable(ctx, p)
	if err != nil {
		return answer{}, err
	}
	out := librariesView{Libraries: []libraryView{}}
	var b strings.Builder
	for i, l := range libraries {
		line := fmt.Sprintf("- %s (%s): %s, %d documents", l.Name, l.UID, l.Type, l.ItemCount)
		if l.Description != "" {
			line += ". " + l.Description
		}
		if i > 0 && b.Len()+len(line) > s.opt.MaxResultBytes {
			out.Omitted = len(libraries) - i
			fmt.Fprintf(&b, "%d more did not fit.\n", out.Omitted)
			break
		}
		b.WriteString(line + "\n")
		out.Libraries = append(out.Libraries, libraryView{l.UID, l.Name, l.Description, l.Type, l.ItemCount})
	}
	text := "You may read no library.\n"
	if len(libraries) > 0 {
		text = b.String()
	}
	return answer{text: text, structured: out, results: len(libraries)}, nil
}

type librariesView struct {
	Libraries []libraryView `json:"libraries"`
	Omitted   int           `json:"omitted,omitempty"`
}

type libraryView struct {
	UID         string `json:"uid"`
	Name        string `json:"name"`
	Description string `json:"description"`
	LibraryType string `json:"library_type"`
	ItemCount   int64  `json:"item_count"`
}

func listLibrariesOutput() object {
	return record(object{
		{"libraries", listOf(record(object{
			{"uid", textOf("Of the library; it or the name goes where a tool takes libraries.")},
			{"name", textOf("Names need not be unique")},
			{"description", textOf("What it holds")},
			{"library_type", textOf("Such as technical or fiction")},
			{"item_count", integerOf("How many documents it holds")},
		}))},
		{"omitted", integerOf("How many did not fit into the answer, when any")},
	}, "omitted")
}
