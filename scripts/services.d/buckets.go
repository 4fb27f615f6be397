//go:build ignore

// Command buckets makes the buckets and keys that it reads as lines of
// BUCKET KEY SECRET read|write, on the MinIO server of MINIO_URL.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/url"
	"os"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"git.helu.ca/r/mnemosyne/internal/blob/s3/s3test"
)

func main() {
	if err := run(context.Background(), os.Getenv("MINIO_URL"), os.Stdin); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, server string, lines io.Reader) error {
	at, err := url.Parse(server)
	if err != nil {
		return errors.New("MINIO_URL cannot be read")
	}
	secret, _ := at.User.Password()
	client, err := minio.New(at.Host, &minio.Options{Creds: credentials.NewStaticV4(at.User.Username(), secret, "")})
	if err != nil {
		return err
	}
	var keys []s3test.Key
	for {
		var k s3test.Key
		var right string
		if _, err := fmt.Fscan(lines, &k.Bucket, &k.Access, &k.Secret, &right); errors.Is(err, io.EOF) {
			return s3test.AddKeys(ctx, server, keys...)
		} else if err != nil {
			return err
		}
		k.Write = right == "write"
		there, err := client.BucketExists(ctx, k.Bucket)
		if err == nil && !there {
			err = client.MakeBucket(ctx, k.Bucket, minio.MakeBucketOptions{})
		}
		if err != nil {
			return err
		}
		keys = append(keys, k)
	}
}
