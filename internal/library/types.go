package library

import (
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// DefaultType is the type of a library whose maker named none.
const DefaultType = "nonfiction"

// Type is a kind of library with the defaults that suit its documents.
type Type struct {
	Name  string
	Label string // for people
	About string // for people: what it suits
	// ChunkTokens is what groups of paragraphs are packed to, in tokens of
	// the embedder. Small ones suit facts, large ones broad questions.
	ChunkTokens int
	// QueryInstruction tells an embedder that takes instructions what a
	// search in such a library looks for.
	QueryInstruction string
	// RerankInstruction tells a reranker what makes a passage a good answer.
	RerankInstruction string
	// Context tells a language model what it is reading.
	Context string
}

// Types lists the library types in the order that people choose from.
func Types() []Type {
	return []Type{
		{
			Name: "nonfiction", Label: "Non-fiction", ChunkTokens: 448,
			About:             "Books, articles and essays that state facts.",
			QueryInstruction:  "Given a question, retrieve passages of non-fiction that answer it.",
			RerankInstruction: "Prefer passages that state the facts asked for, with their evidence.",
			Context:           "Passages from non-fiction. Treat them as what their authors claim, and cite them.",
		},
		{
			Name: "fiction", Label: "Fiction", ChunkTokens: 512,
			About:             "Novels, stories and plays: what happens, and who is in it.",
			QueryInstruction:  "Given a question about a story, retrieve the passages where it happens or is told.",
			RerankInstruction: "Prefer passages where the scene, character or place asked about is present, over those that only mention it.",
			Context:           "Passages from fiction. What is told holds in the story, not in the world.",
		},
		{
			Name: "technical", Label: "Technical", ChunkTokens: 384,
			About:             "Manuals, specifications and source code, where names and numbers are exact.",
			QueryInstruction:  "Given a technical question, retrieve the documentation, specification or code that answers it.",
			RerankInstruction: "Prefer passages that give the exact name, value, command or procedure asked for, for the version asked about.",
			Context:           "Passages from technical documents. Names, numbers and code are exact: repeat them as they stand.",
		},
		{
			Name: "journal", Label: "Journal", ChunkTokens: 256,
			About:             "Diaries, logs and notes by date. Short passages keep entries apart.",
			QueryInstruction:  "Given a question about somebody's life or work, retrieve the journal entries that speak of it.",
			RerankInstruction: "Prefer entries that were written about the event, person or time asked for.",
			Context:           "Entries of a personal journal. They are one person's view at the time of writing: mind the dates.",
		},
		{
			Name: "business", Label: "Business", ChunkTokens: 384,
			About:             "Reports, contracts, minutes and messages, where dates and figures count.",
			QueryInstruction:  "Given a business question, retrieve the reports, contracts, minutes or messages that answer it.",
			RerankInstruction: "Prefer passages with the figures, dates, parties and decisions asked for, and the newest where they differ.",
			Context:           "Passages from business documents. Figures and dates are exact; a newer document may replace an older one.",
		},
		{
			Name: "music", Label: "Music", ChunkTokens: 256,
			About:             "Lyrics, liner notes and writing about music. Short passages keep works apart.",
			QueryInstruction:  "Given a question about music, retrieve the lyrics, notes or writing that answer it.",
			RerankInstruction: "Prefer passages about the work, artist or recording asked for.",
			Context:           "Passages about music: lyrics, liner notes, reviews. Keep works, recordings and performers apart.",
		},
		{
			Name: "film", Label: "Film", ChunkTokens: 384,
			About:             "Scripts, subtitles and writing about film.",
			QueryInstruction:  "Given a question about film, retrieve the script, subtitles or writing that answer it.",
			RerankInstruction: "Prefer passages from or about the scene, film or person asked for.",
			Context:           "Passages from films and writing about them: scripts, subtitles, reviews. Lines belong to their speakers.",
		},
		{
			Name: "art", Label: "Art", ChunkTokens: 320,
			About:             "Catalogues, descriptions and essays about works of art.",
			QueryInstruction:  "Given a question about art, retrieve the descriptions, catalogues or essays that answer it.",
			RerankInstruction: "Prefer passages about the work, artist, technique or period asked for.",
			Context:           "Passages about works of art. Keep what is described apart from how it is judged.",
		},
	}
}

// TypeNamed finds a type by its name.
func TypeNamed(name string) (Type, bool) {
	types := Types()
	i := slices.IndexFunc(types, func(t Type) bool { return t.Name == name })
	if i < 0 {
		return Type{}, false
	}
	return types[i], true
}

// checkType refuses a type that there is none of.
func checkType(name string) error {
	if _, ok := TypeNamed(name); ok {
		return nil
	}
	types := Types()
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name
	}
	return errs.Field("library_type", "This is no library type. Use one of: "+strings.Join(names, ", ")+".")
}
