package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/gold"
	"git.helu.ca/r/mnemosyne/internal/library/rebuild"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/library/search/eval"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/migrations"
)

// Variant is a way of searching: the settings', with some of them changed.
type Variant struct {
	Name string // as it was asked for; empty: the settings as they are
	next bool   // in the embedding space of EMBEDDING_NEXT_*
	legs string // only this leg; empty: all
	set  []func(o *search.Options)
}

// NewVariant reads changes such as "fusion=rrf", "alpha=.3", "rerank=off",
// "legs=vector" and "space=next".
func (s *Services) NewVariant(changes []string) (Variant, error) {
	v := Variant{Name: strings.Join(changes, " ")}
	for _, change := range changes {
		name, value, _ := strings.Cut(change, "=")
		if err := v.change(name, value); err != nil {
			return v, err
		}
	}
	if v.next && s.NextEmbedder == nil {
		return v, errors.New("space=next: there is no next embedder; set EMBEDDING_NEXT_BASE_URL and EMBEDDING_NEXT_MODEL")
	}
	return v, nil
}

func (v *Variant) change(name, value string) error {
	wrong := func(want string) error { return fmt.Errorf("%s=%s: want %s", name, value, want) }
	switch name {
	case "fusion":
		how := search.Fusion(value)
		if !slices.Contains([]search.Fusion{search.Adaptive, search.Weighted, search.RRF}, how) {
			return wrong("adaptive, weighted or rrf")
		}
		v.set = append(v.set, func(o *search.Options) { o.Fusion = how })
	case "alpha":
		share, err := strconv.ParseFloat(value, 64)
		if err != nil || !(share > 0 && share < 1) {
			return wrong("the vector leg's share, a number between 0 and 1; legs=vector and legs=fulltext leave the other out")
		}
		v.set = append(v.set, func(o *search.Options) { o.Alpha = share })
	case "rerank":
		if value != "off" {
			return wrong("off; RERANKER_BASE_URL turns it on")
		}
		v.set = append(v.set, func(o *search.Options) { o.Reranker = nil })
	case "legs":
		if value != "vector" && value != "fulltext" {
			return wrong("vector or fulltext")
		}
		v.legs = value
	case "space":
		if value != "next" {
			return wrong("next")
		}
		v.next = true
	default:
		return fmt.Errorf("there is no %q to change; there are: fusion, alpha, rerank, legs, space", name)
	}
	return nil
}

// Subject is documents that questions are asked of.
type Subject struct {
	s     *Services
	where search.Options // where they are
	who   accounts.Principal
	uids  []string
	names func(h search.Hit) []string
	close func() error
}

// Close removes what was made for the questions.
func (j *Subject) Close() error { return j.close() }

// LibrarySubject asks what is in a library now. Judgements may name its
// documents by uid, source, title or the name of their file.
func (s *Services) LibrarySubject(who accounts.Principal, l library.Library) *Subject {
	return &Subject{
		s: s, who: who, uids: []string{l.UID}, where: s.searchOptions(), close: func() error { return nil },
		names: gold.Names,
	}
}

// MoveSubject asks what is in a library that is moved to another embedding
// space, for whoever runs the place, in the space that it comes from.
func (s *Services) MoveSubject(m rebuild.Move) *Subject {
	l := library.Library{UID: m.LibraryUID, Name: m.LibraryName, Type: library.DefaultType, Space: m.From}
	j := s.LibrarySubject(accounts.Operator().Principal, l)
	j.where.Access = oneLibrary{j.where.Access, l}
	return j
}

// FolderSubject takes a collection's documents into a library of its own, each
// as one chunk, in a folder that Close removes. Its index is the embedded one,
// whatever the installation's own.
func (s *Services) FolderSubject(ctx context.Context, c eval.Collection, v Variant, progress func(done, total int)) (_ *Subject, err error) {
	dir, err := os.MkdirTemp("", "mnemosyne-eval-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the documents: %w", err)
	}
	var opened []func() error
	away := func() error {
		faults := []error{nil}
		for _, end := range slices.Backward(opened) {
			faults = append(faults, end())
		}
		return errors.Join(append(faults, os.RemoveAll(dir))...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, away())
		}
	}()
	db, err := sqldb.OpenSQLite(ctx, filepath.Join(dir, databaseFile))
	if err != nil {
		return nil, err
	}
	opened = append(opened, db.Close)
	if _, err := db.Migrate(ctx, migrations.FS); err != nil {
		return nil, err
	}
	graph, err := sqlitegraph.Open(filepath.Join(dir, "graph"), sqlitegraph.Options{})
	if err != nil {
		return nil, err
	}
	opened = append(opened, graph.Close)
	embedder := s.Embedder
	if v.next {
		embedder = s.NextEmbedder
	}
	l := library.Library{UID: uuid.NewString(), Name: c.Name, Type: library.DefaultType}
	ids, err := takeIn(ctx, db, graph, embedder, l, c, progress)
	if err != nil {
		return nil, err
	}
	where := s.searchOptions()
	where.Access, where.Graph, where.Catalog = oneLibrary{where.Access, l}, graph, search.NewCatalog(db)
	where.Embedder, where.NextEmbedder = embedder, nil
	return &Subject{
		s: s, who: accounts.Operator().Principal, uids: []string{l.UID}, where: where, close: away,
		names: func(h search.Hit) []string { return []string{ids[h.ItemUID]} },
	}, nil
}

