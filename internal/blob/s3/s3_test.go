package s3_test

import (
	"bytes"
	"errors"
	"io"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/blob/blobtest"
	"git.helu.ca/r/mnemosyne/internal/blob/s3"
	"git.helu.ca/r/mnemosyne/internal/blob/s3/s3test"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

func open(t *testing.T, opt s3.Options) *s3.Store {
	t.Helper()
	s, err := s3.Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The key has the rights that an operator gives, and no other.
func TestItIsAnObjectStore(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(t *testing.T) blob.Store { return open(t, s3test.Limited(t, s3test.Bucket(t), true)) })
}

func TestALargeObjectNeedsLittleMemory(t *testing.T) { //nolint:paralleltest // it measures the heap
	blobtest.Bounded(t, open(t, s3test.Bucket(t)), 96<<20, 64<<20)
}

// behindTLS puts a certificate that nobody trusts before the server.
func behindTLS(t *testing.T, opt s3.Options) s3.Options {
	t.Helper()
	server := &url.URL{Scheme: "http", Host: opt.Endpoint}
	proxy := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(server)
		r.Out.Host = r.In.Host // what the client signed
	}})
	t.Cleanup(proxy.Close)
	opt.Endpoint, opt.Plain = strings.TrimPrefix(proxy.URL, "https://"), false
	return opt
}

func TestACertificateIsCheckedUnlessToldNotTo(t *testing.T) {
	t.Parallel()
	opt := behindTLS(t, s3test.Bucket(t))
	if err := open(t, opt).Ping(t.Context()); !errors.Is(err, s3.ErrTLS) || !strings.Contains(err.Error(), "VERIFY=False") {
		t.Errorf("a certificate of nobody: %v", err)
	}
	opt.Unverified = true
	s := open(t, opt)
	want := bytes.Repeat([]byte("0123456789"), 1<<20)
	if _, err := s.Put(t.Context(), "k", bytes.NewReader(want)); err != nil {
		t.Fatal(err)
	}
	f, _, err := s.Open(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
}

// Every fault of the settings is its own, names the setting to mend, keeps the
// secret to itself, and is one that passes.
func TestWhatIsWrongIsSaid(t *testing.T) {
	t.Parallel()
	right := s3test.Bucket(t)
	for name, row := range map[string]struct {
		spoil func(*s3.Options)
		want  error
		mend  string
	}{
		"no such bucket":   {func(o *s3.Options) { o.Bucket = "mnemosyne-none" }, s3.ErrBucket, "BUCKET"},
		"unknown key":      {func(o *s3.Options) { o.AccessKey = "nobody" }, s3.ErrAccessKey, "ACCESS_KEY"},
		"wrong secret":     {func(o *s3.Options) { o.SecretKey = "not-the-secret" }, s3.ErrSecretKey, "SECRET_KEY"},
		"nobody listens":   {func(o *s3.Options) { o.Endpoint = "127.0.0.1:1" }, s3.ErrUnreachable, "ENDPOINT"},
		"no such host":     {func(o *s3.Options) { o.Endpoint = "s3.invalid:9000" }, s3.ErrUnreachable, "ENDPOINT"},
		"TLS to plain":     {func(o *s3.Options) { o.Plain = false }, s3.ErrTLS, "USE_SSL=False"},
		"plain to TLS":     {func(o *s3.Options) { *o = behindTLS(t, *o); o.Plain = true }, s3.ErrTLS, "USE_SSL=True"},
		"a key that reads": {func(o *s3.Options) { *o = s3test.Limited(t, *o, false) }, s3.ErrForbidden, "ACCESS_KEY"},
		"another's key": {func(o *s3.Options) {
			*o = s3test.Limited(t, s3test.Bucket(t), true)
			o.Bucket = right.Bucket
		}, s3.ErrForbidden, "ACCESS_KEY"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opt := right
			row.spoil(&opt)
			s := open(t, opt)
			_, putErr := s.Put(t.Context(), "k", strings.NewReader("x"))
			for doing, err := range map[string]error{"Ping": s.Ping(t.Context()), "Put": putErr} {
				// A server may hang up on a body before it says why.
				hungUp := doing == "Put" && errors.Is(err, syscall.ECONNRESET)
				if !hungUp && (!errors.Is(err, row.want) || !strings.Contains(err.Error(), row.mend)) {
					t.Errorf("%s: %v, want %q and what to do about %s", doing, err, row.want, row.mend)
				}
				if strings.Contains(err.Error(), opt.SecretKey) {
					t.Errorf("%s tells the secret: %v", doing, err)
				}
				if e := errs.As(err); e == nil || e.Kind != errs.Unavailable {
					t.Errorf("%s: %v is not of the kind that passes", doing, err)
				}
			}
		})
	}
}

func TestASweepTakesBackWritingsThatNeverEnded(t *testing.T) {
	t.Parallel()
	opt := s3test.Bucket(t)
	client := minio.Core{Client: s3test.Client(t, opt)}
	if _, err := client.NewMultipartUpload(t.Context(), opt.Bucket, "lib/never", minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	s := open(t, opt)
	begun := func() (n int) {
		for u := range client.ListIncompleteUploads(t.Context(), opt.Bucket, "", true) {
			if u.Err != nil {
				t.Fatal(u.Err)
			}
			n++
		}
		return n
	}
	if err := s.Sweep(t.Context(), time.Now().Add(-time.Hour)); err != nil || begun() != 1 {
		t.Errorf("a young one: %v, %d are left of 1", err, begun())
	}
	if err := s.Sweep(t.Context(), time.Now().Add(time.Hour)); err != nil || begun() != 0 {
		t.Errorf("an old one: %v, %d are left", err, begun())
	}
}

func TestAReaderOfWhatWasWrittenAgainFails(t *testing.T) {
	t.Parallel()
	s := open(t, s3test.Bucket(t))
	put := func(text string) {
		if _, err := s.Put(t.Context(), "k", strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	put("first")
	f, _, err := s.Open(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	put("other")
	if _, err := f.Seek(2, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(f); !errors.Is(err, s3.ErrChanged) || len(b) != 0 {
		t.Errorf("read %q, %v, want ErrChanged", b, err)
	}
}
