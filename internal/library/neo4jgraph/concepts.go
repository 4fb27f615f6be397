package neo4jgraph

import (
	"context"

	"git.helu.ca/r/mnemosyne/internal/library"
)

// AddMentions gives chunks further concepts.
func (g *Graph) AddMentions(context.Context, library.GenerationRef, map[int][]library.Mention) error {
	return nil
}

// Related finds chunks that concepts lead to.
func (g *Graph) Related(context.Context, library.RelatedQuery) ([]library.Scored, error) {
	return nil, nil
}

// Concepts lists concepts of libraries.
func (g *Graph) Concepts(context.Context, library.ConceptQuery) ([]library.Concept, error) {
	return nil, nil
}

// ConceptLinks tells which concepts stand together.
func (g *Graph) ConceptLinks(context.Context, string, []string) ([]library.ConceptLink, error) {
	return nil, nil
}
