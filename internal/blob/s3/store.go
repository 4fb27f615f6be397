package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"

	"git.helu.ca/r/mnemosyne/internal/blob"
)

// Sizes of writing, in bytes. S3 takes 10,000 parts, which is 78 GiB of these.
// A Put holds inFlight+1 of them.
const (
	partSize  = 8 << 20
	smallSize = 64 << 10 // what is tried first, as most objects fit
	inFlight  = 2        // parts on their way at the same time
)

// Store keeps objects in a bucket of our own. It implements blob.Store.
type Store struct {
	*Bucket

	parts sync.Pool // of *[]byte of partSize
}

// Open talks to nobody.
func Open(opt Options) (*Store, error) {
	b, err := OpenBucket(opt)
	if err != nil {
		return nil, err
	}
	return &Store{Bucket: b, parts: sync.Pool{New: func() any { p := make([]byte, partSize); return &p }}}, nil
}

// Open opens an object.
func (s *Store) Open(ctx context.Context, key string) (io.ReadSeekCloser, blob.Info, error) {
	if err := check(key); err != nil {
		return nil, blob.Info{}, err
	}
	return s.Bucket.Open(ctx, key)
}

// Put writes an object of one part with one request, and a larger one part by
// part; the server makes it appear whole with the last request.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	if err := check(key); err != nil {
		return blob.Info{}, err
	}
	sum := sha256.New()
	r = io.TeeReader(r, sum)
	small := make([]byte, smallSize)
	n, err := io.ReadFull(r, small)
	if ended(err) {
		return s.putWhole(ctx, key, small[:n], sum)
	}
	if err != nil {
		return blob.Info{}, fmt.Errorf("write object %s: %w", key, err)
	}
	part := s.part()
	defer s.parts.Put(part)
	copy(*part, small)
	n, err = io.ReadFull(r, (*part)[smallSize:])
	if ended(err) {
		return s.putWhole(ctx, key, (*part)[:smallSize+n], sum)
	}
	if err != nil {
		return blob.Info{}, fmt.Errorf("write object %s: %w", key, err)
	}
	return s.putParts(ctx, key, io.MultiReader(bytes.NewReader(*part), r), sum)
}

func (s *Store) part() *[]byte { return s.parts.Get().(*[]byte) } //nolint:forcetypeassert // it holds nothing else

// ended tells that a full read came to the end of what there is.
func ended(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

func (s *Store) putWhole(ctx context.Context, key string, content []byte, sum hash.Hash) (blob.Info, error) {
	digest := hex.EncodeToString(sum.Sum(nil))
	_, err := s.core.PutObject(ctx, s.opt.Bucket, key, bytes.NewReader(content), int64(len(content)), "", digest, minio.PutObjectOptions{})
	if err != nil {
		return blob.Info{}, s.explain("write", "object "+key, err)
	}
	return blob.Info{Key: key, Size: int64(len(content)), SHA256: digest, Modified: time.Now().UTC()}, nil
}

func (s *Store) putParts(ctx context.Context, key string, r io.Reader, sum hash.Hash) (blob.Info, error) {
	id, err := s.core.NewMultipartUpload(ctx, s.opt.Bucket, key, minio.PutObjectOptions{})
	if err != nil {
		return blob.Info{}, s.explain("begin", "object "+key, err)
	}
	size, parts, err := s.upload(ctx, key, id, r)
	if err == nil {
		_, err = s.core.CompleteMultipartUpload(ctx, s.opt.Bucket, key, id, parts, minio.PutObjectOptions{})
	}
	if _, input := errors.AsType[inputError](err); input {
		err = fmt.Errorf("write object %s: %w", key, err)
	} else {
		err = s.explain("write", "object "+key, err)
	}
	if err != nil {
		return blob.Info{}, errors.Join(err, s.abort(ctx, key, id))
	}
	return blob.Info{Key: key, Size: size, SHA256: hex.EncodeToString(sum.Sum(nil)), Modified: time.Now().UTC()}, nil
}

// inputError is a fault of what is to be written, and none of the server's.
type inputError struct{ error }

func (e inputError) Unwrap() error { return e.error }

// upload sends the parts, some at a time.
func (s *Store) upload(ctx context.Context, key, id string, r io.Reader) (size int64, parts []minio.CompletePart, err error) {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	var sent []*minio.CompletePart
	for last := false; !last && groupCtx.Err() == nil; {
		part := s.part()
		n, err := io.ReadFull(r, *part)
		if last = ended(err); err != nil && !last {
			s.parts.Put(part)
			return 0, nil, errors.Join(inputError{err}, group.Wait())
		}
		if n == 0 {
			s.parts.Put(part)
			break
		}
		size += int64(n)
		done := &minio.CompletePart{PartNumber: len(sent) + 1}
		sent = append(sent, done)
		group.Go(func() error {
			defer s.parts.Put(part)
			got, err := s.core.PutObjectPart(groupCtx, s.opt.Bucket, key, id, done.PartNumber, bytes.NewReader((*part)[:n]), int64(n), minio.PutObjectPartOptions{})
			done.ETag = got.ETag
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return 0, nil, err
	}
	for _, done := range sent {
		parts = append(parts, *done)
	}
	return size, parts, ctx.Err()
}

// abort forgets a writing, also when it was ended by its context. What it
// cannot, Sweep does.
func (s *Store) abort(ctx context.Context, key, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := s.core.AbortMultipartUpload(ctx, s.opt.Bucket, key, id)
	if minio.ToErrorResponse(err).Code == minio.NoSuchUpload {
		return nil
	}
	return s.explain("take back", "object "+key, err)
}

// Delete removes an object.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := check(key); err != nil {
		return err
	}
	err := s.core.RemoveObject(ctx, s.opt.Bucket, key, minio.RemoveObjectOptions{})
	if err = s.explain("delete", "object "+key, err); errors.Is(err, blob.ErrMissing) {
		return nil
	}
	return err
}

// List asks for a thousand keys at a time.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
			if err := check(prefix[:i]); err != nil {
				yield(blob.Info{}, err)
				return
			}
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for o := range s.core.ListObjectsIter(ctx, s.opt.Bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if o.Err != nil {
				yield(blob.Info{}, s.explain("list", "objects", o.Err))
				return
			}
			if !yield(blob.Info{Key: o.Key, Size: o.Size, Modified: o.LastModified.UTC()}, nil) {
				return
			}
		}
	}
}

// Sweep takes back writings in parts that a crash left open.
func (s *Store) Sweep(ctx context.Context, before time.Time) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for u := range s.core.ListIncompleteUploads(ctx, s.opt.Bucket, "", true) {
		if u.Err != nil {
			return s.explain("list", "writings that never ended", u.Err)
		}
		if !u.Initiated.Before(before) {
			continue
		}
		if err := s.abort(ctx, u.Key, u.UploadID); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Ping tells whether the bucket can be read, listed and written to; it leaves
// nothing behind.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := firstFault(s.core.ListObjectsIter(ctx, s.opt.Bucket, minio.ListObjectsOptions{MaxKeys: 1, Recursive: true})); err != nil {
		return s.explain("look into", "the bucket "+s.opt.Bucket, err)
	}
	key := "ping-" + rand.Text()
	id, err := s.core.NewMultipartUpload(ctx, s.opt.Bucket, key, minio.PutObjectOptions{})
	if err != nil {
		return s.explain("write to", "the bucket "+s.opt.Bucket, err)
	}
	return s.abort(ctx, key, id)
}

func check(key string) error {
	if err := blob.CheckKey(key); err != nil {
		return fmt.Errorf("%q: %w", key, err)
	}
	return nil
}
