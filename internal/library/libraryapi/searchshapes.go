package libraryapi

import "git.helu.ca/r/mnemosyne/internal/library/search"

type searchResultBody struct {
	Hits     []hitBody  `json:"hits" nullable:"false"`
	Status   statusBody `json:"status"`
	Degraded bool       `json:"degraded" description:"A part did not answer, so that hits may be missing."`
	TookMS   int64      `json:"took_ms"`
	Omitted  int        `json:"omitted" description:"Hits that max_chars left out."`

	Understood *understoodBody `json:"understood,omitempty" description:"What was made of the query's text."`

	Legs []legBody `json:"legs,omitempty" description:"Where explain was asked for."`
}

type legBody struct {
	Leg    string           `json:"leg"`
	Status search.LegStatus `json:"status" enum:"ok,empty,skipped,timeout,failed"`
	Found  int              `json:"found" description:"Chunks that it found, or judged."`
	TookMS float64          `json:"took_ms"`
}

type duplicateBody struct {
	ItemUID    string `json:"item_uid"`
	ChunkUID   string `json:"chunk_uid"`
	LibraryUID string `json:"library_uid"`
	Title      string `json:"title"`
}

// explanationBody is how a hit came to its place.
type explanationBody struct {
	Fused    float64       `json:"fused" description:"By the fusion: the sum of what the legs gave."`
	Legs     []findingBody `json:"legs" nullable:"false"`
	Share    float64       `json:"share" description:"What is left of the score of a further passage of one document; 1 of the first ones."`
	Reranked *float64      `json:"reranked" description:"The reranker's score, or null where it did not judge the hit."`
	Merged   []traceBody   `json:"merged" nullable:"false" description:"The other chunks of the passage."`
	Folded   []traceBody   `json:"folded" nullable:"false" description:"Chunks that say the same."`
}

type findingBody struct {
	Leg    string  `json:"leg"`
	Rank   int     `json:"rank"`
	Score  float64 `json:"score" description:"In the leg's own list; scores of different legs do not compare."`
	Weight float64 `json:"weight" description:"The leg's share of the fusion; 0 of the reranker."`
	Gave   float64 `json:"gave" description:"To the fused score."`
}

type traceBody struct {
	ChunkUID string        `json:"chunk_uid"`
	ItemUID  string        `json:"item_uid"`
	Legs     []findingBody `json:"legs" nullable:"false"`
}

type statusBody struct {
	Vector   search.LegStatus `json:"vector" enum:"ok,empty,skipped,timeout,failed"`
	FullText search.LegStatus `json:"fulltext" enum:"ok,empty,skipped,timeout,failed"`
	Graph    search.LegStatus `json:"graph" enum:"ok,empty,skipped,timeout,failed"`
	Rerank   search.LegStatus `json:"rerank" enum:"ok,empty,skipped,timeout,failed"`
}

type hitBody struct {
	ChunkUID    string   `json:"chunk_uid"`
	ItemUID     string   `json:"item_uid"`
	LibraryUID  string   `json:"library_uid"`
	LibraryName string   `json:"library_name"`
	Title       string   `json:"title"`
	Source      string   `json:"source"`
	HeadingPath []string `json:"heading_path" nullable:"false"`
	Page        *int     `json:"page"`
	Start       int      `json:"start" description:"In code points of the item's text."`
	End         int      `json:"end"`
	Text        string   `json:"text"`
	Score       float64  `json:"score"`

	Regions []regionBody `json:"regions" nullable:"false" description:"Where it stands on the pages of a PDF."`

	ScoreKind  search.ScoreKind `json:"score_kind" enum:"fusion,rerank,unjudged" description:"What the score is of. Hits that the reranker did not judge follow those that it did, and have none."`
	ChunkUIDs  []string         `json:"chunk_uids" nullable:"false" description:"All chunks of the passage, in the order of the document; chunk_uid is the best of them."`
	Duplicates []duplicateBody  `json:"duplicates" nullable:"false" description:"Other documents that have the passage in the same words, or nearly."`
	Explain    *explanationBody `json:"explain,omitempty"`
}

func hitOf(h search.Hit) hitBody {
	return hitBody{
		ChunkUID: h.ChunkUID, ItemUID: h.ItemUID, LibraryUID: h.LibraryUID, LibraryName: h.LibraryName,
		Title: h.Title, Source: h.Source, HeadingPath: append([]string{}, h.HeadingPath...), Page: h.Page,
		Start: h.Start, End: h.End, Text: h.Text, Score: h.Score, Regions: []regionBody{},
		ScoreKind: h.ScoreKind, ChunkUIDs: append([]string{}, h.ChunkUIDs...), Explain: explanationOf(h),
		Duplicates: each(h.Duplicates, func(d search.Duplicate) duplicateBody { return duplicateBody(d) }),
	}
}

func explanationOf(h search.Hit) *explanationBody {
	why := h.Explanation
	if why == nil {
		return nil
	}
	return &explanationBody{
		Fused: why.Fused, Legs: findingsOf(h.Found, why.Parts), Share: why.Share, Reranked: why.Reranked,
		Merged: each(why.Merged, traceOf), Folded: each(why.Folded, traceOf),
	}
}

func traceOf(t search.Trace) traceBody {
	return traceBody{ChunkUID: t.ChunkUID, ItemUID: t.ItemUID, Legs: findingsOf(t.Found, nil)}
}

func findingsOf(found []search.Finding, parts []search.Part) []findingBody {
	return each(found, func(f search.Finding) findingBody {
		out := findingBody{Leg: f.Leg, Rank: f.Rank, Score: f.Score}
		for _, p := range parts {
			if p.Leg == f.Leg {
				out.Weight, out.Gave = p.Weight, p.Gave
			}
		}
		return out
	})
}

func legOf(l search.Leg) legBody {
	return legBody{Leg: l.Name, Status: l.Status, Found: l.Hits, TookMS: float64(l.Took.Microseconds()) / 1000}
}
