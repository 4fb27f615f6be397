package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/library/chunk"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// pipeline takes the document from where an earlier attempt left it to where
// readers see it. It returns nil when the job's end is written.
func (r *run) pipeline(ctx context.Context) (err error) {
	if r.deleted {
		return errGone
	}
	if r.publishing {
		r.resumed = true
		doc, err := r.loadDocument(ctx)
		if err != nil && !errors.Is(err, blob.ErrMissing) {
			return fmt.Errorf("read the text again: %w", err)
		}
		if doc != nil {
			r.language = doc.Language
		}
		return r.publish(ctx)
	}
	if r.stale {
		if err := r.graph.Discard(ctx, r.generation()); err != nil {
			return fmt.Errorf("discard what another recipe made: %w", err)
		}
	}
	if err := r.fetch(ctx); err != nil {
		return err
	}
	if r.sourceKey != "" && r.published > 0 && r.hash == r.publishedHash {
		return r.unchanged(ctx)
	}
	doc, err := r.extract(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, doc.Close()) }()
	chunks, err := r.cut(ctx, doc)
	if err != nil {
		return err
	}
	if err := r.embed(ctx, doc, chunks); err != nil {
		return err
	}
	return r.seal(ctx)
}

const setFetched = `UPDATE item_generation SET content_hash = $3, size_bytes = $4 WHERE item_uid = $1 AND generation = $2
	AND EXISTS (SELECT 1 FROM ingest_job WHERE id = $5 AND lease_token = $6)`

// fetch copies a document of another system to an object of ours, and sees
// that the bytes are those that the sender meant.
func (r *run) fetch(ctx context.Context) error {
	r.tracker.begin(StageFetching, r.size, "bytes")
	r.hook("fetching")
	if r.sourceKey != "" && r.hash == "" {
		if err := r.copySource(ctx); err != nil {
			return err
		}
		if err := r.meant(); err != nil {
			return err // and a retry fetches anew
		}
		if err := fenced(sqldb.Exec(ctx, r.db.Write(), setFetched, r.job.ItemUID, r.job.Generation, r.hash, r.size, r.job.ID, r.token)); err != nil {
			return fmt.Errorf("note what was fetched: %w", err)
		}
	}
	return r.meant()
}

// meant tells whether the bytes are those that the sender spoke of.
func (r *run) meant() error {
	if r.expectedHash != "" && r.expectedHash != r.hash {
		return &Failure{Code: CodeHashMismatch, Detail: "The bytes do not hash to content_hash: they changed or were cut short on the way. Send them again."}
	}
	return nil
}

