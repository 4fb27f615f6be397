package app

import (
	"path/filepath"

	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/ingest/filesource"
)

// openHandover opens the bucket that documents are handed over in: a folder
// of the data folder where objects are kept there too.
func (e *engines) openHandover(p Program, dir string) (engine, error) {
	set := p.Settings.DaedalusStorage
	rule := ingest.Handover{Name: set.S3.Bucket, Prefix: set.Prefix}
	if !p.Settings.Storage.Local || set.S3.Endpoint != "" {
		e.Source = ingest.Elsewhere{Handover: rule}
		return engine{part: "handover", kind: "none", where: rule.Name}, nil
	}
	source := filesource.New(filepath.Join(dir, handoverFolder), rule)
	e.Source = source
	return engine{part: "handover", kind: "files", where: source.Where(), ping: source.Ping}, nil
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
