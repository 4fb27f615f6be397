// Package legacy reads older Office documents, and others that have no reader
// of their own, by having LibreOffice convert them where it is installed.
//
// It owns how LibreOffice is run: once for a file, with a fresh profile, within
// what the process itself may reach, and gone when that ends. It knows nothing
// of what a document holds.
package legacy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// Convert gives a reader of what LibreOffice can write as that kind of file,
// such as "docx", which read reads then. what names the kind of document in
// what a person is told.
func Convert(what, to string, read document.Reader) document.Reader {
	return func(w *document.Writer, in document.Input) error {
		program := find()
		if program == "" {
			return document.Fault(document.CodeUnsupportedType, "The file is "+what+
				", which is read where LibreOffice is installed: save it as "+strings.ToUpper(to)+" or PDF, or install LibreOffice beside the worker.")
		}
		dir, err := os.MkdirTemp("", "office-")
		if err != nil {
			return fmt.Errorf("make a folder for LibreOffice: %w", err)
		}
		if in.Path, err = convert(program, in.Path, to, dir); err == nil {
			err = read(w, in)
		}
		return errors.Join(err, os.RemoveAll(dir))
	}
}

// Ready tells whether LibreOffice is here.
func Ready() bool { return find() != "" }

// find gives LibreOffice's program, "" where there is none. What the usual
// command wraps is preferred: that one starts others, which would outlive it.
func find() string {
	for _, name := range []string{"soffice", "libreoffice"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if resolved, err := filepath.EvalSymlinks(path); err == nil {
			path = resolved
		}
		if within := filepath.Join(filepath.Dir(path), "soffice.bin"); runtime.GOOS == "linux" {
			if found, err := exec.LookPath(within); err == nil {
				return found
			}
		}
		return path
	}
	return ""
}

// convert writes the file in another form to dir, and gives where it lies.
func convert(program, path, to, dir string) (string, error) {
	// A start that makes the profile ends with the wish to be started again.
	const again, mostStarts = 81, 3
	var said []byte
	var err error
	for range mostStarts {
		said, err = start(program, path, to, dir)
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != again {
			break
		}
	}
	exit, failed := errors.AsType[*exec.ExitError](err)
	if err != nil && !failed {
		return "", fmt.Errorf("run LibreOffice: %w", err)
	}
	if failed {
		if s, ok := exit.Sys().(syscall.WaitStatus); ok && s.Signaled() && s.Signal() == syscall.SIGXCPU {
			return "", document.Fault(document.CodeTimedOut, "To convert the file took LibreOffice too much processor time; split it, or save it as "+strings.ToUpper(to)+".")
		}
	}
	found, globErr := filepath.Glob(filepath.Join(dir, "*."+to))
	if len(found) == 1 && globErr == nil {
		return found[0], nil
	}
	if bytes.Contains(said, []byte("no export filter")) {
		return "", document.Fault(document.CodeUnsupportedType, "The LibreOffice that is installed lacks what this kind of document needs; install its Writer, Calc and Impress.")
	}
	return "", document.Fault(document.CodeCorrupt, "LibreOffice cannot open the file: it is damaged or protected by a password; open it in its program and save it as "+strings.ToUpper(to)+".")
}

// start runs LibreOffice once and gives what it said.
func start(program, path, to, dir string) ([]byte, error) {
	// It dies with the thread that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	profile := (&url.URL{Scheme: "file", Path: filepath.Join(dir, "profile")}).String()
	cmd := exec.CommandContext(context.Background(), program, //nolint:gosec // found by name; this process ends with the file
		"--headless", "--norestore", "--nolockcheck", "--nologo", "--nodefault",
		"-env:UserInstallation="+profile, "-env:OSL_SOCKET_PATH=.", // a socket's path must be short
		"--convert-to", to, "--outdir", dir, path)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "SAL_USE_VCLPLUGIN=svp", "LC_ALL=C.UTF-8")
	dieWithUs(cmd)
	return cmd.CombinedOutput()
}
