package ingest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// recorder keeps what was embedded, so that it can be embedded alone.
type recorder struct {
	embedding.Embedder
	mu     sync.Mutex
	inputs [][]embedding.Input
}

func (r *recorder) EmbedDocuments(ctx context.Context, in []embedding.Input) ([][]float32, error) {
	r.mu.Lock()
	r.inputs = append(r.inputs, in)
	r.mu.Unlock()
	return r.Embedder.EmbedDocuments(ctx, in)
}

// abstracts makes texts of the length of papers' abstracts.
func abstracts(n int) []string {
	random := rand.New(rand.NewPCG(1, 2))
	words := make([]string, 4000)
	for i := range words {
		b := make([]byte, 3+random.IntN(8))
		for j := range b {
			b[j] = byte('a' + random.IntN(26))
		}
		words[i] = string(b)
	}
	out := make([]string, n)
	for i := range out {
		var b strings.Builder
		fmt.Fprintf(&b, "# Abstract %d\n\n", i)
		for s := range 9 {
			for w := range 20 {
				if s+w > 0 {
					b.WriteByte(' ')
				}
				b.WriteString(words[int(random.ExpFloat64()*300)%len(words)])
			}
			b.WriteByte('.')
		}
		out[i] = b.String()
	}
	return out
}

func cpu(b *testing.B, who int) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkManySmallDocuments takes in b.N abstracts with everything real, and
// reports the CPU that is not the embedder's.
func BenchmarkManySmallDocuments(b *testing.B) {
	w := newWorld(b, sqldbtest.SQLite(b))
	exe, err := os.Executable()
	check(b, err)
	pool := extract.NewPool(extract.Options{Executable: exe, Args: []string{"extract-worker"}, Workers: 2, CacheDir: b.TempDir()})
	check(b, pool.Start(b.Context()))
	model := &recorder{Embedder: minilm.New(minilm.Options{})}
	_, err = model.EmbedQuery(b.Context(), embedding.Query{Text: "warm"})
	check(b, err)
	texts := abstracts(b.N)
	self, children := cpu(b, syscall.RUSAGE_SELF), cpu(b, syscall.RUSAGE_CHILDREN)
	b.ResetTimer()
	stop := w.run(w.worker(func(o *ingest.WorkerOptions) {
		o.Embedder, o.Extractor = model, pool
		o.ChunkTokens = func(kind string) int { t, _ := library.TypeNamed(kind); return t.ChunkTokens }
	}))
	var last string
	for i, text := range texts {
		last = w.submit(ingest.Submission{Filename: fmt.Sprintf("%d.md", i), Text: &text, Batch: true}).Job.ID
	}
	submitting := cpu(b, syscall.RUSAGE_SELF)
	for _, err := range w.Watch(b.Context(), w.alice, last) {
		check(b, err)
	}
	stop()
	b.StopTimer()
	check(b, pool.Stop(context.WithoutCancel(b.Context())))
	own, forked := cpu(b, syscall.RUSAGE_SELF)-self, cpu(b, syscall.RUSAGE_CHILDREN)-children
	alone := cpu(b, syscall.RUSAGE_SELF)
	for _, in := range model.inputs {
		_, err := model.Embedder.EmbedDocuments(b.Context(), in)
		check(b, err)
	}
	alone = cpu(b, syscall.RUSAGE_SELF) - alone
	per := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(b.N) }
	b.ReportMetric(per(alone), "embedder-ms/doc")
	b.ReportMetric(per(own-alone), "ours-ms/doc")
	b.ReportMetric(per(forked), "children-ms/doc")
	b.ReportMetric(per(submitting-self), "while-submitting-ms/doc")
	b.ReportMetric(100*float64(own+forked-alone)/float64(alone), "%over-embedder")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "docs/s")
	if n := w.count(`SELECT COUNT(*) FROM item WHERE status = 'ready'`); n != int64(b.N) {
		b.Fatalf("%d documents are ready of %d", n, b.N)
	}
}
