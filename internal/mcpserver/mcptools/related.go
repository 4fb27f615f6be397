package mcptools

import (
	"context"
	"fmt"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

type relatedArgs struct {
	chunkUID string
	concept  string
	limit    int
}

func relatedParams(a *relatedArgs) []param {
	return []param{
		text(&a.chunkUID, "chunk_uid", maxName, "The chunk_uid of a hit: find passages that share concepts with it."),
		text(&a.concept, "concept", maxName, "A name, term or acronym: find passages that speak of it."),
		number(&a.limit, "limit", 1, maxLimit, "At most so many hits; without it, as many as this server gives by default."),
	}
}

func (s *Server) relatedTool() tool {
	t := tool{
		name: toolRelated, title: "Related passages",
		about:  "Follow concepts (names, terms, acronyms, headings) from a passage to others that speak of the same, or from a concept to its passages. Give either chunk_uid or concept. It finds what answers the next step of a question and does not share its words.",
		output: relatedOutput(),
	}
	return makeTool(t, relatedArgs{}, relatedParams, s.related)
}

func (s *Server) related(ctx context.Context, p accounts.Principal, a relatedArgs) (answer, error) {
	if (a.chunkUID == "") == (a.concept == "") {
		return answer{}, errs.New(errs.Invalid, "Give one of chunk_uid and concept.")
	}
	found, err := s.opt.Search.Related(ctx, p, search.RelatedRequest{ChunkUID: a.chunkUID, Concept: a.concept, Limit: a.limit})
	if err != nil {
		return answer{}, err
	}
	return relatedAnswer(found, s.opt.MaxResultBytes), nil
}

// relatedAnswer writes concepts, and hits until most bytes of text are full, at
// whole hits and never none.
func relatedAnswer(found search.RelatedResult, most int) answer {
	out := relatedView{Concepts: []conceptView{}}
	var names []string
	for _, c := range found.Concepts {
		out.Concepts = append(out.Concepts, conceptView(c))
		names = append(names, fmt.Sprintf("%s (%d)", c.Name, c.Chunks))
	}
	var hits string
	hits, out.Hits = writeHits(found.Hits, most)
	out.Omitted = len(found.Hits) - len(out.Hits)
	out.Truncated = out.Omitted > 0
	var b strings.Builder
	b.WriteString(passagesFound(len(out.Hits)))
	if out.Truncated {
		fmt.Fprintf(&b, " %d more did not fit; ask for less.", out.Omitted)
	}
	if len(names) > 0 {
		b.WriteString("\nConcepts, and how many passages speak of each: " + strings.Join(names, "; "))
	}
	b.WriteByte('\n')
	return answer{
		text: b.String() + hits, structured: out, links: linkItems(found.Hits[:len(out.Hits)]), results: len(found.Hits),
	}
}

type relatedView struct {
	Hits      []hitView     `json:"hits"`
	Concepts  []conceptView `json:"concepts"`
	Truncated bool          `json:"truncated"`
	Omitted   int           `json:"omitted"`
}

type conceptView struct {
	Name   string `json:"name"`
	Chunks int    `json:"chunks"`
}

func relatedOutput() object {
	return record(object{
		{"hits", listOf(hitOutput())},
		{"concepts", listOf(record(object{
			{"name", textOf("Of the concept; give it to related.")},
			{"chunks", integerOf("How many passages that you may read speak of it")},
		}))},
		{"truncated", boolOf("Hits were left out to keep the answer small")},
		{"omitted", integerOf("How many")},
	})
}
