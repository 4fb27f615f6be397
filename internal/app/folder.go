package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Where several processes share files, each must have the very same data
// folder. The folder has a name of its own, and the database knows which one
// the files are in.
const (
	folderFact = "folder_id"
	folderFile = "folder_id"
)

// inFiles tells which parts, if any, several processes share as files.
func (s *Services) inFiles() string {
	var parts []string
	for _, o := range s.opened {
		if o.part == "graph" && o.kind == "SQLite" || o.part == "objects" && o.kind == "files" {
			parts = append(parts, o.part)
		}
	}
	if s.Settings.Embedded() {
		return "" // the database lies there as well
	}
	return strings.Join(parts, " and ")
}

// folderID is the data folder's own name, which is made when there is none.
func folderID(dir string) (string, error) {
	path := filepath.Join(dir, folderFile)
	for {
		kept, err := os.ReadFile(path) //nolint:gosec // the operator's own folder
		if err == nil {
			return strings.TrimSpace(string(kept)), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("read which data folder this is: %w", err)
		}
		// Two processes may start at once on a new folder: the first link stands.
		own := path + "." + uuid.NewString()
		if err := writeFile(own, []byte(uuid.NewString()+"\n")); err != nil {
			return "", fmt.Errorf("name the data folder: %w", err)
		}
		if err := os.Link(own, path); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", errors.Join(fmt.Errorf("name the data folder: %w", err), os.Remove(own))
		}
		if err := os.Remove(own); err != nil {
			return "", fmt.Errorf("name the data folder: %w", err)
		}
	}
}

// sameFolder refuses a data folder that is not the one where the other
// processes' files are. The first one stands.
func (s *Services) sameFolder(ctx context.Context) error {
	parts := s.inFiles()
	if parts == "" {
		return nil
	}
	id, err := folderID(s.Dir)
	if err != nil {
		return err
	}
	if _, err := sqldb.Exec(ctx, s.DB.Write(), firstFact, folderFact, id); err != nil {
		return fmt.Errorf("note the data folder: %w", err)
	}
	known, err := s.fact(ctx, folderFact)
	if err != nil {
		return fmt.Errorf("read which data folder is used: %w", err)
	}
	if known != id {
		return fmt.Errorf("the %s of this installation lie in files of another data folder than %s: give every process the same MNEMOSYNE_DATA_DIR, "+
			"or keep objects in a bucket (USE_LOCAL_STORAGE=False) and the index in Neo4j; if the other folder is gone for good, `mnemosyne setup` makes this one the right one",
			parts, s.Dir)
	}
	return nil
}

// adoptFolder makes this data folder the one where files are. It tells whether
// another was before.
func (s *Services) adoptFolder(ctx context.Context) (changed bool, err error) {
	if s.inFiles() == "" {
		return false, nil
	}
	id, err := folderID(s.Dir)
	if err != nil {
		return false, err
	}
	known, err := s.fact(ctx, folderFact)
	if err != nil || known == id {
		return false, err
	}
	return known != "", s.setFact(ctx, folderFact, id)
}
