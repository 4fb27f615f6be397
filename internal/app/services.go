package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/archive"
	"git.helu.ca/r/mnemosyne/internal/library/extract"
	read "git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/gold"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/pages"
	"git.helu.ca/r/mnemosyne/internal/library/rebuild"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/lifecycle"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// Services is everything that stands behind the surfaces, on the engines that
// the settings name.
type Services struct {
	*Core
	*engines
	*journals

	Libraries *library.Service
	Ingest    *ingest.Service
	Search    *search.Engine
	Rebuild   *rebuild.Service
	Archives  *archive.Service
	Places    *pages.Places
	Gold      *gold.Service

	pictures *pages.Pictures // of processes that serve pages
}

// OpenServices opens the store and the engines. Nothing runs yet.
func OpenServices(ctx context.Context, p Program) (*Services, error) {
	core, err := OpenCore(ctx, p)
	if err != nil {
		return nil, err
	}
	journals := openJournals(core)
	p.usage = journals.usage
	if p.stored, err = readStoredModels(ctx, core.Providers); err != nil {
		return nil, errors.Join(err, core.Close())
	}
	core.stored = p.stored
	engines, err := openEngines(p, core.Dir)
	if err != nil {
		return nil, errors.Join(err, core.Close())
	}
	s := &Services{Core: core, engines: engines, journals: journals}
	s.Libraries = library.NewService(s.DB, s.Access, s.Graph, p.Log)
	s.Ingest = ingest.New(ingest.Options{
		DB: s.DB, Graph: s.Graph, Objects: s.Objects, Queue: s.Queue, Access: s.Access, Source: s.Source, Web: web(p.Settings.Ingest),
		MaxUploadBytes: p.Settings.Ingest.MaxUploadBytes, Store: storeOf(core.Dir), Log: telemetry.AtLeast(p.Log, p.Settings.Logging.Worker), Registry: p.Registry,
	})
	s.Libraries.PurgeBy(s.Ingest)
	s.Search = search.New(s.searchOptions())
	s.Gold = s.newGold()
	s.Rebuild = s.newRebuild()
	s.Archives = archive.New(archive.Options{
		DB: s.DB, Graph: s.Graph, Objects: s.Objects, Audit: s.Audit, Embedder: s.Embedder, Purge: s.Ingest.PurgeImports,
		MaxUploadBytes: p.Settings.Ingest.MaxUploadBytes, Program: "mnemosyne " + p.Version,
		TempDir: filepath.Join(core.Dir, archiveFolder), Log: p.Log,
	})
	s.Places = pages.NewPlaces(s.DB, s.Objects, p.Log)
	return s, nil
}

// newGold makes what measures search. Its questions are nobody's searches, and
// are in no log.
func (s *Services) newGold() *gold.Service {
	opt := s.searchOptions()
	opt.Recorder, opt.Registry = nil, nil
	return gold.New(gold.Options{DB: s.DB, Access: s.Access, Search: search.New(opt), Settings: string(s.Settings.Search.Fusion)})
}

func (s *Services) searchOptions() search.Options {
	set := s.Settings.Search
	return search.Options{
		Access: s.Access, Graph: s.Graph, Embedder: s.Embedder, NextEmbedder: s.NextEmbedder, Reranker: s.Reranker, Catalog: search.NewCatalog(s.DB),
		Texts:      search.NewTexts(s.DB, s.Objects),
		VectorTopK: set.VectorTopK, FullTextTopK: set.FulltextTopK,
		VectorTimeout: set.VectorTimeout, FullTextTimeout: set.FulltextTimeout,
		GraphDepth: set.GraphMaxDepth, GraphTimeout: set.GraphTimeout,
		RerankTimeout: set.RerankTimeout, Candidates: s.Settings.Reranker.MaxCandidates,
		Fusion: search.Fusion(set.Fusion), RRFK: set.RRFK, DefaultLimit: set.DefaultLimit,
		Recorder: s.searches, Log: s.Log, Registry: s.Registry,
	}
}

// Close closes the engines, writes down what was noted on the side, and closes
// the store.
func (s *Services) Close() error {
	err := s.close()
	s.flush()
	return errors.Join(err, s.Core.Close())
}

// addWorker adds what turns accepted documents into found ones, where no other
// worker shares the data folder: what lies in its temporary folder a crash left.
func (s *Services) addWorker(ctx context.Context, group *lifecycle.Group) error {
	temp := filepath.Join(s.Dir, tempFolder)
	if err := os.RemoveAll(temp); err != nil {
		return fmt.Errorf("clear the worker's folder: %w", err)
	}
	return s.addWorkerOfItsOwn(ctx, group)
}

// addWorkerOfItsOwn adds the same beside others that share the data folder.
func (s *Services) addWorkerOfItsOwn(ctx context.Context, group *lifecycle.Group) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program's file: %w", err)
	}
	recognition, err := openRecognition(ctx, s.Settings.Ingest)
	if err != nil {
		return err
	}
	cache := filepath.Join(s.Dir, cacheFolder)
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return fmt.Errorf("make a folder for the worker: %w", err)
	}
	place, err := openWorkplace(filepath.Join(s.Dir, tempFolder))
	if err != nil {
		return err
	}
	workers := s.Settings.Worker.Concurrency
	pool := extract.NewPool(extract.Options{
		Executable: self, Args: []string{"extract-worker"}, Workers: workers, TempDir: place.dir, CacheDir: cache, Logger: s.Log, OCR: recognition,
	})
	worker := ingest.NewWorker(s.Ingest, ingest.WorkerOptions{
		Embedder: s.Embedder, NextEmbedder: s.NextEmbedder, Extractor: pool, ChunkTokens: chunkTokens,
		Queues: s.Settings.Worker.Queues, Concurrency: workers, TempDir: place.dir, Sole: s.Settings.Embedded(),
	})
	s.registerWorker(worker.Listening)
	group.Add("workplace", lifecycle.Func{OnStop: func(context.Context) error { return place.close() }})
	group.Add("sign of life", place.beat(worker.Listening))
	group.Add("extraction", pool)
	group.Add("reconciler", ingest.NewReconciler(s.Ingest, ingest.ReconcilerOptions{}))
	group.Add("worker", worker)
	s.addRebuilder(group)
	return nil
}

// drawTime is what a picture of a page may take.
const drawTime = 10 * time.Second

// addPictures adds what draws pages of documents: one process, started by the
// first page that is asked for, with a folder of its own.
func (s *Services) addPictures(group *lifecycle.Group) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program's file: %w", err)
	}
	cache := filepath.Join(s.Dir, cacheFolder)
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return fmt.Errorf("make a folder for pictures: %w", err)
	}
	place, err := openWorkplace(filepath.Join(s.Dir, tempFolder))
	if err != nil {
		return err
	}
	pool := extract.NewPool(extract.Options{
		Executable: self, Args: []string{"extract-worker"}, Workers: 1, TempDir: place.dir, CacheDir: cache, Logger: s.Log,
		Limits: read.Limits{Timeout: drawTime},
	})
	s.pictures = pages.NewPictures(pages.Options{Objects: s.Objects, Drawer: pool, Dir: place.dir, Log: s.Log})
	group.Add("folder of pictures", lifecycle.Func{OnStop: func(context.Context) error { return place.close() }})
	group.Add("pictures", pool)
	group.Add("sweep of pictures", lifecycle.NewLoop(s.pictures.Sweep))
	return nil
}

// chunkTokens is the chunk size that suits a library's type; 0 leaves it to
// the embedder.
func chunkTokens(libraryType string) int {
	t, _ := library.TypeNamed(libraryType)
	return t.ChunkTokens
}
