package archive_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library/archive"
)

// entry is a file of an archive.
type entry struct {
	name, body string
	kind       byte
}

func unpack(t *testing.T, raw []byte) (out []entry) {
	t.Helper()
	z := must(zstd.NewReader(bytes.NewReader(raw)))(t)
	defer z.Close()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		check(t, err)
		out = append(out, entry{h.Name, string(must(io.ReadAll(r))(t)), tar.TypeReg})
	}
}

// pack writes entries with right checksums, unless they have their own.
func pack(t *testing.T, all []entry, sums bool) []byte {
	t.Helper()
	var out, lines bytes.Buffer
	z := must(zstd.NewWriter(&out))(t)
	w := tar.NewWriter(z)
	put := func(e entry) {
		h := &tar.Header{Name: e.name, Size: int64(len(e.body)), Mode: 0o644, Typeflag: e.kind}
		if e.kind != tar.TypeReg {
			h.Size, h.Linkname, e.body = 0, "/etc/passwd", ""
		}
		check(t, w.WriteHeader(h))
		must(io.WriteString(w, e.body))(t)
		sum := sha256.Sum256([]byte(e.body))
		fmt.Fprintf(&lines, "%s  %s\n", hex.EncodeToString(sum[:]), e.name)
	}
	for _, e := range all {
		if e.name == "SHA256SUMS" && sums {
			e.body = lines.String()
		}
		put(e)
	}
	check(t, errors.Join(w.Close(), z.Close()))
	return out.Bytes()
}

// change is a way to spoil an archive.
type change func(all []entry) []entry

// edit replaces a text in the entries whose names end so.
func edit(suffix, old, with string) change {
	return func(all []entry) []entry {
		for i, e := range all {
			if strings.HasSuffix(e.name, suffix) {
				all[i].body = strings.Replace(e.body, old, with, 1)
			}
		}
		return all
	}
}

func find(all []entry, suffix string) int {
	for i, e := range all {
		if strings.HasSuffix(e.name, suffix) {
			return i
		}
	}
	return -1
}

func replaced(suffix string, with ...entry) change {
	return func(all []entry) []entry {
		i := find(all, suffix)
		return append(append(append([]entry{}, all[:i]...), with...), all[i+1:]...)
	}
}

func twice(suffix string) change {
	return func(all []entry) []entry {
		e := all[find(all, suffix)]
		return replaced(suffix, e, e)(all)
	}
}

func TestWhatIsNoArchiveIsRefusedAndLeavesNothing(t *testing.T) {
	t.Parallel()
	a := embedded(t)
	a.works()
	_, uid, _ := a.papers()
	good := a.exported(uid)
	b := embedded(t)
	b.user("alice")
	file := func(name, body string) entry { return entry{name, body, tar.TypeReg} }
	for _, test := range []struct {
		name   string
		change change
		why    string
	}{
		{"another format", edit("manifest.json", "mnemosyne-library", "zip"), "format"},
		{"a newer version", edit("manifest.json", `"version":1`, `"version":2`), "versions up to 1"},
		{"no manifest", replaced("manifest.json"), "manifest.json"},
		{"a path that climbs", replaced("library.json", file("../../etc/cron.d/x", "")), "library.json"},
		{"a path that is absolute", replaced("/1/original", file("/etc/passwd", "")), "/1/original"},
		{"a document elsewhere", edit("/item.json", `"uid":"`, `"uid":"../`), "says that it is"},
		{"a link", replaced("/1/original", entry{"x", "", tar.TypeSymlink}), "no plain file"},
		{"a folder", replaced("counts.json", entry{"counts.json/", "", tar.TypeDir}), "no plain file"},
		{"the manifest twice", twice("manifest.json"), "library.json"},
		{"a document twice", twice("/item.json"), "version of document"},
		{"a text twice", twice("/1/text"), "structure"},
		{"something more", replaced("SHA256SUMS", file("SHA256SUMS", ""), file("more", "x")), "behind its end"},
		{"a passage changed", edit("chunks/00000.jsonl", "sea0word0", "SEA0word0"), "not the slice"},
		{"a passage shifted", edit("chunks/00000.jsonl", `"start":0`, `"start":1`), "not the slice"},
		{"a passage of another", edit("chunks/00000.jsonl", `"uid":"`, `"uid":"0`), "not its own"},
		{"a passage missing", edit("chunks/00000.jsonl", `"ordinal":1,`, `"ordinal":7,`), "wrong place"},
		{"a vector of no length", edit("chunks/00000.jsonl", `"hash/16":"`, `"hash/16":"AAAA`), "vector"},
		{"a vector cut", edit("chunks/00000.jsonl", `"hash/16":"`, `"hash/16":"AAAAAAAA`), "vector"},
		{"another original", edit("/1/original", "word", "WORD"), "not the document"},
		{"a text that is none", edit("/1/text", "sea0", "\xff\xfe00"), "no text"},
		{"a structure of another", edit("/1/structure", `"text_bytes":`, `"text_bytes":9`), "structure"},
		{"other counts", edit("counts.json", `"items":3`, `"items":4`), "says that it holds"},
		{"a title of two lines", edit("/item.json", `"title":"`, `"title":"a\nb`), "title"},
		{"a generation of no number", edit("/item.json", `"last_generation":1`, `"last_generation":99999999`), "generation"},
		{"a record that is huge", edit("library.json", `"description":"`, `"description":"`+strings.Repeat("x", 3<<20)), "at most"},
		{"a line that is huge", edit("chunks/00000.jsonl", `"context":"`, `"context":"`+strings.Repeat("x", 9<<20)), "line"},
		{"no JSON", edit("members/00000.jsonl", `{`, `[`), "member"},
		{"a role that is none", edit("members/00000.jsonl", "manager", "king"), "role"},
		{"a library without a name", edit("library.json", "Papers", ""), "name"},
	} {
		all := test.change(unpack(t, good))
		_, err := b.imports(pack(t, all, true), archive.ImportOptions{})
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), test.why) {
			t.Errorf("%s: the import answers %v, want one that says %q", test.name, err, test.why)
		}
		b.nothing(test.name)
	}
	if _, err := b.imports(pack(t, unpack(t, good), true), archive.ImportOptions{}); err != nil {
		t.Errorf("packed again without a change, the import answers %v", err)
	}
}