const (
	insertMeasured     = `INSERT INTO library (uid, name, library_type, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)`
	insertMeasuredItem = `INSERT INTO item (uid, library_uid, filename, title, source, status, generation, created_at, updated_at)
VALUES ($1, $2, $1, $3, $4, 'ready', 1, $5, $5)`
)

func takeIn(ctx context.Context, db *sqldb.DB, graph library.Graph, embedder embedding.Embedder, l library.Library, c eval.Collection, progress func(done, total int)) (map[string]string, error) {
	ids, _, err := eval.Index(ctx, l.UID, c, eval.Options{Graph: graph, Embedder: embedder, Progress: progress})
	if err != nil {
		return nil, err
	}
	titles := make(map[string]string, len(c.Documents))
	for _, d := range c.Documents {
		titles[d.ID] = d.Title
	}
	now := sqldb.At(time.Now())
	return ids, db.Tx(ctx, func(tx sqldb.Querier) error {
		if _, err := sqldb.Exec(ctx, tx, insertMeasured, l.UID, l.Name, l.Type, now); err != nil {
			return err
		}
		for item, id := range ids {
			if _, err := sqldb.Exec(ctx, tx, insertMeasuredItem, item, l.UID, titles[id], id, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// oneLibrary is the right to read one library.
type oneLibrary struct {
	search.Access
	library library.Library
}

// Resolve implements search.Access.
func (o oneLibrary) Resolve(context.Context, accounts.Principal, []string) ([]library.Library, error) {
	return []library.Library{o.library}, nil
}

// inSpace lets libraries be searched in a space that they are not switched to.
type inSpace struct {
	search.Access
	space string
}

// Resolve implements search.Access.
func (i inSpace) Resolve(ctx context.Context, p accounts.Principal, named []string) ([]library.Library, error) {
	found, err := i.Access.Resolve(ctx, p, named)
	for n := range found {
		found[n].Space = i.space
	}
	return found, err
}

// oneLeg leaves the other legs without an answer.
type oneLeg struct {
	library.Graph
	vector bool
}

// FullText implements library.Graph.
func (o oneLeg) FullText(ctx context.Context, q library.FullTextQuery) ([]library.Scored, error) {
	if o.vector {
		return nil, nil
	}
	return o.Graph.FullText(ctx, q)
}

// Nearest implements library.Graph.
func (o oneLeg) Nearest(ctx context.Context, q library.VectorQuery) ([]library.Scored, error) {
	if !o.vector {
		return nil, nil
	}
	return o.Graph.Nearest(ctx, q)
}

// Related implements library.Graph.
func (o oneLeg) Related(context.Context, library.RelatedQuery) ([]library.Scored, error) {
	return nil, nil
}

// Ask asks a collection's questions in a way of searching, through the engine
// that answers users.
func (j *Subject) Ask(ctx context.Context, c eval.Collection, v Variant, progress func(done int)) (eval.Answers, error) {
	opt := j.where
	opt.Recorder, opt.Registry = nil, nil // these are nobody's searches
	for _, set := range v.set {
		set(&opt)
	}
	if v.legs != "" {
		opt.Graph, opt.Reranker = oneLeg{opt.Graph, v.legs == "vector"}, nil
	}
	if v.next && opt.NextEmbedder != nil {
		space, err := embedding.KnownSpace(ctx, opt.NextEmbedder)
		if err != nil {
			return eval.Answers{}, err
		}
		opt.Access = inSpace{opt.Access, space.ID()}
	}
	engine := search.New(opt)
	return eval.Ask(ctx, c.Queries, func(ctx context.Context, text string) (eval.Answer, error) {
		start := time.Now()
		found, err := engine.Search(ctx, j.who, search.Request{Query: text, Libraries: j.uids, Limit: search.MaxLimit, Surface: "eval"})
		a := eval.Answer{Took: time.Since(start), Degraded: found.Degraded}
		for _, h := range found.Hits {
			a.Documents = append(a.Documents, j.names(h))
		}
		return a, err
	}, progress)
}

// OtherSpace tells that the vectors are those of the next embedder.
func (v Variant) OtherSpace() bool { return v.next }
