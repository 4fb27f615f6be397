package app

import (
	"path/filepath"

	"git.helu.ca/r/mnemosyne/internal/blob/s3"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/ingest/filesource"
	"git.helu.ca/r/mnemosyne/internal/library/ingest/s3source"
	"git.helu.ca/r/mnemosyne/internal/library/ingest/websource"
	"git.helu.ca/r/mnemosyne/internal/settings"
)

// openHandover opens the bucket that documents are handed over in: a folder
// of the data folder where objects are kept there too.
func (e *engines) openHandover(p Program, dir string) (engine, error) {
	set := p.Settings.DaedalusStorage
	rule := ingest.Handover{Name: set.S3.Bucket, Prefix: set.Prefix}
	if set.S3.Endpoint != "" {
		source, err := s3source.New(bucket(set.S3, s3.Names{
			Endpoint: "DAEDALUS_S3_ENDPOINT_URL", UseSSL: "DAEDALUS_S3_USE_SSL", Verify: "DAEDALUS_S3_VERIFY", Region: "DAEDALUS_S3_REGION_NAME",
			Bucket: "DAEDALUS_S3_BUCKET_NAME", AccessKey: "DAEDALUS_S3_ACCESS_KEY_ID", SecretKey: "DAEDALUS_S3_SECRET_ACCESS_KEY",
		}), rule)
		if err != nil {
			return engine{}, err
		}
		e.Source = source
		return engine{part: "handover", kind: "S3", where: source.Where(), ping: source.Ping}, nil
	}
	if !p.Settings.Storage.Local {
		e.Source = ingest.Elsewhere{Handover: rule}
		return engine{part: "handover", kind: "none", where: rule.Name}, nil
	}
	source := filesource.New(filepath.Join(dir, handoverFolder), rule)
	e.Source = source
	return engine{part: "handover", kind: "files", where: source.Where(), ping: source.Ping}, nil
}

// web fetches documents by their address, where that is allowed.
func web(set settings.Ingest) ingest.Web {
	if set.FetchURLs == settings.FetchOff {
		return nil
	}
	return websource.New(websource.Options{Allow: set.FetchAllow, Agent: "Mnemosyne"})
}

// openToAll tells that every caller may take in whatever was handed over,
// where something was.
func openToAll(p Program, e *engines) (warning string) {
	local, ok := e.Source.(*filesource.Source)
	if !ok || p.Settings.DaedalusStorage.Prefix != "" || local.Empty() {
		return "" // what is true of a bucket elsewhere, the settings say
	}
	return "DAEDALUS_S3_PREFIX is empty: every caller may ingest any file of " + local.Where() + "."
}
