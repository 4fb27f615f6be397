package markup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// openHTML opens a page as UTF-8. Its own statement of an encoding counts
// unless its bytes are plainly UTF-8 or UTF-16.
func openHTML(in document.Input) (io.ReadCloser, error) {
	f, err := os.Open(in.Path)
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	head := make([]byte, 64<<10)
	n, err := io.ReadFull(f, head)
	if err != nil && n == 0 && !errors.Is(err, io.EOF) {
		f.Close()
		return nil, fmt.Errorf("read the file: %w", err)
	}
	head = head[:n]
	enc, name, sure := charset.DetermineEncoding(head[:min(n, 1024)], in.ContentType)
	if !sure {
		if declared, e := declaredEncoding(head); e != nil {
			enc, name, sure = e, declared, true
		}
	}
	if !sure || name == "utf-8" || marked(head) || plainlyUTF8(head) || document.BareUnicode(head) != nil {
		f.Close()
		return document.OpenText(in.Path) //nolint:wrapcheck // it names what it did
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		f.Close()
		return nil, fmt.Errorf("read the file: %w", err)
	}
	return struct {
		io.Reader
		io.Closer
	}{enc.NewDecoder().Reader(f), f}, nil
}

// declaredEncoding finds what a page says of itself where browsers look no
// longer: in its XML declaration, and far into its head.
func declaredEncoding(head []byte) (string, encoding.Encoding) {
	for _, pattern := range []*regexp.Regexp{xmlEncoding, metaCharset} {
		if m := pattern.FindSubmatch(head); m != nil {
			if enc, name := charset.Lookup(string(m[1])); enc != nil {
				return name, enc
			}
		}
	}
	return "", nil
}

var (
	xmlEncoding = regexp.MustCompile(`^\s*<\?xml[^>]{0,200}encoding\s*=\s*["']([A-Za-z0-9_:.-]+)`)
	metaCharset = regexp.MustCompile(`(?i)<meta[^>]{1,300}charset\s*=\s*["']?([a-z0-9_:.-]+)`)
)

// marked reports a byte order mark.
func marked(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")) || bytes.HasPrefix(head, []byte("\xFF\xFE")) || bytes.HasPrefix(head, []byte("\xFE\xFF"))
}

// plainlyUTF8 reports text whose characters beyond ASCII are all good UTF-8,
// which text of another encoding hardly ever is by chance.
func plainlyUTF8(head []byte) bool {
	beyond := false
	for i := 0; i < len(head); {
		if head[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(head[i:])
		if r == utf8.RuneError && n == 1 {
			return beyond && len(head)-i < utf8.UTFMax
		}
		beyond = true
		i += n
	}
	return beyond
}

// Charset gives the decoder of a named encoding, nil for UTF-8 and names that
// nobody knows.
func Charset(name string) func(io.Reader) io.Reader {
	enc, canonical := charset.Lookup(strings.TrimSpace(name))
	if enc == nil || canonical == "utf-8" {
		return nil
	}
	return func(r io.Reader) io.Reader { return enc.NewDecoder().Reader(r) }
}

// Declared gives the encoding that a page states for itself, "" for none.
func Declared(page []byte) string {
	name, _ := declaredEncoding(page[:min(len(page), 64<<10)])
	return name
}
