package mcptools

import "git.helu.ca/r/mnemosyne/internal/library/search"

type hitView struct {
	ChunkUID    string   `json:"chunk_uid"`
	ItemUID     string   `json:"item_uid"`
	LibraryUID  string   `json:"library_uid"`
	LibraryName string   `json:"library_name"`
	Title       string   `json:"title"`
	Source      string   `json:"source"`
	HeadingPath []string `json:"heading_path"`
	Page        *int     `json:"page"`
	Start       int      `json:"start"`
	End         int      `json:"end"`
	Text        string   `json:"text"`
	Score       float64  `json:"score"`

	ScoreKind  string          `json:"score_kind"`
	ChunkUIDs  []string        `json:"chunk_uids"`
	Duplicates []duplicateView `json:"duplicates"`
	Explain    *whyView        `json:"explain,omitempty"`
}

type duplicateView struct {
	ItemUID    string `json:"item_uid"`
	ChunkUID   string `json:"chunk_uid"`
	LibraryUID string `json:"library_uid"`
	Title      string `json:"title"`
}

// whyView is how a hit came to its place.
type whyView struct {
	Fused  float64       `json:"fused"`
	Share  float64       `json:"share"`
	Legs   []findingView `json:"legs"`
	Merged []string      `json:"merged"`
	Folded []string      `json:"folded"`
}

type findingView struct {
	Leg    string  `json:"leg"`
	Rank   int     `json:"rank"`
	Score  float64 `json:"score"`
	Weight float64 `json:"weight"`
	Gave   float64 `json:"gave"`
}

func viewWhy(h search.Hit) *whyView {
	why := h.Explanation
	if why == nil {
		return nil
	}
	out := &whyView{Fused: why.Fused, Share: why.Share, Legs: []findingView{}, Merged: uidsOf(why.Merged), Folded: uidsOf(why.Folded)}
	for _, f := range h.Found {
		view := findingView{Leg: f.Leg, Rank: f.Rank, Score: f.Score}
		for _, p := range why.Parts {
			if p.Leg == f.Leg {
				view.Weight, view.Gave = p.Weight, p.Gave
			}
		}
		out.Legs = append(out.Legs, view)
	}
	return out
}

func uidsOf(list []search.Trace) []string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = t.ChunkUID
	}
	return out
}

func viewHit(h search.Hit) hitView {
	return hitView{
		ChunkUID: h.ChunkUID, ItemUID: h.ItemUID, LibraryUID: h.LibraryUID, LibraryName: h.LibraryName,
		Title: h.Title, Source: h.Source, HeadingPath: orEmpty(h.HeadingPath), Page: h.Page,
		Start: h.Start, End: h.End, Text: h.Text, Score: h.Score,
		ScoreKind: string(h.ScoreKind), ChunkUIDs: orEmpty(h.ChunkUIDs), Duplicates: viewDuplicates(h.Duplicates), Explain: viewWhy(h),
	}
}

func viewDuplicates(list []search.Duplicate) []duplicateView {
	out := make([]duplicateView, len(list))
	for i, d := range list {
		out[i] = duplicateView(d)
	}
	return out
}

// hitOutput describes a hit.
func hitOutput() object {
	return record(object{
		{"chunk_uid", textOf("Give it to get_chunk.")},
		{"item_uid", textOf("Of the document; give it to get_item.")},
		{"library_uid", textOf("Of the library")},
		{"library_name", textOf("Of the library")},
		{"title", textOf("Of the document")},
		{"source", textOf("Where the document came from")},
		{"heading_path", listOf(textOf("A heading, the outermost first"))},
		{"page", numberOrNull(1, "Page, counted from 1")},
		{"start", integerOf("First character in the document's text, counted in code points from 0")},
		{"end", integerOf("The character after the last")},
		{"text", textOf("The passage, exactly as it stands in the document")},
		{"score", object{{"type", "number"}, {"description", "Higher is better; comparable within one answer only"}}},
		{"score_kind", oneOfTexts("What the score is of; hits that the reranker did not judge follow those that it did", "fusion", "rerank", "unjudged")},
		{"chunk_uids", listOf(textOf("A chunk of the passage, in the order of the document"))},
		{"duplicates", listOf(record(object{
			{"item_uid", textOf("Of a document that has the passage too")},
			{"chunk_uid", textOf("Of the passage there")},
			{"library_uid", textOf("Of the library")},
			{"title", textOf("Of the document")},
		}))},
		{"explain", whyOutput()},
	}, "explain")
}

// whyOutput describes what explain adds to a hit.
func whyOutput() object {
	numberOf := func(about string) object { return object{{"type", "number"}, {"description", about}} }
	return record(object{
		{"fused", numberOf("What the fusion gave: the sum of the legs")},
		{"share", numberOf("What is left of the score of a further passage of one document")},
		{"legs", listOf(record(object{
			{"leg", textOf("vector, fulltext, graph or rerank")},
			{"rank", integerOf("In the leg's list, from 1")},
			{"score", numberOf("In the leg's list")},
			{"weight", numberOf("The leg's share of the fusion")},
			{"gave", numberOf("To the fused score")},
		}))},
		{"merged", listOf(textOf("Another chunk of the passage"))},
		{"folded", listOf(textOf("A chunk that says the same"))},
	})
}
