package library

import (
	"context"
	"errors"
)

// ErrDamaged marks errors of a library's index that cannot be read any more,
// and has to be made again.
var ErrDamaged = errors.New("library: the index is damaged")

// Graph is the index that chunks are found in: text and vectors, a
// projection that can be made again from the relational store and the
// objects. Engines implement it; graphtest holds the suite that all pass.
//
// A generation is staged chunk by chunk and seen by nobody until Publish,
// which swaps it for the older one in one transaction. Every write may be
// repeated with the same arguments: it then changes nothing. A library that
// the graph has never seen is an empty one, never an error.
type Graph interface { //nolint:interfacebloat // one engine implements all of it; who uses a part names that part
	// Stage writes chunks of a generation that nobody sees yet. A chunk staged
	// before under the same ordinal is replaced. Once the generation, or a
	// newer one, is published, Stage changes nothing.
	Stage(ctx context.Context, gen GenerationRef, chunks []IndexChunk) error
	// Staged tells which ordinals of a generation have been staged, so that
	// work cut short goes on where it stopped.
	Staged(ctx context.Context, gen GenerationRef) (map[int]bool, error)
	// Vectors gives the vectors, in one embedding space, that the item's
	// published generation holds for these chunk hashes. Hashes it lacks are
	// left out.
	Vectors(ctx context.Context, libraryUID, itemUID, space string, hashes []string) (map[string][]float32, error)
	// Publish makes a staged generation the one that readers see and retires
	// the one before it. Of retired generations the newest keep stay
	// readable by Chunks; older ones go. A generation that is not newer than
	// the published one, or of which nothing is staged, changes nothing: a
	// worker that was thought dead may still come with it.
	Publish(ctx context.Context, gen GenerationRef, item IndexItem, keep int) error
	// SetItem changes what the index knows of a published item (title,
	// collection, language) without touching its chunks' places.
	SetItem(ctx context.Context, libraryUID string, item IndexItem) error
	// Discard drops a generation that was staged and not published.
	Discard(ctx context.Context, gen GenerationRef) error
	// AddVectors gives chunks of a generation, by their ordinals, vectors in
	// a further embedding space, beside those they have. A vector that is
	// there already is replaced. Chunks that are not there any more, or not
	// yet, and a generation that is retired, are passed over.
	AddVectors(ctx context.Context, gen GenerationRef, space string, vectors map[int][]float32) error
	// WithoutVector gives published chunks that have no vector in a space, at
	// most limit of them, in a stable order. None: the space is whole.
	WithoutVector(ctx context.Context, libraryUID, space string, limit int) ([]PendingChunk, error)
	// AddMentions gives chunks of a generation, by their ordinals, further
	// concepts beside those they were staged with. One that is there already
	// keeps the greater weight. Chunks that are not there, and a generation
	// that is retired, are passed over.
	AddMentions(ctx context.Context, gen GenerationRef, mentions map[int][]Mention) error
	// DropSpace drops a library's vectors in a space, of every generation.
	DropSpace(ctx context.Context, libraryUID, space string) error
	// DeleteItem drops everything of an item.
	DeleteItem(ctx context.Context, libraryUID, itemUID string) error
	// DeleteLibrary drops everything of a library.
	DeleteLibrary(ctx context.Context, libraryUID string) error

	// FullText finds published chunks by their words, best first. Scores lie
	// in [0, 1]: the share of what the query asks that the chunk holds, by its
	// own library's statistics, so that libraries can be merged. Where some
	// libraries cannot be read, what the others hold comes with the error.
	FullText(ctx context.Context, q FullTextQuery) ([]Scored, error)
	// Nearest finds published chunks by their vectors, exactly, best first.
	// Scores are cosines. Hits may come with an error, as in FullText.
	Nearest(ctx context.Context, q VectorQuery) ([]Scored, error)

	// Having gives those of the chunks, in their order, that a filter's Must and
	// Not let through.
	Having(ctx context.Context, found []Scored, f Filter) ([]Scored, error)
	// Spell gives for words that stand nowhere in the libraries those that do
	// and are most like them. A word without any is left out.
	Spell(ctx context.Context, libraries, words []string) (map[string]string, error)

	// Related finds published chunks that share concepts with the seeds or
	// with the concepts named, best first, over at most Depth hops, and never
	// through a library that is not asked, nor through chunks that the filter
	// leaves out. A concept that too many chunks of its library mention leads
	// nowhere, unless nothing else is asked for. Scores lie in [0, 1). The seeds are left out.
	Related(ctx context.Context, q RelatedQuery) ([]Scored, error)
	// Concepts lists concepts that published chunks of the libraries mention,
	// the most telling first: of a chunk, those that it is most about and that
	// few others mention; of libraries, those that many chunks mention but not
	// all.
	Concepts(ctx context.Context, q ConceptQuery) ([]Concept, error)
	// ConceptLinks tells how often concepts of a library stand in one chunk,
	// for the pairs of these keys that do.
	ConceptLinks(ctx context.Context, libraryUID string, keys []string) ([]ConceptLink, error)

	// Chunks gives chunks of one generation of an item, published or
	// retired, with ordinals in [from, to), in order.
	Chunks(ctx context.Context, gen GenerationRef, from, to int) ([]Chunk, error)
	// Stored gives the same chunks with all that the index keeps of them, for
	// whoever takes a copy. Vectors of every embedding space are there, and
	// mentions, the heaviest first; of a retired generation none.
	Stored(ctx context.Context, gen GenerationRef, from, to int) ([]StoredChunk, error)
	// Hydrate fills in the chunks that a search found. Chunks that are no
	// longer published are left out; the order is the argument's.
	Hydrate(ctx context.Context, found []Scored) ([]Chunk, error)

	// Spaces lists the embedding spaces that the libraries' published
	// vectors are in.
	Spaces(ctx context.Context, libraryUIDs []string) ([]string, error)
	// Libraries lists the libraries of which anything is stored, so that what
	// no row knows of can be dropped.
	Libraries(ctx context.Context) ([]string, error)
	// Generations lists the generations of which anything is stored, staged
	// and retired included, so that what no row knows of can be dropped.
	Generations(ctx context.Context, libraryUID string) ([]GenerationRef, error)
	// Stats counts what is stored of a library, staged and retired included,
	// so that a deletion can be shown to be whole.
	Stats(ctx context.Context, libraryUID string) (GraphStats, error)
	// Ping asks the engine for a sign of life.
	Ping(ctx context.Context) error
}

