package neo4jgraph

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// Server is what was found out of the server.
type Server struct {
	Version string
	// FilterInIndex tells that vectors are searched in an index that knows the
	// scope; otherwise they are compared one by one.
	FilterInIndex bool
}

// The first release whose vector indexes take a filter.
const filterYear, filterMonth = 2026, 2

const askVersion = `CALL dbms.components() YIELD name, versions
WITH name, versions WHERE name = 'Neo4j Kernel' RETURN versions[0] AS version`

func (g *Graph) askServer(ctx context.Context) (Server, error) {
	rows, err := g.readRaw(ctx, askVersion, nil)
	if err != nil {
		return Server{}, err
	}
	if len(rows) == 0 {
		return Server{}, errs.Newf(errs.Unavailable, "The server at %s does not say which Neo4j it is.", g.url)
	}
	s := Server{Version: get[string](rows[0], "version")}
	s.FilterInIndex = atLeast(s.Version, filterYear, filterMonth)
	return s, nil
}

func atLeast(version string, year, month int) bool {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return false
	}
	major, err := strconv.Atoi(parts[0])
	if err != nil {
		return false
	}
	minor, err := strconv.Atoi(parts[1])
	return err == nil && (major > year || major == year && minor >= month)
}

// About tells which server it is and how it finds vectors.
func (g *Graph) About(ctx context.Context) (Server, error) {
	s, err := g.askServer(ctx)
	return s, g.explain(ctx, err)
}

// ready sees once that the server has what every statement stands on. A server
// that is down is asked again by the next call.
func (g *Graph) ready(ctx context.Context) error {
	g.mu.Lock()
	known := g.server != nil
	g.mu.Unlock()
	if known {
		return nil
	}
	_, err := g.setUp(ctx)
	return err
}

func (g *Graph) filterInIndex() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.server != nil && g.server.FilterInIndex
}

const (
	chunkIndex  = "chunk_words"
	schemaWait  = 60 // seconds
	listIndexes = `SHOW INDEXES YIELD name RETURN name`
	awaitAll    = `CALL db.awaitIndexes($seconds)`
)

// structure is the constraints and indexes, by name. The words of a chunk were
// made into terms before they are stored, in every script alike, so the index
// only parts them at spaces; the uids beside them are terms too.
func structure() [][2]string {
	return [][2]string{
		{"chunk_uid", `CREATE CONSTRAINT chunk_uid IF NOT EXISTS FOR (c:Chunk) REQUIRE c.uid IS UNIQUE`},
		{"item_uid", `CREATE CONSTRAINT item_uid IF NOT EXISTS FOR (i:Item) REQUIRE i.uid IS UNIQUE`},
		{"library_uid", `CREATE CONSTRAINT library_uid IF NOT EXISTS FOR (l:Library) REQUIRE l.uid IS UNIQUE`},
		{"collection_uid", `CREATE CONSTRAINT collection_uid IF NOT EXISTS FOR (c:Collection) REQUIRE (c.library_uid, c.uid) IS UNIQUE`},
		{"embedding_space_id", `CREATE CONSTRAINT embedding_space_id IF NOT EXISTS FOR (s:EmbeddingSpace) REQUIRE s.id IS UNIQUE`},
		{"concept_key", `CREATE CONSTRAINT concept_key IF NOT EXISTS FOR (c:Concept) REQUIRE (c.library_uid, c.key) IS UNIQUE`},
		{"library_type_name", `CREATE CONSTRAINT library_type_name IF NOT EXISTS FOR (t:LibraryType) REQUIRE t.name IS UNIQUE`},
		{"item_library", `CREATE INDEX item_library IF NOT EXISTS FOR (i:Item) ON (i.library_uid)`},
		{"chunk_library", `CREATE INDEX chunk_library IF NOT EXISTS FOR (c:Published) ON (c.library_uid)`},
		{"chunk_hash", `CREATE INDEX chunk_hash IF NOT EXISTS FOR (c:Published) ON (c.hash)`},
		{chunkIndex, `CREATE FULLTEXT INDEX ` + chunkIndex + ` IF NOT EXISTS FOR (c:Published)
ON EACH [c.library_uid, c.collection_uid, c.item_uid, c.terms]
OPTIONS {indexConfig: {` + "`fulltext.analyzer`: 'whitespace', `fulltext.eventually_consistent`: false" + `}}`},
	}
}

const (
	loadTypes = `UNWIND $types AS t MERGE (n:LibraryType {name: t.name}) SET n += t`
	// Those whose defaults are others, or not there.
	newTypes = `UNWIND $types AS t OPTIONAL MATCH (n:LibraryType {name: t.name})
WITH t, n WHERE n IS NULL OR any(key IN keys(t) WHERE n[key] IS NULL OR n[key] <> t[key])
RETURN count(*) AS missing`
)

// Setup makes constraints, indexes and the defaults of library types, and says
// what it did; nothing, where all was there. It is safe to repeat, and on
// several hosts at once.
func (g *Graph) Setup(ctx context.Context) (did []string, err error) {
	made, err := g.setUp(ctx)
	if err != nil {
		return nil, err
	}
	var types []any
	for _, t := range library.Types() {
		types = append(types, params{
			"name": t.Name, "label": t.Label, "chunk_tokens": t.ChunkTokens, "query_instruction": t.QueryInstruction,
			"rerank_instruction": t.RerankInstruction, "context": t.Context,
		})
	}
	missing := int64(0)
	if err := g.write(ctx, func(t tx) error {
		row, err := t.one(ctx, newTypes, params{"types": types})
		if missing = get[int64](row, "missing"); err != nil || missing == 0 {
			return err
		}
		_, err = t.run(ctx, loadTypes, params{"types": types})
		return err
	}); err != nil {
		return nil, err
	}
	for _, name := range made {
		did = append(did, "made "+name)
	}
	if missing > 0 {
		did = append(did, fmt.Sprintf("loaded the defaults of %d library types", missing))
	}
	return did, nil
}

// setUp makes what of the structure is missing and names it.
func (g *Graph) setUp(ctx context.Context) (made []string, err error) {
	server, err := g.askServer(ctx)
	if err != nil {
		return nil, g.explain(ctx, err)
	}
	rows, err := g.readRaw(ctx, listIndexes, nil)
	if err != nil {
		return nil, g.explain(ctx, err)
	}
	there := map[string]bool{}
	for _, r := range rows {
		there[get[string](r, "name")] = true
	}
	for _, s := range structure() {
		if there[s[0]] {
			continue
		}
		if err := g.alterSchema(ctx, s[1]); err != nil {
			return nil, err
		}
		made = append(made, s[0])
	}
	if len(made) > 0 {
		if _, err := g.autoCommit(ctx, neo4j.AccessModeRead, writeTimeout, awaitAll, params{"seconds": schemaWait}); err != nil {
			return nil, g.explain(ctx, err)
		}
	}
	g.mu.Lock()
	g.server = &server
	g.mu.Unlock()
	return made, g.remakeIndexes(ctx, there)
}

// alterSchema runs a statement that makes a part of the schema. That another
// host made the same in this moment is as good.
func (g *Graph) alterSchema(ctx context.Context, statement string) error {
	err := g.writeRaw(ctx, func(t tx) error {
		_, err := t.run(ctx, statement, nil)
		return err
	})
	switch codeOf(err) {
	case "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists", "Neo.ClientError.Schema.ConstraintAlreadyExists",
		"Neo.ClientError.Schema.IndexAlreadyExists":
		return nil
	}
	return g.explain(ctx, err)
}
