package mcptools

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
)

const maxNeighbours = 5

type getChunkArgs struct {
	chunkUID      string
	before, after int
}

func getChunkParams(a *getChunkArgs) []param {
	return []param{
		text(&a.chunkUID, "chunk_uid", maxName, "The chunk_uid of a hit.").needed(),
		number(&a.before, "before", 0, maxNeighbours, "How many chunks before it to add."),
		number(&a.after, "after", 0, maxNeighbours, "How many chunks after it to add."),
	}
}

func (s *Server) getChunkTool() tool {
	t := tool{
		name: toolGetChunk, title: "Get a passage",
		about:  "Read a passage again by its chunk_uid, with what stands before and after it. A citation of an earlier version of a document still resolves while that version is kept.",
		output: getChunkOutput(),
	}
	return makeTool(t, getChunkArgs{}, getChunkParams, s.getChunk)
}

func (s *Server) getChunk(ctx context.Context, p accounts.Principal, a getChunkArgs) (answer, error) {
	item, _, ref, err := s.access.ItemOfChunk(ctx, p, a.chunkUID)
	if err != nil {
		return answer{}, err
	}
	gen := library.GenerationRef{LibraryUID: item.LibraryUID, ItemUID: item.UID, Generation: ref.Generation}
	chunks, err := s.opt.Chunks.Chunks(ctx, gen, max(0, ref.Ordinal-a.before), ref.Ordinal+a.after+1)
	if err != nil {
		return answer{}, fmt.Errorf("read chunks of %s: %w", item.UID, err)
	}
	if !slices.ContainsFunc(chunks, func(c library.Chunk) bool { return c.Ordinal == ref.Ordinal }) {
		return answer{}, errs.New(errs.NotFound, "No such chunk.")
	}
	return chunksAnswer(item, chunks), nil
}

func chunksAnswer(item library.Item, chunks []library.Chunk) answer {
	out := chunksView{Item: viewItemRef(item), Chunks: make([]chunkView, len(chunks))}
	var b strings.Builder
	writeItemRef(&b, item)
	for i, c := range chunks {
		out.Chunks[i] = viewChunk(c)
		fmt.Fprintf(&b, "\n[%d] chunk_uid: %s; library_uid: %s\n", c.Ordinal, c.UID, c.LibraryUID)
		writeWhere(&b, c.HeadingPath, c.Page, c.Start, c.End)
		b.WriteString(c.Text)
		b.WriteByte('\n')
	}
	return answer{text: b.String(), structured: out, links: linkItem(item.UID, item.Title), results: len(chunks)}
}

type chunksView struct {
	Chunks []chunkView `json:"chunks"`
	Item   itemRefView `json:"item"`
}

type chunkView struct {
	UID         string   `json:"uid"`
	ItemUID     string   `json:"item_uid"`
	LibraryUID  string   `json:"library_uid"`
	Ordinal     int      `json:"ordinal"`
	Text        string   `json:"text"`
	HeadingPath []string `json:"heading_path"`
	Page        *int     `json:"page"`
	Start       int      `json:"start"`
	End         int      `json:"end"`
}

func viewChunk(c library.Chunk) chunkView {
	return chunkView{
		UID: c.UID, ItemUID: c.ItemUID, LibraryUID: c.LibraryUID, Ordinal: c.Ordinal, Text: c.Text,
		HeadingPath: orEmpty(c.HeadingPath), Page: c.Page, Start: c.Start, End: c.End,
	}
}

// itemRefView names the document that a text is of.
type itemRefView struct {
	UID    string `json:"uid"`
	Title  string `json:"title"`
	Source string `json:"source"`
}

func viewItemRef(item library.Item) itemRefView {
	return itemRefView{UID: item.UID, Title: item.Title, Source: item.Source}
}

func writeItemRef(b *strings.Builder, item library.Item) {
	fmt.Fprintf(b, "%s\nitem_uid: %s; source: %s\n", orUntitled(item.Title), item.UID, item.Source)
}

func itemRefOutput() object {
	return record(object{
		{"uid", textOf("Of the document; give it to get_item.")},
		{"title", textOf("Of the document")},
		{"source", textOf("Where the document came from")},
	})
}

func getChunkOutput() object {
	return record(object{
		{"chunks", listOf(record(object{
			{"uid", textOf("Of the chunk")},
			{"item_uid", textOf("Of the document")},
			{"library_uid", textOf("Of the library")},
			{"ordinal", integerOf("Its place among the document's chunks, from 0")},
			{"text", textOf("The passage, exactly as it stands in the document")},
			{"heading_path", listOf(textOf("A heading, the outermost first"))},
			{"page", numberOrNull(1, "Page, counted from 1")},
			{"start", integerOf("First character in the document's text, counted in code points from 0")},
			{"end", integerOf("The character after the last")},
		}))},
		{"item", itemRefOutput()},
	})
}