func (r *run) copySource(ctx context.Context) error {
	body, size, err := r.openSource(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	if size > r.maxBytes {
		return &Failure{Code: document.CodeTooLarge, Detail: tooLarge(r.maxBytes).Error()}
	}
	counted := &counter{r: io.LimitReader(body, r.maxBytes+1), tell: func(n int64) { r.tracker.progress(n, max(size, 0), "bytes") }}
	r.stored = true
	info, err := r.objects.Put(ctx, r.originalKey, counted)
	if err != nil {
		return fmt.Errorf("copy the document: %w", err)
	}
	switch {
	case info.Size > r.maxBytes:
		return &Failure{Code: document.CodeTooLarge, Detail: tooLarge(r.maxBytes).Error()}
	case info.Size == 0:
		return &Failure{Code: document.CodeEmpty, Detail: "The document has no content."}
	}
	r.size, r.hash = info.Size, hashPrefix+info.SHA256
	return nil
}

// openSource opens what the document is copied from.
func (r *run) openSource(ctx context.Context) (io.ReadCloser, int64, error) {
	switch {
	case r.sourceBucket == webBucket && r.web == nil:
		return nil, 0, &Failure{Code: CodeSourceForbidden, Detail: "Fetching web addresses is switched off here."}
	case r.sourceBucket == webBucket:
		return r.web.Open(ctx, r.sourceKey)
	case r.source == nil:
		return nil, 0, &Failure{Code: CodeSourceUnreachable, Passing: true, Detail: "The bucket that the document lies in is not configured any more."}
	}
	return r.source.Open(ctx, r.sourceKey)
}

// counter tells how much was read.
type counter struct {
	r    io.Reader
	n    int64
	tell func(n int64)
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.tell(c.n)
	return n, err
}

func (r *run) unchanged(ctx context.Context) error {
	at, _ := r.tracker.take()
	err := r.endUnchanged(ctx, r.claim, at)
	if err != nil {
		r.tracker.putBack(at)
		return err
	}
	r.metrics.ended(StatusDone, "", 1)
	r.metrics.lasted(StatusDone, r.now().Sub(r.job.CreatedAt))
	return nil
}

// extract gives the document's text and structure, from the objects where an
// earlier attempt got that far. The structure is written last, so that it
// stands for all.
func (r *run) extract(ctx context.Context) (*document.Mapped, error) {
	r.tracker.begin(StageExtracting, 0, "pages")
	r.hook("extracting")
	r.textKey, r.structureKey = textKey(r.prefix()), structureKey(r.prefix())
	doc, err := r.loadDocument(ctx)
	if errors.Is(err, blob.ErrMissing) {
		doc, err = r.extractFile(ctx)
	} else if err == nil {
		err = r.countAttachments(ctx)
	}
	if err != nil {
		return nil, err
	}
	r.ownTitle, r.contentType, r.language = cutTitle(doc.Title), doc.ContentType, doc.Language
	if n := int64(len(doc.Pages)); n > 0 {
		r.pages = &n
		r.tracker.count(func(c *Counts) { c.Pages = n })
	}
	return doc, nil
}

func (r *run) loadDocument(ctx context.Context) (*document.Mapped, error) {
	structure, _, err := r.objects.Open(ctx, r.structureKey)
	if err != nil {
		return nil, err
	}
	defer func() { _ = structure.Close() }()
	text, _, err := r.objects.Open(ctx, r.textKey)
	if err != nil {
		return nil, err
	}
	defer func() { _ = text.Close() }()
	return document.Map(text, structure, r.opt.TempDir)
}

// mapDocument reads a document that was written under dir. It outlives the
// folder.
func mapDocument(dir string) (*document.Mapped, error) {
	text, err := os.Open(filepath.Join(dir, document.TextFile)) //nolint:gosec // a folder of our own
	if err != nil {
		return nil, fmt.Errorf("open what was extracted: %w", err)
	}
	defer func() { _ = text.Close() }()
	structure, err := os.Open(filepath.Join(dir, document.StructureFile)) //nolint:gosec // a folder of our own
	if err != nil {
		return nil, fmt.Errorf("open what was extracted: %w", err)
	}
	defer func() { _ = structure.Close() }()
	return document.Map(text, structure, dir)
}

func (r *run) extractFile(ctx context.Context) (*document.Mapped, error) {
	dir, err := os.MkdirTemp(r.opt.TempDir, tempPrefix)
	if err != nil {
		return nil, fmt.Errorf("make a folder to extract to: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path, err := r.localOriginal(ctx, dir)
	if err != nil {
		return nil, err
	}
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		return nil, fmt.Errorf("make a folder to extract to: %w", err)
	}
	in := document.Input{Path: path, Filename: r.filename}
	if in.Attachments, err = r.mayCarry(ctx); err != nil {
		return nil, err
	}
	res, err := r.opt.Extractor.Extract(ctx, in, out, func(done, total int, unit string) {
		r.tracker.progress(int64(done), int64(total), unit)
	})
	if err != nil {
		return nil, err
	}
	r.stored = true
	if err := r.keepAttachments(ctx, out, res.Attachments); err != nil {
		return nil, err
	}
	for _, file := range []struct{ name, key string }{
		{document.TextFile, r.textKey},
		{document.RegionsFile, regionsKey(r.prefix())},
		{document.StructureFile, r.structureKey},
	} {
		_, err := r.putFile(ctx, filepath.Join(out, file.name), file.key)
		if errors.Is(err, fs.ErrNotExist) && file.name == document.RegionsFile {
			continue // of most formats there is none
		}
		if err != nil {
			return nil, err
		}
	}
	r.hook("extracted")
	return mapDocument(out)
}

// localOriginal gives a file that holds the document: its own object where
// objects are files, else a copy in dir.
func (r *run) localOriginal(ctx context.Context, dir string) (path string, err error) {
	if local, ok := r.objects.(blob.Local); ok {
		return local.Path(r.originalKey)
	}
	body, _, err := r.objects.Open(ctx, r.originalKey)
	if err != nil {
		return "", fmt.Errorf("read the document: %w", err)
	}
	defer func() { _ = body.Close() }()
	f, err := os.Create(filepath.Join(dir, "original")) //nolint:gosec // a folder of our own
	if err != nil {
		return "", fmt.Errorf("copy the document: %w", err)
	}
	_, err = io.Copy(f, body)
	if err := errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("copy the document: %w", err)
	}
	return f.Name(), nil
}

func (r *run) putFile(ctx context.Context, path, key string) (blob.Info, error) {
	f, err := os.Open(path) //nolint:gosec // in a folder of our own
	if err != nil {
		return blob.Info{}, fmt.Errorf("read what was extracted: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := r.objects.Put(ctx, key, f)
	if err != nil {
		return blob.Info{}, fmt.Errorf("keep what was extracted: %w", err)
	}
	return info, nil
}

// cut gives the document's chunks. They hold places in the text, not the text.
func (r *run) cut(ctx context.Context, doc *document.Mapped) ([]chunk.Chunk, error) {
	r.tracker.begin(StageChunking, 0, "chunks")
	r.hook("chunking")
	target := 0
	if r.opt.ChunkTokens != nil {
		target = r.opt.ChunkTokens(r.libraryType)
	}
	chunks, err := Cut(ctx, doc, target, r.embedder, r.also)
	if err != nil {
		return nil, err
	}
	if len(chunks) == 0 {
		return nil, &Failure{Code: document.CodeNoText, Detail: "The document has no text that could be searched."}
	}
	r.chunks = int64(len(chunks))
	r.tracker.count(func(c *Counts) { c.Chunks = r.chunks })
	return chunks, nil
}
