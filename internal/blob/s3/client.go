// Package s3 is the object store of a bucket on an S3 server, as MinIO is one:
// ours to read and write as a Store, and any other to read only, by Open. It
// makes no bucket and no policy, and refuses to guess: what is wrong with an
// address, a key, a bucket or a right is said as that.
package s3

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// amazon is where a bucket lies when no endpoint is named.
const amazon = "s3.amazonaws.com"

// attempts is how often a request is sent that the server did not answer, or
// answered with a fault of its own: a second or so, as a restart takes. What
// lasts longer is the caller's to try again.
const attempts = 4

// Options are how to reach a bucket.
type Options struct {
	Endpoint             string // host[:port]; empty: Amazon's own
	Plain                bool   // without TLS
	Unverified           bool   // whatever certificate the server shows
	Region               string
	Bucket               string
	AccessKey, SecretKey string
	// Names are what the settings above are called where a person sets them,
	// for errors that say what to mend.
	Names Names
}

// Names are what settings are called.
type Names struct {
	Endpoint, UseSSL, Verify, Region, Bucket, AccessKey, SecretKey string
}

// Bucket is a bucket to read. It is safe for concurrent use.
type Bucket struct {
	core    *minio.Core
	opt     Options
	address string
}

// OpenBucket talks to nobody.
func OpenBucket(opt Options) (*Bucket, error) {
	b := &Bucket{opt: opt, address: opt.Endpoint}
	if b.address == "" {
		b.address = amazon
	}
	transport, err := minio.DefaultTransport(!opt.Plain)
	if err != nil {
		return nil, fmt.Errorf("prepare to speak to the S3 server: %w", err)
	}
	b.tune(transport)
	b.core, err = minio.NewCore(b.address, &minio.Options{
		Creds: credentials.NewStaticV4(opt.AccessKey, opt.SecretKey, ""), Secure: !opt.Plain, Region: opt.Region,
		Transport: transport, MaxRetries: attempts,
	})
	if err != nil {
		return nil, fmt.Errorf("read %s=%s: %w", opt.Names.Endpoint, b.address, err)
	}
	return b, nil
}

// tune keeps a server that takes a connection and then says nothing from
// holding us for ever.
func (b *Bucket) tune(t *http.Transport) {
	t.ResponseHeaderTimeout = 30 * time.Second
	if b.opt.Unverified && !b.opt.Plain {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true} //nolint:gosec // asked for by the operator
	}
}

// Where is the server and the bucket, for people.
func (b *Bucket) Where() string {
	scheme := "https"
	if b.opt.Plain {
		scheme = "http"
	}
	return scheme + "://" + b.address + "/" + b.opt.Bucket
}

// Ping tells whether the bucket can be read. A key that may read objects and
// not list them passes.
func (b *Bucket) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err := firstFault(b.core.ListObjectsIter(ctx, b.opt.Bucket, minio.ListObjectsOptions{MaxKeys: 1, Recursive: true}))
	if err != nil && minio.ToErrorResponse(err).Code != minio.AccessDenied {
		return b.explain("look into", "the bucket "+b.opt.Bucket, err)
	}
	return nil
}

// firstFault is what is wrong with the first of some objects; none is no fault.
func firstFault(objects func(func(minio.ObjectInfo) bool)) error {
	for o := range objects {
		return o.Err
	}
	return nil
}
