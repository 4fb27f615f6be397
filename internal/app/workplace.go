package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"git.helu.ca/r/mnemosyne/internal/lifecycle"
)

const (
	workplacePrefix = "worker-"
	pulseFile       = "pulse.json"
	pulseEvery      = 2 * time.Second
	// pulseFresh is how old a sign of life may be: a machine may be slow.
	pulseFresh  = 15 * time.Second
	askPatience = 10 * time.Second
)

// workplace is a worker's own folder below the temporary one, for files at
// work and its sign of life. Its lock goes with the process, so that the next
// worker may clear away what a killed one left.
type workplace struct {
	dir  string
	lock *flock.Flock
}

// pulse is what a worker says of itself.
type pulse struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"` // a container has a name of its own
	At      time.Time `json:"at"`
	Problem string    `json:"problem,omitempty"` // why no jobs are heard of
}

// openWorkplace makes a folder and clears those that nobody holds any more.
func openWorkplace(temp string) (*workplace, error) {
	if err := os.MkdirAll(temp, 0o700); err != nil {
		return nil, fmt.Errorf("make a folder for the worker: %w", err)
	}
	if err := clearWorkplaces(temp); err != nil {
		return nil, err
	}
	made, err := os.MkdirTemp(temp, "new-*") // a name that nobody clears
	if err != nil {
		return nil, fmt.Errorf("make a folder for the worker: %w", err)
	}
	l := flock.New(filepath.Join(made, lockFile), flock.SetPermissions(0o600))
	if ok, err := l.TryLock(); err != nil || !ok {
		return nil, errors.Join(fmt.Errorf("lock the worker's folder: %w", err), os.RemoveAll(made))
	}
	dir := filepath.Join(temp, workplacePrefix+strings.TrimPrefix(filepath.Base(made), "new-"))
	if err := os.Rename(made, dir); err != nil {
		return nil, errors.Join(fmt.Errorf("name the worker's folder: %w", err), l.Unlock())
	}
	return &workplace{dir: dir, lock: l}, nil
}

func clearWorkplaces(temp string) error {
	left, err := filepath.Glob(filepath.Join(temp, workplacePrefix+"*"))
	if err != nil {
		return fmt.Errorf("look for folders left behind: %w", err)
	}
	for _, dir := range left {
		l := flock.New(filepath.Join(dir, lockFile), flock.SetPermissions(0o600))
		if ok, err := l.TryLock(); err != nil || !ok {
			continue
		}
		if err := errors.Join(os.RemoveAll(dir), l.Unlock()); err != nil {
			return fmt.Errorf("clear a folder left behind: %w", err)
		}
	}
	return nil
}

func (w *workplace) close() error { return errors.Join(os.RemoveAll(w.dir), w.lock.Unlock()) }

// beat writes a sign of life every so often.
func (w *workplace) beat(listening func() error) lifecycle.Service {
	return lifecycle.NewLoop(func(ctx context.Context) error {
		tick := time.NewTicker(pulseEvery)
		defer tick.Stop()
		for {
			if err := w.write(listening()); err != nil {
				return fmt.Errorf("write a sign of life: %w", err)
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return nil
			}
		}
	})
}

func (w *workplace) write(problem error) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	p := pulse{PID: os.Getpid(), Host: host, At: time.Now().UTC()}
	if problem != nil {
		p.Problem = problem.Error()
	}
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	// Whole or not at all, and not for longer than this boot.
	next := filepath.Join(w.dir, pulseFile+".new")
	if err := os.WriteFile(next, b, 0o600); err != nil {
		return err
	}
	return os.Rename(next, filepath.Join(w.dir, pulseFile))
}

// workersWell tells whether the workers of this host that share the data
// folder live and hear of jobs.
func workersWell(dir string, now time.Time) error {
	paths, err := filepath.Glob(filepath.Join(dir, tempFolder, workplacePrefix+"*", pulseFile))
	if err != nil {
		return fmt.Errorf("look for workers: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("find this host's name: %w", err)
	}
	here, faults := 0, []error(nil)
	for _, path := range paths {
		var p pulse
		b, err := os.ReadFile(path) //nolint:gosec // the operator's own folder
		if err != nil || json.Unmarshal(b, &p) != nil || p.Host != host || now.Sub(p.At) > pulseFresh {
			continue
		}
		here++
		if p.Problem != "" {
			faults = append(faults, fmt.Errorf("the worker of process %d hears of no jobs: %s", p.PID, p.Problem))
		}
	}
	if here == 0 {
		return fmt.Errorf("no worker has given a sign of life in %s for %s; `mnemosyne worker` starts one", dir, pulseFresh)
	}
	return errors.Join(faults...)
}
