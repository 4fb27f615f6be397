package app

import (
	"path/filepath"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/blob/files"
	"git.helu.ca/r/mnemosyne/internal/blob/s3"
	"git.helu.ca/r/mnemosyne/internal/settings"
)

// openObjects opens where originals and texts are kept: a bucket, or files of
// the data folder.
func (e *engines) openObjects(p Program, dir string) (engine, error) {
	if set := p.Settings.Storage; !set.Local {
		store, err := s3.Open(bucket(set.S3, s3.Names{
			Endpoint: "AWS_S3_ENDPOINT_URL", UseSSL: "AWS_S3_USE_SSL", Verify: "AWS_S3_VERIFY", Region: "AWS_S3_REGION_NAME",
			Bucket: "AWS_STORAGE_BUCKET_NAME", AccessKey: "AWS_ACCESS_KEY_ID", SecretKey: "AWS_SECRET_ACCESS_KEY",
		}))
		if err != nil {
			return engine{}, err
		}
		e.Objects = blob.Measured(store, p.Registry)
		return engine{part: "objects", kind: "S3", where: store.Where(), ping: store.Ping}, nil
	}
	store, err := files.Open(filepath.Join(dir, objectFolder))
	if err != nil {
		return engine{}, err
	}
	e.Objects = blob.Measured(store, p.Registry)
	return engine{part: "objects", kind: "files", where: store.Where(), ping: store.Ping}, nil
}

// bucket is a bucket as the settings describe it.
func bucket(set settings.S3, names s3.Names) s3.Options {
	return s3.Options{
		Endpoint: set.Endpoint, Plain: !set.UseSSL, Unverified: !set.Verify, Region: set.Region, Bucket: set.Bucket,
		AccessKey: set.AccessKey, SecretKey: set.SecretKey.Reveal(), Names: names,
	}
}
