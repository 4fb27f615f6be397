//go:build unix

package minilm_test

import (
	"strings"
	"syscall"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm/kernel"
)

const sample = "Boundary layers on a flat plate in supersonic flow are examined by a method of strips. "

// cpuSeconds is the processor time of this process so far, which other
// programs on the machine do not change as they do the wall clock's.
func cpuSeconds(b *testing.B) float64 {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

// operations is the multiplications and additions of one text's matrix
// products, special tokens included.
func operations(tokens int) float64 {
	n := float64(tokens + 2)
	return 6 * (2*n*384*(4*384+2*1536) + 4*n*n*384)
}

func BenchmarkEmbedDocuments(b *testing.B) {
	for _, set := range kernel.All() {
		model := minilm.New(minilm.Options{Kernel: set})
		for name, words := range map[string]int{"254 tokens": 254, "200 tokens": 200, "40 tokens": 40} {
			text := strings.Repeat("word ", words)
			inputs := make([]embedding.Input, 256/words*4)
			for i := range inputs {
				inputs[i].Text = text
			}
			b.Run(set.Name+"/"+name, func(b *testing.B) {
				start := cpuSeconds(b)
				for b.Loop() {
					if _, err := model.EmbedDocuments(b.Context(), inputs); err != nil {
						b.Fatal(err)
					}
				}
				texts := float64(b.N * len(inputs))
				spent := cpuSeconds(b) - start
				b.ReportMetric(texts/spent, "chunks/core-s")
				b.ReportMetric(texts*operations(words)/1e9/spent, "GFLOP/core-s")
			})
		}
	}
}

func BenchmarkEmbedQuery(b *testing.B) {
	for _, set := range kernel.All() {
		model := minilm.New(minilm.Options{Kernel: set})
		query := strings.TrimSpace(strings.Repeat("word ", 12))
		b.Run(set.Name, func(b *testing.B) {
			start := cpuSeconds(b)
			for b.Loop() {
				if _, err := model.EmbedQuery(b.Context(), embedding.Query{Text: query}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(1e3*(cpuSeconds(b)-start)/float64(b.N), "cpu-ms/query")
		})
	}
}

func BenchmarkCountTokens(b *testing.B) {
	model := minilm.New(minilm.Options{})
	text := strings.Repeat(sample, 1000)
	model.CountTokens(text)
	b.ReportAllocs()
	start := cpuSeconds(b)
	for b.Loop() {
		model.CountTokens(text)
	}
	b.ReportMetric(float64(b.N*len(text))/1e6/(cpuSeconds(b)-start), "MB/core-s")
}

func BenchmarkFirstUse(b *testing.B) {
	for b.Loop() {
		if err := minilm.New(minilm.Options{}).Ping(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
