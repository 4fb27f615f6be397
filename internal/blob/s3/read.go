package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/minio/minio-go/v7"

	"git.helu.ca/r/mnemosyne/internal/blob"
)

// resumes is how often a reader goes on where a broken connection left it.
const resumes = 3

// Open opens an object of whatever key the server takes. The reader streams;
// it asks anew where Seek leads elsewhere, and goes on after a connection
// that broke. It never mixes two writings of an object: one that was written
// again meanwhile is ErrChanged. ctx ends reading too.
func (b *Bucket) Open(ctx context.Context, key string) (io.ReadSeekCloser, blob.Info, error) {
	body, stat, _, err := b.core.GetObject(ctx, b.opt.Bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, blob.Info{}, b.explain("open", "object "+key, err)
	}
	r := &reader{bucket: b, ctx: ctx, key: key, etag: stat.ETag, size: stat.Size, body: body}
	return r, blob.Info{Key: key, Size: stat.Size, Modified: stat.LastModified.UTC()}, nil
}

// reader reads one writing of an object.
type reader struct {
	bucket *Bucket
	ctx    context.Context //nolint:containedctx // lives from Open to Close
	key    string
	etag   string
	size   int64

	at     int64         // where the caller is
	body   io.ReadCloser // nil: none is open
	bodyAt int64         // where body is
	broken int           // how often a connection broke since something came
	closed bool
}

// Read reads on from where the caller is.
func (r *reader) Read(p []byte) (int, error) {
	switch {
	case r.closed:
		return 0, fs.ErrClosed
	case r.at >= r.size:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	for {
		if err := r.move(); err != nil {
			return 0, err
		}
		n, err := r.body.Read(p)
		r.at += int64(n)
		r.bodyAt = r.at
		if n > 0 {
			r.broken = 0
		}
		if err == nil || (errors.Is(err, io.EOF) && r.at >= r.size) {
			return n, nil // and the end at the next call
		}
		r.drop()
		if r.broken++; r.broken > resumes || r.ctx.Err() != nil {
			return n, r.bucket.explain("read", "object "+r.key, unexpected(err))
		}
		if n > 0 {
			return n, nil
		}
	}
}

// unexpected is what an end before the end is.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// move opens the body where the caller is, if it is not there.
func (r *reader) move() error {
	if r.body != nil && r.bodyAt == r.at {
		return nil
	}
	r.drop()
	var opt minio.GetObjectOptions
	if err := errors.Join(opt.SetRange(r.at, r.size-1), opt.SetMatchETag(r.etag)); err != nil {
		return fmt.Errorf("read object %s: %w", r.key, err)
	}
	body, _, _, err := r.bucket.core.GetObject(r.ctx, r.bucket.opt.Bucket, r.key, opt)
	if err != nil {
		return r.bucket.explain("read", "object "+r.key, err)
	}
	r.body, r.bodyAt = body, r.at
	return nil
}

func (r *reader) drop() {
	if r.body != nil {
		_ = r.body.Close() // it was only read
		r.body = nil
	}
}

// Seek asks nobody; the next Read does.
func (r *reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return r.at, fs.ErrInvalid
	}
	r.at = offset
	return offset, nil
}

// Close gives the connection back.
func (r *reader) Close() error {
	r.drop()
	r.closed = true
	return nil
}
