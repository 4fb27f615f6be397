package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"git.helu.ca/r/mnemosyne/internal/blob/s3/s3test"
)

// Originals lie in a bucket of ours, and what is handed over in another that
// our key may only read.
func TestDocumentsAreKeptInABucketAndFetchedFromAnother(t *testing.T) {
	t.Parallel()
	ours, handover := s3test.Bucket(t), s3test.Bucket(t)
	key, reader := s3test.Limited(t, ours, true), s3test.Limited(t, handover, false)
	in := install(t, "USE_LOCAL_STORAGE=False", "AWS_S3_ENDPOINT_URL=http://"+ours.Endpoint, "AWS_S3_USE_SSL=False",
		"AWS_STORAGE_BUCKET_NAME="+ours.Bucket, "AWS_ACCESS_KEY_ID="+key.AccessKey, "AWS_SECRET_ACCESS_KEY="+key.SecretKey,
		"DAEDALUS_S3_ENDPOINT_URL=http://"+handover.Endpoint, "DAEDALUS_S3_USE_SSL=False", "DAEDALUS_S3_PREFIX=users/{username}/",
		"DAEDALUS_S3_BUCKET_NAME="+handover.Bucket, "DAEDALUS_S3_ACCESS_KEY_ID="+reader.AccessKey, "DAEDALUS_S3_SECRET_ACCESS_KEY="+reader.SecretKey)
	in.up(t)

	content := []byte("# Tides\n\nThe moon draws the sea, and the sea goes back.\n")
	job := in.ended(t, in.upload(t, "tides.md", content).ID)
	if job.Status != "done" {
		t.Fatalf("the upload ended as %+v", job)
	}
	var back string
	if status := in.ask(t, http.MethodGet, "/library/api/items/"+job.ItemUID+"/content/", nil, "", &back); status != http.StatusOK || back != string(content) {
		t.Errorf("the original comes back as %d %q", status, back)
	}

	client := s3test.Client(t, handover)
	const path = "users/admin/Über Gezeiten.md"
	if _, err := client.PutObject(t.Context(), handover.Bucket, path, bytes.NewReader(content[2:]), int64(len(content)-2), minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	for s3Key, want := range map[string]string{path: "", "users/admin/none.md": "source_missing"} {
		body := `{"library_uid":"` + in.library + `","s3_key":"` + s3Key + `"}`
		var job jobAnswer
		if status := in.ask(t, http.MethodPost, "/library/api/ingest/", strings.NewReader(body), "application/json", &job); status != http.StatusAccepted {
			t.Fatalf("s3_key answered %d, want 202", status)
		}
		job = in.ended(t, job.ID)
		if (want == "" && job.Status != "done") || (want != "" && (job.Error == nil || job.Error.Code != want)) {
			t.Errorf("%s ended as %+v %+v, want %q", s3Key, job, job.Error, want)
		}
	}
	n := 0
	for o := range s3test.Client(t, ours).ListObjects(t.Context(), ours.Bucket, minio.ListObjectsOptions{Recursive: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		n++
	}
	if n < 2 {
		t.Errorf("our bucket has %d objects, want the originals at least", n)
	}
}
