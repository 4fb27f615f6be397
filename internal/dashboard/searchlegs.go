package dashboard

import (
	"slices"
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/search"
)

// legWords is a leg as people read of it, and what is missing without it.
type legWords struct{ name, label, without string }

func legsInWords() []legWords {
	return []legWords{
		{"vector", "Search by meaning", "Passages that say it in other words may be missing."},
		{"fulltext", "Search by words", "Passages with the very words, names or numbers may be missing."},
		{"graph", "Search by concepts", "Passages that are related by concepts may be missing."},
		{"rerank", "Reranking", "Nothing is missing for it, but the order is a rougher one."},
	}
}

func statusesOf(s search.Status) map[string]search.LegStatus {
	return map[string]search.LegStatus{"vector": s.Vector, "fulltext": s.FullText, "graph": s.Graph, "rerank": s.Rerank}
}

// degradedText says what each leg that did not answer leaves out.
func degradedText(result search.Result) []string {
	if !result.Degraded {
		return nil
	}
	var out []string
	statuses := statusesOf(result.Status)
	for _, leg := range legsInWords() {
		switch statuses[leg.name] {
		case search.Timeout:
			out = append(out, leg.label+" did not answer in time. "+leg.without)
		case search.Failed:
			out = append(out, leg.label+" failed. "+leg.without)
		case search.Skipped:
			if slices.ContainsFunc(result.Legs, func(l search.Leg) bool { return l.Name == leg.name && l.Status == search.Skipped }) {
				out = append(out, leg.label+" was left out, as it failed or was too slow a moment ago. "+leg.without)
			}
		case search.OK, search.Empty:
		}
	}
	if len(out) == 0 {
		out = append(out, "Some passages that were found could not be read, and are missing here.")
	}
	return out
}

// howFound is what each leg did, and where it has each hit.
type howFound struct {
	Legs []legRow
	Hits []findingRow
	Rank bool // the reranker judged
}

type legRow struct {
	Label, Status string
	Outcome       string
	Hits          int64
	Took          string
}

// findingRow is a hit with its places in the legs' lists.
type findingRow struct {
	Rank               int64
	Title, Where, Path string
	// Where a part has it; a dash where it has not.
	Meaning, Words, Concepts, Reranked string
}

func howFoundOf(result search.Result) howFound {
	var out howFound
	for _, leg := range result.Legs {
		row := legRow{Status: string(leg.Status), Outcome: outcomeOf(leg.Status), Label: leg.Name, Hits: int64(leg.Hits)}
		for _, words := range legsInWords() {
			if words.name == leg.Name {
				row.Label = words.label
			}
		}
		if leg.Status != search.Skipped {
			row.Took = strconv.FormatFloat(float64(leg.Took.Microseconds())/1000, 'f', 1, 64) + " ms"
		}
		out.Legs = append(out.Legs, row)
		out.Rank = out.Rank || leg.Name == "rerank"
	}
	if len(out.Legs) == 0 {
		return out
	}
	for i, h := range result.Hits {
		out.Hits = append(out.Hits, findingRowOf(int64(i)+1, h))
	}
	return out
}

func findingRowOf(rank int64, h search.Hit) findingRow {
	row := findingRow{Rank: rank, Title: h.Title, Where: strings.Join(h.HeadingPath, " › "), Path: passagePath(h.LibraryUID, h.ItemUID, h.Start), Meaning: "–", Words: "–", Concepts: "–", Reranked: "–"}
	if row.Title == "" {
		row.Title = h.Source
	}
	if h.Page != nil {
		row.Where = strings.TrimSuffix("page "+strconv.Itoa(*h.Page)+", "+row.Where, ", ")
	}
	for _, f := range h.Found {
		text := "no. " + strconv.Itoa(f.Rank) + " (" + strconv.FormatFloat(f.Score, 'f', 3, 64) + ")"
		switch f.Leg {
		case "vector":
			row.Meaning = text
		case "fulltext":
			row.Words = text
		case "graph":
			row.Concepts = text
		case "rerank":
			row.Reranked = text
		}
	}
	return row
}

func outcomeOf(s search.LegStatus) string {
	switch s {
	case search.OK:
		return "answered"
	case search.Empty:
		return "found nothing"
	case search.Timeout:
		return "not in time"
	case search.Failed:
		return "failed"
	case search.Skipped:
	}
	return "not asked"
}
