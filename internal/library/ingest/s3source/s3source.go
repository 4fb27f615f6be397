// Package s3source is the bucket that other systems hand documents over in,
// on an S3 server. It only reads: its key needs no other right.
package s3source

import (
	"context"
	"errors"
	"io"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/blob/s3"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

// Source is a bucket as an ingest.Source. It is safe for concurrent use.
type Source struct {
	ingest.Handover

	bucket *s3.Bucket
}

// New talks to nobody.
func New(opt s3.Options, rule ingest.Handover) (*Source, error) {
	bucket, err := s3.OpenBucket(opt)
	if err != nil {
		return nil, err
	}
	return &Source{Handover: rule, bucket: bucket}, nil
}

// Where is the server and the bucket, for people.
func (s *Source) Where() string { return s.bucket.Where() }

// Ping tells whether the bucket can be read.
func (s *Source) Ping(ctx context.Context) error { return s.bucket.Ping(ctx) }

// Open opens an object, which streams. One that is written again while it is
// read fails, rather than give a part of each.
func (s *Source) Open(ctx context.Context, key string) (io.ReadCloser, int64, error) {
	body, info, err := s.bucket.Open(ctx, key)
	if err != nil {
		return nil, 0, failure(ctx, err)
	}
	return reader{ctx, body}, info.Size, nil
}

// reader gives faults in the middle of a document the codes of those at its
// beginning.
type reader struct {
	ctx context.Context //nolint:containedctx // lives from Open to Close
	io.ReadCloser
}

func (r reader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = failure(r.ctx, err)
	}
	return n, err
}

// failure tells an owner what an operator would have to mend. A bucket that
// is not there, a key that is not known and a server that does not answer are
// mended elsewhere and pass; a right that lacks does not by itself.
func failure(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return err
	case errors.Is(err, blob.ErrMissing):
		return ingest.SourceMissing(err)
	case errors.Is(err, s3.ErrForbidden):
		return ingest.SourceForbidden(err)
	case errors.Is(err, s3.ErrChanged):
		return ingest.SourceUnreachable("The object was written again while it was fetched.", err)
	case errors.Is(err, s3.ErrBucket):
		return ingest.SourceUnreachable("The bucket that documents are handed over in is not there.", err)
	case errors.Is(err, s3.ErrAccessKey), errors.Is(err, s3.ErrSecretKey):
		return ingest.SourceUnreachable("The bucket does not accept Mnemosyne's credentials.", err)
	case errors.Is(err, s3.ErrTLS):
		return ingest.SourceUnreachable("There is no secure connection to the bucket.", err)
	}
	return ingest.SourceUnreachable("", err)
}
