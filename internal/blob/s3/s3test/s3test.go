package s3test

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"git.helu.ca/r/mnemosyne/internal/blob/s3"
)

const (
	urlVariable     = "MNEMOSYNE_TEST_S3_URL"
	requireVariable = "MNEMOSYNE_TEST_REQUIRE_SERVICES"
)

// Bucket is an empty bucket of a test, and the server's own key for it. It
// goes with all that is in it when the test ends.
func Bucket(t testing.TB) s3.Options {
	t.Helper()
	at, err := url.Parse(server(t))
	if err != nil {
		t.Fatalf("%s cannot be read", urlVariable)
	}
	secret, _ := at.User.Password()
	opt := s3.Options{
		Endpoint: at.Host, Plain: at.Scheme == "http", Region: "us-east-1", Bucket: "mnemosyne-test-" + strings.ToLower(rand.Text()),
		AccessKey: at.User.Username(), SecretKey: secret,
		Names: s3.Names{
			Endpoint: "ENDPOINT", UseSSL: "USE_SSL", Verify: "VERIFY", Region: "REGION", Bucket: "BUCKET", AccessKey: "ACCESS_KEY", SecretKey: "SECRET_KEY",
		},
	}
	client := Client(t, opt)
	if err := client.MakeBucket(t.Context(), opt.Bucket, minio.MakeBucketOptions{}); err != nil {
		t.Fatalf("make a bucket on the server of %s: %v", urlVariable, err)
	}
	t.Cleanup(func() {
		if err := client.RemoveBucketWithOptions(context.WithoutCancel(t.Context()), opt.Bucket, minio.RemoveBucketOptions{ForceDelete: true}); err != nil {
			t.Logf("left behind: %v", err)
		}
	})
	return opt
}

// Limited is the same bucket with a key that may only read it, or that may
// also write; it is taken back when the test ends.
func Limited(t testing.TB, opt s3.Options, write bool) s3.Options {
	t.Helper()
	at := server(t)
	opt.AccessKey, opt.SecretKey = "test-"+rand.Text(), rand.Text()
	if err := AddKeys(t.Context(), at, Key{Access: opt.AccessKey, Secret: opt.SecretKey, Bucket: opt.Bucket, Write: write}); err != nil {
		t.Fatalf("make a key: %v", err)
	}
	t.Cleanup(func() {
		if err := RemoveKey(context.WithoutCancel(t.Context()), at, opt.AccessKey); err != nil {
			t.Logf("left behind: %v", err)
		}
	})
	return opt
}

// Client speaks to the server beside what is tested.
func Client(t testing.TB, opt s3.Options) *minio.Client {
	t.Helper()
	client, err := minio.New(opt.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(opt.AccessKey, opt.SecretKey, ""), Secure: !opt.Plain, Region: opt.Region})
	if err != nil {
		t.Fatalf("speak to the S3 server: %v", err)
	}
	return client
}

func server(t testing.TB) string {
	t.Helper()
	at := os.Getenv(urlVariable) //nolint:forbidigo // tests have no settings
	switch {
	case at == "" && os.Getenv(requireVariable) == "1": //nolint:forbidigo // as above
		t.Fatalf("%s is not set and %s=1: start MinIO with scripts/services", urlVariable, requireVariable)
	case at == "":
		t.Skipf("left out: %s is not set; `make test` starts MinIO", urlVariable)
	}
	return at
}
