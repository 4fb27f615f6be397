package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/library/libraryapi"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

type searchCmd struct {
	Query   string   `arg:"" help:"What to look for."`
	Library []string `sep:"none" help:"Where: a library's uid or name; may be repeated. Without it, everywhere."`
	User    string   `help:"As whom; needed where there are several people."`
	Limit   int      `help:"How many hits, 100 at most; without it, SEARCH_DEFAULT_LIMIT."`
	JSON    bool     `name:"json" help:"The answer as REST gives it."`
}

// Run prints what the user would find.
func (c searchCmd) Run(ctx context.Context, p *program) error {
	return p.serve(ctx, func(s *app.Services) error {
		by, err := s.ActorFor(ctx, c.User)
		if err != nil {
			return err
		}
		for _, named := range c.Library {
			if _, err := s.OneLibrary(ctx, by.Principal, named); err != nil {
				return err
			}
		}
		found, err := s.Search.Search(ctx, by.Principal, search.Request{
			Query: c.Query, Libraries: c.Library, Limit: c.Limit, Surface: "command",
		})
		if err != nil {
			return err
		}
		if !c.JSON {
			printHits(p.stdout, found)
			return nil
		}
		enc := json.NewEncoder(p.stdout)
		enc.SetEscapeHTML(false)
		return enc.Encode(libraryapi.SearchAnswer(ctx, found, s.Places))
	})
}

func printHits(w io.Writer, found search.Result) {
	for i, h := range found.Hits {
		fmt.Fprintf(w, "%d. %s", i+1, h.Title)
		if h.Page != nil {
			fmt.Fprintf(w, ", page %d", *h.Page)
		}
		fmt.Fprintf(w, " (%s, characters %d–%d)\n", h.LibraryName, h.Start, h.End)
		if len(h.HeadingPath) > 0 {
			fmt.Fprintf(w, "   %s\n", strings.Join(h.HeadingPath, " › "))
		}
		fmt.Fprintf(w, "   %s\n\n", strings.ReplaceAll(strings.TrimSpace(h.Text), "\n", "\n   "))
	}
	st := found.Status
	if len(found.Hits) == 0 {
		fmt.Fprintln(w, "Nothing was found.")
	}
	fmt.Fprintf(w, "vector: %s, full text: %s, in %d ms\n", st.Vector, st.FullText, found.TookMS)
}
