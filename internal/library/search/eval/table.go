package eval

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// Baseline is the nDCG@10 of plain BM25 (FTS5, Porter stems, title and text)
// on collections that are often measured, by name.
func Baseline() map[string]float64 {
	return map[string]float64{
		"scifact-train": .701, "cranfield": .361, "cisi": .318, "med": .700, "cosqa-dev": .384, "xquad-en": .969, "xquad-de": .930,
	}
}

// WriteTable prints reports, a line each, and their mean.
func WriteTable(w io.Writer, reports []Report) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	line := func(format string, args ...any) { fmt.Fprintf(t, format+"\t\n", args...) } // the writer keeps its error for Flush
	line("collection\tdocuments\tqueries\tBM25\tfull-text\tvector\trrf\tweighted\tadaptive\trecall@100\tMRR@10\tindex s\tembed s\tfull-text ms\tvector ms")
	line("\t\t\tnDCG@10\tnDCG@10\tnDCG@10\tnDCG@10\tnDCG@10\tnDCG@10\tadaptive\tadaptive\t\t\tp50/p95\tp50/p95")
	baseline, known := Baseline(), 0.0
	var mean [5][]Quality
	for _, r := range reports {
		bm25 := "-"
		if b, ok := baseline[r.Name]; ok {
			bm25 = fmt.Sprintf("%.3f", b)
			known += b
		}
		line("%s\t%d\t%d\t%s\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.1f\t%.1f\t%s\t%s", r.Name, r.Documents, r.Queries, bm25,
			r.FullText.NDCG10, r.Vector.NDCG10, r.RRF.NDCG10, r.Weighted.NDCG10, r.Adaptive.NDCG10, r.Adaptive.Recall100, r.Adaptive.MRR10,
			r.IndexTime.Seconds(), r.EmbedTime.Seconds(), r.FullTextTimes, r.VectorTimes)
		for i, q := range []Quality{r.FullText, r.Vector, r.RRF, r.Weighted, r.Adaptive} {
			mean[i] = append(mean[i], q)
		}
	}
	if n := len(reports); n > 1 {
		line("mean\t\t\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t\t\t\t", known/float64(n),
			Mean(mean[0]).NDCG10, Mean(mean[1]).NDCG10, Mean(mean[2]).NDCG10, Mean(mean[3]).NDCG10, Mean(mean[4]).NDCG10, Mean(mean[4]).Recall100, Mean(mean[4]).MRR10)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	return nil
}

// Times are percentiles.
type Times struct{ P50, P95 time.Duration }

// String gives both in milliseconds.
func (t Times) String() string {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return fmt.Sprintf("%.1f/%.1f", ms(t.P50), ms(t.P95))
}

func timesOf(all []time.Duration) Times { return Times{Percentile(all, .5), Percentile(all, .95)} }
