package s3source_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"git.helu.ca/r/mnemosyne/internal/blob/s3"
	"git.helu.ca/r/mnemosyne/internal/blob/s3/s3test"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/ingest/s3source"
)

func open(t *testing.T, opt s3.Options) *s3source.Source {
	t.Helper()
	s, err := s3source.New(opt, ingest.Handover{Name: opt.Bucket})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t *testing.T, opt s3.Options, key string, content []byte) {
	t.Helper()
	_, err := s3test.Client(t, opt).PutObject(t.Context(), opt.Bucket, key, bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// Its key can do nothing but read. Daedalus names its keys as it likes.
func TestADocumentIsReadWithAKeyThatOnlyReads(t *testing.T) {
	t.Parallel()
	opt := s3test.Bucket(t)
	want := bytes.Repeat([]byte("Ein Dokument. "), 1<<20)
	put(t, opt, "users/ana/Über uns (1) +%2F.txt", want)
	put(t, opt, "users/ana/none", nil)
	s := open(t, s3test.Limited(t, opt, false))
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping = %v", err)
	}
	for key, want := range map[string][]byte{"users/ana/Über uns (1) +%2F.txt": want, "users/ana/none": {}} {
		body, size, err := s.Open(t.Context(), key)
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		got, err := io.ReadAll(body)
		if err := errors.Join(err, body.Close()); err != nil || !bytes.Equal(got, want) || size != int64(len(want)) {
			t.Errorf("%s: %d bytes of %d, %v", key, len(got), size, err)
		}
	}
}

func TestEveryFaultHasItsCode(t *testing.T) {
	t.Parallel()
	opt := s3test.Bucket(t)
	put(t, opt, "k", []byte("x"))
	reader, other := s3test.Limited(t, opt, false), s3test.Limited(t, s3test.Bucket(t), true)
	for name, row := range map[string]struct {
		key     string
		spoil   func(*s3.Options)
		code    string
		passing bool
		says    string
	}{
		"no such object": {"none", func(*s3.Options) {}, ingest.CodeSourceMissing, false, "no object"},
		"no right":       {"k", func(o *s3.Options) { o.AccessKey, o.SecretKey = other.AccessKey, other.SecretKey }, ingest.CodeSourceForbidden, false, "may read"},
		"no such bucket": {"k", func(o *s3.Options) {
			o.Bucket, o.AccessKey, o.SecretKey = "mnemosyne-none", opt.AccessKey, opt.SecretKey
		}, ingest.CodeSourceUnreachable, true, "not there"},
		"unknown key":    {"k", func(o *s3.Options) { o.AccessKey = "nobody" }, ingest.CodeSourceUnreachable, true, "credentials"},
		"wrong secret":   {"k", func(o *s3.Options) { o.SecretKey = "wrong-secret" }, ingest.CodeSourceUnreachable, true, "credentials"},
		"nobody listens": {"k", func(o *s3.Options) { o.Endpoint = "127.0.0.1:1" }, ingest.CodeSourceUnreachable, true, "does not answer"},
		"no TLS there":   {"k", func(o *s3.Options) { o.Plain = false }, ingest.CodeSourceUnreachable, true, "secure"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opt := reader
			row.spoil(&opt)
			_, _, err := open(t, opt).Open(t.Context(), row.key)
			f, ok := errors.AsType[*ingest.Failure](err)
			if !ok || f.Code != row.code || f.Passing != row.passing || !strings.Contains(f.Detail, row.says) {
				t.Errorf("%v, want %s, passing %v, that says %q", err, row.code, row.passing, row.says)
			}
		})
	}
}

// What a connection still carries is of the one writing, or an error that
// passes; never a part of each.
func TestADocumentWrittenAgainMeanwhileIsNotMixed(t *testing.T) {
	t.Parallel()
	opt := s3test.Bucket(t)
	put(t, opt, "k", bytes.Repeat([]byte("a"), 40<<20))
	body, _, err := open(t, s3test.Limited(t, opt, false)).Open(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = body.Close() }()
	put(t, opt, "k", bytes.Repeat([]byte("b"), 40<<20))
	got, err := io.ReadAll(body)
	f, ok := errors.AsType[*ingest.Failure](err)
	if bytes.IndexByte(got, 'b') >= 0 || (err == nil && len(got) != 40<<20) || (err != nil && (!ok || !f.Passing)) {
		t.Errorf("%d bytes, mixed %v, %v", len(got), bytes.IndexByte(got, 'b') >= 0, err)
	}
}
