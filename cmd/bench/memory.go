package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

const (
	textBytes = 50 << 20
	// enoughEmbedded is when the stage of embedding has shown what it holds:
	// from then on it only repeats itself.
	enoughEmbedded = 400
)

// memory takes a long PDF and a large text in at once and watches all of the
// program's processes.
func (b *bench) memory(ctx context.Context) (rows []row, err error) {
	dir, err := b.folder("memory")
	if err != nil {
		return nil, err
	}
	files := []string{filepath.Join(dir, "book.pdf"), filepath.Join(dir, "large.txt")}
	if err := b.words.seeded(15).book(files[0], bookPages); err != nil {
		return nil, err
	}
	if err := b.words.seeded(16).largeText(files[1], textBytes); err != nil {
		return nil, err
	}
	s, err := b.up(ctx, filepath.Join(dir, "data"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	jobs := make([]string, len(files))
	for i, path := range files {
		j, err := s.upload(ctx, s.library, path)
		if err != nil {
			return nil, err
		}
		jobs[i] = j.ID
	}
	peaks, seen, err := s.watch(ctx, jobs)
	if err != nil {
		return nil, err
	}
	most := max(peaks["extracting"], peaks["chunking"], peaks["embedding"])
	return []row{{
		what: fmt.Sprintf("memory, all processes together, while a PDF of %d pages and a text of %d MB are taken in at once "+
			"(followed until %s of their chunks are embedded, then cancelled: the rest repeats itself for an hour)", bookPages, textBytes>>20, seen),
		measured: fmt.Sprintf("%s at most (extracting %s, chunking %s, embedding %s)", megabytes(most),
			megabytes(peaks["extracting"]), megabytes(peaks["chunking"]), megabytes(peaks["embedding"])),
		target: "≤ 600 MB", missed: most > 600e6,
	}}, nil
}

// watch samples memory by the stage that the latest of the jobs is in, until
// each has embedded enough.
func (s *server) watch(ctx context.Context, jobs []string) (peaks map[string]int64, seen string, err error) {
	peaks = map[string]int64{}
	order := map[string]int{"fetching": 0, "extracting": 1, "chunking": 2, "embedding": 3, "indexing": 4}
	for done := 0; done < len(jobs); {
		done, seen = 0, ""
		stage := "embedding"
		for _, id := range jobs {
			now, err := s.job(ctx, id)
			if err != nil {
				return nil, "", err
			}
			if now.ended() || now.Counts.Embedded >= enoughEmbedded {
				done++
			}
			if order[now.Stage] < order[stage] {
				stage = now.Stage
			}
			if seen != "" {
				seen += " and "
			}
			seen += fmt.Sprintf("%d of %d", now.Counts.Embedded, now.Counts.Chunks)
		}
		peaks[stage] = max(peaks[stage], treeMemory(s.pid))
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return nil, "", err
		}
	}
	for _, id := range jobs {
		if err := s.call(ctx, http.MethodPost, "/library/api/jobs/"+id+"/cancel/", nil, nil); err != nil {
			return nil, "", err
		}
	}
	return peaks, seen, nil
}

// largeText writes paragraphs of plain text until there are size bytes.
func (w *writer) largeText(path string, size int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	for written := 0; written < size && err == nil; {
		var n int
		n, err = f.WriteString(w.paragraph(120) + "\n\n")
		written += n
	}
	return errors.Join(err, f.Close())
}
