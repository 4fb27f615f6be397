// Package s3test gives tests buckets of their own, and keys that may do no
// more than a test or a process must. It starts no server: MinIO is where
// MNEMOSYNE_TEST_S3_URL says.
package s3test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/minio/minio-go/v7/pkg/signer"
)

// Key is an access key of a MinIO server, for one bucket.
type Key struct {
	Access, Secret string
	Bucket         string
	Write          bool // it may also write and delete
}

// AddKeys makes access keys on a MinIO server, or changes those of the same
// names. The server's address has its own key, http://KEY:SECRET@host:port.
//
// MinIO takes all of it as the archive that it exports its own users in.
func AddKeys(ctx context.Context, server string, keys ...Key) error {
	users, policies, mappings := map[string]any{}, map[string]any{}, map[string]any{}
	for _, k := range keys {
		users[k.Access] = map[string]string{"secretKey": k.Secret, "status": "enabled"}
		policies[k.Access] = k.policy()
		mappings[k.Access] = map[string]any{"version": 1, "policy": k.Access}
	}
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for name, content := range map[string]any{"users.json": users, "policies.json": policies, "user_mappings.json": mappings} {
		f, err := w.Create("iam-assets/" + name)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(f).Encode(content); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return admin(ctx, server, http.MethodPut, "import-iam", nil, archive.Bytes())
}

// RemoveKey takes back a key that AddKeys made.
func RemoveKey(ctx context.Context, server, access string) error {
	user := admin(ctx, server, http.MethodDelete, "remove-user", url.Values{"accessKey": {access}}, nil)
	policy := admin(ctx, server, http.MethodDelete, "remove-canned-policy", url.Values{"name": {access}}, nil)
	return errors.Join(user, policy)
}

// policy is what an operator would give the key, and nothing beyond it.
func (k Key) policy() any {
	bucket, objects := "arn:aws:s3:::"+k.Bucket, "arn:aws:s3:::"+k.Bucket+"/*"
	onBucket, onObjects := []string{"s3:ListBucket", "s3:GetBucketLocation"}, []string{"s3:GetObject"}
	if k.Write {
		onBucket = append(onBucket, "s3:ListBucketMultipartUploads")
		onObjects = append(onObjects, "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
	}
	type statement struct {
		Effect   string
		Action   []string
		Resource []string
	}
	return map[string]any{"Version": "2012-10-17", "Statement": []statement{
		{"Allow", onBucket, []string{bucket}}, {"Allow", onObjects, []string{objects}},
	}}
}

// admin calls MinIO's own interface, beside S3's.
func admin(ctx context.Context, server, method, action string, query url.Values, body []byte) error {
	at, err := url.Parse(server)
	if err != nil {
		return errors.New("the S3 server's address cannot be read")
	}
	secret, _ := at.User.Password()
	target := url.URL{Scheme: at.Scheme, Host: at.Host, Path: "/minio/admin/v3/" + action, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	req.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
	req = signer.SignV4(*req, at.User.Username(), secret, "", "us-east-1")
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusMultipleChoices {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		return fmt.Errorf("%s: MinIO answered %s: %s", action, resp.Status, text)
	}
	return nil
}