func TestAWrongChecksumIsRefusedAndNamed(t *testing.T) {
	t.Parallel()
	a := embedded(t)
	a.works()
	_, uid, _ := a.papers()
	good := a.exported(uid)
	b := embedded(t)
	b.user("alice")
	for suffix, change := range map[string]change{
		"library.json":    edit("library.json", "All of them.", "All of them!"),
		"item.json":       edit("item.json", `"source":"`, `"source":"x`),
		"generation.json": edit("1/generation.json", `"content_type":"`, `"content_type":"x`),
	} {
		_, err := b.imports(pack(t, change(unpack(t, good)), false), archive.ImportOptions{})
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), suffix) || !strings.Contains(err.Error(), "checksum") {
			t.Errorf("%s: the import answers %v", suffix, err)
		}
		b.nothing(suffix)
	}
}

func TestABombIsRefusedBeforeItFillsTheDisk(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	b.user("alice")
	r, w := io.Pipe()
	go func() {
		z, _ := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		tw := tar.NewWriter(z)
		_ = tw.WriteHeader(&tar.Header{Name: "manifest.json", Size: 1 << 40, Typeflag: tar.TypeReg})
		for zeros := make([]byte, 1<<20); ; {
			if _, err := tw.Write(zeros); err != nil {
				return
			}
		}
	}()
	_, err := b.Import(t.Context(), accounts.Operator(), r, archive.ImportOptions{}, nil)
	check(t, r.Close())
	if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "at most") {
		t.Errorf("an entry of a terabyte is answered with %v", err)
	}
	if _, err := b.imports([]byte("PK\x03\x04 and so on"), archive.ImportOptions{}); !errs.Is(err, errs.Invalid) {
		t.Errorf("a zip file is answered with %v", err)
	}
	b.nothing("a bomb")
}

func TestAnArchiveCutShortLeavesNothing(t *testing.T) {
	t.Parallel()
	a := embedded(t)
	a.works()
	_, uid, _ := a.papers()
	good := a.exported(uid)
	for name, there := range map[string]func(*testing.T) *installation{"files": embedded, "servers": production} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := there(t)
			b.user("alice")
			steps := 12
			if name == "servers" {
				steps = 5
			}
			for at := 0; at < len(good); at += len(good)/steps + 1 {
				if _, err := b.imports(good[:at], archive.ImportOptions{}); !errs.Is(err, errs.Invalid) {
					t.Errorf("cut at %d bytes the import answers %v", at, err)
				}
				broken := &brokenAt{in: bytes.NewReader(good), left: at}
				if _, err := b.Import(t.Context(), accounts.Operator(), broken, archive.ImportOptions{}, nil); !errors.Is(err, errCable) {
					t.Errorf("broken at %d bytes the import answers %v", at, err)
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				stops := stopAt{brokenAt{in: bytes.NewReader(good), left: at}, func() { cancel(errCable) }}
				if _, err := b.Import(ctx, accounts.Operator(), &stops, archive.ImportOptions{}, nil); err == nil {
					t.Errorf("stopped at %d bytes the import succeeds", at)
				}
				b.nothing(fmt.Sprintf("cut at %d bytes", at))
			}
			if _, err := b.imports(good, archive.ImportOptions{}); err != nil {
				t.Errorf("whole, the import answers %v", err)
			}
		})
	}
}

// stopAt tells its reader to stop after some bytes, and goes on.
type stopAt struct {
	brokenAt

	stop func()
}

func (s *stopAt) Read(p []byte) (int, error) {
	if s.left == 0 {
		s.stop()
		return s.in.Read(p)
	}
	return s.brokenAt.Read(p)
}