// GenerationRef names a generation of an item.
type GenerationRef struct {
	LibraryUID string
	ItemUID    string
	Generation int64
}

// IndexItem is what the index keeps of an item beside its chunks.
type IndexItem struct {
	UID           string
	CollectionUID string // empty: none
	Title         string // read by the full-text index of each chunk
	// Language is the BCP 47 tag of the language that its words are stemmed by;
	// empty: not known, or, told of an item that is there, the same as before.
	Language string
}

// IndexChunk is a chunk on its way into the index.
type IndexChunk struct {
	Ordinal     int
	Text        string
	HeadingPath []string
	// Context is what the embedder read before Text: title, headings, a
	// table's header row. Its words are searched; it is no part of Text.
	Context    string
	Page       *int
	Start, End int       // code points
	Hash       string    // of what the embedder read; equal hash, equal vector
	Space      string    // embedding.Space.ID of Vector
	Vector     []float32 // [dimensions], unit length
	Mentions   []Mention
}

// Mention is a concept that a chunk speaks of.
type Mention struct {
	Key    string // its normal form; one key is one concept of a library
	Name   string // as it is written
	Kind   ConceptKind
	Weight float64 // in (0, 1], how much of the chunk it is about
}

// ConceptKind says how a concept was found.
type ConceptKind string

// Where concepts come from: headings, key phrases, names, acronyms, links and
// what a language model adds.
const (
	ConceptHeading ConceptKind = "heading"
	ConceptPhrase  ConceptKind = "phrase"
	ConceptName    ConceptKind = "name"
	ConceptAcronym ConceptKind = "acronym"
	ConceptLinked  ConceptKind = "link"
	ConceptModel   ConceptKind = "model"
)

// Concept is what chunks of a library speak of.
type Concept struct {
	LibraryUID string
	Key, Name  string // Name as its chunks mostly write it
	Kind       ConceptKind
	Chunks     int // published ones that mention it
}

// ConceptLink tells that two concepts stand in the same chunks.
type ConceptLink struct {
	From, To string // keys, From before To
	Chunks   int
}

// StoredChunk is a chunk with what the index keeps of it beside.
type StoredChunk struct {
	Chunk

	Context string
	Hash    string               // of what the embedder read; may be empty where there is no vector
	Vectors map[string][]float32 // by embedding space

	Mentions []Mention
}

// PendingChunk is a chunk that waits for its vector in some space.
type PendingChunk struct {
	GenerationRef

	Ordinal int
	Context string // what the embedder reads before Text
	Text    string
	Hash    string // of what the embedder reads; empty where no vector ever was
}

// Filter narrows a search within its libraries. Zero values narrow nothing.
type Filter struct {
	ItemUIDs       []string // may be many thousands
	CollectionUIDs []string
	Must, Not      []Clause // that a chunk says, and does not say
}

// Says tells that the filter asks what chunks say.
func (f Filter) Says() bool { return len(f.Must)+len(f.Not) > 0 }

// Clause is something that a chunk says: the words of a text next to each
// other in their order, in any of their forms. No character of it is syntax;
// one without a word is none.
type Clause struct {
	Text  string
	Title bool // in its document's title
}

// FullTextQuery asks for chunks by words. Text is what a person typed; no
// character of it is syntax.
type FullTextQuery struct {
	Libraries []string // uids; only these are searched
	Text      string
	Begins    []string // what further words begin with
	Filter    Filter
	Limit     int
}

// VectorQuery asks for the chunks nearest to a vector.
type VectorQuery struct {
	Libraries []string // uids; only these are searched
	Space     string
	Vector    []float32 // unit length
	Filter    Filter
	Limit     int
}

// RelatedQuery asks for the chunks that concepts lead to.
type RelatedQuery struct {
	Libraries []string // uids; only these are searched, on every hop
	Seeds     []Scored // chunks to start from, and how much each counts
	Keys      []string // concepts to start from, by their keys
	Depth     int      // hops from chunk to concept to chunk; 0: nothing is found
	Filter    Filter
	Limit     int
}

// ConceptQuery asks for concepts. Keys and Chunk narrow them: to those of
// these keys, to those that one published chunk mentions.
type ConceptQuery struct {
	Libraries []string // uids
	Keys      []string
	Chunk     *Scored
	Limit     int
}

// Scored is a chunk that a leg found. Scores of different legs are of
// different kinds: only their order within one answer means something.
type Scored struct {
	LibraryUID string
	ItemUID    string
	Generation int64
	Ordinal    int
	Score      float64
}

// GraphStats counts what the graph stores of one library.
type GraphStats struct {
	Items   int64
	Chunks  int64 // all, staged and retired included
	Visible int64 // published
	Vectors int64
	// Concepts are those that any chunk mentions, a staged one too where the
	// engine keeps them apart already.
	Concepts int64
	Bytes    int64
}
