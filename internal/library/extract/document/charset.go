package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// OpenText opens a text file as UTF-8 without a byte order mark, whatever its
// encoding. What is no valid UTF-8 in a UTF-8 file becomes U+FFFD later.
func OpenText(path string) (io.ReadCloser, error) {
	f, err := os.Open(path) //nolint:gosec // reading the caller's file is the task
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	enc, skip, err := detectEncoding(f)
	if err == nil {
		_, err = f.Seek(int64(skip), io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("read the file: %w", err)
	}
	if enc == nil {
		return f, nil
	}
	return struct {
		io.Reader
		io.Closer
	}{enc.NewDecoder().Reader(f), f}, nil
}

// detectEncoding gives the encoding, nil for UTF-8, and the length of the byte
// order mark.
func detectEncoding(f *os.File) (encoding.Encoding, int, error) {
	head := make([]byte, 4096)
	n, err := io.ReadFull(f, head)
	if err != nil && n == 0 {
		return nil, 0, nil
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		return nil, 3, nil
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE, 0, 0}):
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), 4, nil
	case bytes.HasPrefix(head, []byte{0, 0, 0xFE, 0xFF}):
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), 4, nil
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), 2, nil
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), 2, nil
	}
	if e := BareUnicode(head); e != nil {
		return e, 0, nil
	}
	if e := switching(head); e != nil {
		return e, 0, nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	sample, err := strangeSample(f, min(int(info.Size())+1, 256<<10))
	if err != nil || sample == nil {
		return nil, 0, err
	}
	return guess(sample), 0, nil
}

// switching recognises Japanese that switches its letters by escapes.
func switching(head []byte) encoding.Encoding {
	if !bytes.Contains(head, []byte("\x1b$B")) && !bytes.Contains(head, []byte("\x1b$@")) {
		return nil
	}
	e, _ := charset.Lookup("iso-2022-jp")
	return e
}

// HeadText gives the start of a text file as UTF-8 where it is UTF-16 or
// UTF-32, else as it is.
func HeadText(head []byte) []byte {
	e := BareUnicode(head)
	if bytes.HasPrefix(head, []byte{0xFF, 0xFE}) || bytes.HasPrefix(head, []byte{0xFE, 0xFF}) {
		e = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	}
	if e == nil {
		return head
	}
	text, _ := e.NewDecoder().Bytes(head) // a character cut at the end is not missed
	return text
}

// strangeSample reads the file to its end. A file of valid UTF-8, or one with
// few broken characters among many good ones, gives nil; else the text around
// the first strange byte is returned, for a guess.
func strangeSample(f io.Reader, size int) ([]byte, error) {
	buf := make([]byte, max(size, utf8.UTFMax))
	var sample []byte
	good, bad, kept := 0, 0, 0
	for {
		n, err := io.ReadFull(f, buf[kept:])
		chunk := buf[:kept+n]
		last := err != nil
		g, b, rest := countRunes(chunk, last)
		if b > 0 && sample == nil {
			sample = bytes.Clone(chunk)
		}
		good, bad = good+g, bad+b
		if last {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				return nil, err
			}
			break
		}
		kept = copy(buf, rest)
	}
	if bad*10 <= good {
		return nil, nil
	}
	return sample, nil
}

// countRunes counts characters beyond ASCII that are good and bytes that are
// not; rest is a character cut by the end of the chunk.
func countRunes(chunk []byte, last bool) (good, bad int, rest []byte) {
	for i := 0; i < len(chunk); {
		if chunk[i] < utf8.RuneSelf {
			i++
			continue
		}
		if !last && len(chunk)-i < utf8.UTFMax && !utf8.FullRune(chunk[i:]) {
			return good, bad, chunk[i:]
		}
		r, n := utf8.DecodeRune(chunk[i:])
		if r == utf8.RuneError && n == 1 {
			bad++
		} else {
			good++
		}
		i += n
	}
	return good, bad, nil
}

func guess(sample []byte) encoding.Encoding {
	if len(sample) > 64<<10 {
		sample = sample[:64<<10]
	}
	name := strings.ToLower(chardet.Detect(sample).Encoding)
	if !severalBytes(name) {
		return singleByte(sample)
	}
	e, _ := charset.Lookup(name)
	if e == nil {
		return singleByte(sample)
	}
	return e
}

// DecodeText gives as clean text what stands in a file of another encoding.
// The declared encoding counts where it is known and fits the bytes; text that
// is plainly UTF-8 is taken for that, and what fits nothing is guessed at.
func DecodeText(data []byte, declared string) string {
	good, bad, _ := countRunes(data, true)
	enc, name := charset.Lookup(strings.TrimSpace(declared))
	switch {
	case enc == nil || name == "utf-8" || name == "windows-1252" || name == "replacement":
		if good+bad > 0 && bad*10 <= good || name != "windows-1252" && bad == 0 {
			return Clean(string(data))
		}
		if name != "windows-1252" {
			enc = guess(data)
		}
	}
	text, err := enc.NewDecoder().Bytes(data)
	if err != nil {
		text = data
	}
	return Clean(string(text))
}
