package raster

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// notes are what a camera or scanner wrote beside a picture. Where it was
// taken is not read.
type notes struct {
	orientation     int // of EXIF
	dpi             int // 0: not said
	author, created string
}

// The tags that are read, of TIFF and of EXIF in it.
const (
	tagOrientation = 0x0112
	tagResolution  = 0x011A
	tagDate        = 0x0132
	tagArtist      = 0x013B
	tagEXIF        = 0x8769
	tagTaken       = 0x9003
)

// notesOf reads what stands beside a picture. What is broken is left out.
func notesOf(contentType string, r io.ReaderAt, size int64) notes {
	const most = 1 << 20 // EXIF stands before the pixels, but for WebP
	if contentType == "image/tiff" {
		return tiffNotes(r, size)
	}
	head := make([]byte, min(size, most))
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return notes{}
	}
	head = head[:n]
	var block []byte
	switch contentType {
	case "image/jpeg":
		block = jpegEXIF(head)
	case "image/png":
		block = pngEXIF(head)
	case "image/webp":
		block = webpEXIF(head)
	}
	if block == nil {
		return notes{}
	}
	return tiffNotes(bytes.NewReader(block), int64(len(block)))
}

// jpegEXIF finds the segment APP1 with EXIF.
func jpegEXIF(b []byte) []byte {
	const app1, scan = 0xE1, 0xDA
	for at := 2; at+4 <= len(b) && b[at] == 0xFF && b[at+1] != scan; {
		end := at + 2 + int(binary.BigEndian.Uint16(b[at+2:]))
		if end > len(b) {
			return nil
		}
		if body, ok := bytes.CutPrefix(b[min(at+4, end):end], []byte("Exif\x00\x00")); ok && b[at+1] == app1 {
			return body
		}
		at = end
	}
	return nil
}

// pngEXIF finds the chunk eXIf.
func pngEXIF(b []byte) []byte {
	for at := 8; at+12 <= len(b); {
		end := int64(at) + 12 + int64(binary.BigEndian.Uint32(b[at:]))
		if end > int64(len(b)) {
			return nil
		}
		if string(b[at+4:at+8]) == "eXIf" {
			return b[at+8 : end-4]
		}
		at = int(end)
	}
	return nil
}

// webpEXIF finds the chunk EXIF.
func webpEXIF(b []byte) []byte {
	for at := 12; at+8 <= len(b); {
		end := int64(at) + 8 + int64(binary.LittleEndian.Uint32(b[at+4:]))
		if end > int64(len(b)) {
			return nil
		}
		if string(b[at:at+4]) == "EXIF" {
			return bytes.TrimPrefix(b[at+8:end], []byte("Exif\x00\x00"))
		}
		at = int(end + end%2)
	}
	return nil
}

func tiffNotes(r io.ReaderAt, size int64) notes {
	t, err := openTIFF(r, size)
	if err != nil {
		return notes{}
	}
	first, err := t.directory(t.first)
	if err != nil {
		return notes{}
	}
	n := notes{
		orientation: int(first.number(tagOrientation)), dpi: t.resolution(first[tagResolution]),
		author: t.text(first[tagArtist]), created: t.text(first[tagDate]),
	}
	if at := first.number(tagEXIF); at > 0 {
		if exif, err := t.directory(int64(at)); err == nil {
			if taken := t.text(exif[tagTaken]); taken != "" {
				n.created = taken
			}
		}
	}
	n.created = day(n.created)
	return n
}

// day turns 2024:01:31 12:00:00 into 2024-01-31.
func day(s string) string {
	if len(s) < 10 || strings.Trim(s[:10], "0123456789:-") != "" || strings.HasPrefix(s, "0000") {
		return ""
	}
	return strings.ReplaceAll(s[:10], ":", "-")
}

// tiffFile is a file in the form of TIFF, as EXIF is.
type tiffFile struct {
	r     io.ReaderAt
	order binary.ByteOrder
	first int64 // where its first directory stands
	size  int64
}

// entry is a value of a directory: itself, or where it stands.
type entry struct {
	kind  uint16
	count uint32
	value uint32
	raw   []byte
}

type directory map[uint16]entry

// Types of values.
const (
	typeASCII    = 2
	typeShort    = 3
	typeRational = 5
)

var errTIFF = errors.New("this is no TIFF")

func openTIFF(r io.ReaderAt, size int64) (*tiffFile, error) {
	var head [8]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return nil, errTIFF
	}
	t := &tiffFile{r: r, size: size}
	switch string(head[:4]) {
	case "II*\x00":
		t.order = binary.LittleEndian
	case "MM\x00*":
		t.order = binary.BigEndian
	default:
		return nil, errTIFF
	}
	t.first = int64(t.order.Uint32(head[4:]))
	return t, nil
}

const entryBytes = 12

// directory reads the directory at a place.
func (t *tiffFile) directory(at int64) (directory, error) {
	count, err := t.count(at)
	if err != nil {
		return nil, err
	}
	body := make([]byte, count*entryBytes)
	if _, err := t.r.ReadAt(body, at+2); err != nil {
		return nil, errTIFF
	}
	d := directory{}
	for e := range slices.Chunk(body, entryBytes) {
		one := entry{kind: t.order.Uint16(e[2:]), count: t.order.Uint32(e[4:]), value: t.order.Uint32(e[8:]), raw: e[8:]}
		if one.kind == typeShort {
			one.value = uint32(t.order.Uint16(e[8:]))
		}
		d[t.order.Uint16(e)] = one
	}
	return d, nil
}

func (t *tiffFile) count(at int64) (int, error) {
	var n [2]byte
	if at < 8 || at > t.size {
		return 0, errTIFF
	}
	if _, err := t.r.ReadAt(n[:], at); err != nil {
		return 0, errTIFF
	}
	return int(t.order.Uint16(n[:])), nil
}

// next gives where the directory after one stands, 0 after the last.
func (t *tiffFile) next(at int64) (int64, error) {
	count, err := t.count(at)
	if err != nil {
		return 0, err
	}
	var n [4]byte
	if _, err := t.r.ReadAt(n[:], at+2+int64(count)*entryBytes); err != nil {
		return 0, errTIFF
	}
	return int64(t.order.Uint32(n[:])), nil
}

func (d directory) number(tag uint16) uint32 { return d[tag].value }

func (t *tiffFile) text(e entry) string {
	const most = 500
	if e.kind != typeASCII || e.count > most {
		return ""
	}
	b := make([]byte, e.count)
	if e.count <= 4 {
		copy(b, e.raw)
	} else if _, err := t.r.ReadAt(b, int64(e.value)); err != nil {
		return ""
	}
	return document.OneLine(document.Clean(strings.TrimRight(string(b), "\x00")))
}

// resolution gives dots per inch, 0 where it is not said or none that a
// scanner has: 72 is what programs write that do not know.
func (t *tiffFile) resolution(e entry) int {
	const least, most = 100, 2400
	var b [8]byte
	if e.kind != typeRational {
		return 0
	}
	if _, err := t.r.ReadAt(b[:], int64(e.value)); err != nil {
		return 0
	}
	above, below := t.order.Uint32(b[:]), t.order.Uint32(b[4:])
	if below == 0 || above/below < least || above/below > most {
		return 0
	}
	return int(above / below)
}

// tiffPage is a TIFF that begins with another of its pages.
type tiffPage struct {
	io.ReaderAt

	head [8]byte
}

// ReadAt gives the file's bytes, but for the place of the first page.
func (p *tiffPage) ReadAt(b []byte, at int64) (int, error) {
	n, err := p.ReaderAt.ReadAt(b, at)
	if at < int64(len(p.head)) {
		copy(b[:n], p.head[at:])
	}
	return n, err //nolint:wrapcheck // the file's
}

// tiffPages lists the pages of a TIFF.
func tiffPages(r io.ReaderAt, most int) ([]io.ReaderAt, error) {
	const whole = 1 << 32 // what its offsets can reach
	t, err := openTIFF(r, whole)
	if err != nil {
		return nil, damaged(err)
	}
	var pages []io.ReaderAt
	seen := map[int64]bool{}
	for at := t.first; at != 0 && !seen[at]; {
		if len(pages) == most {
			return nil, document.Fault(document.CodeTooLarge, "The file holds too many pictures; split it and submit the parts.")
		}
		seen[at] = true
		p := &tiffPage{ReaderAt: r}
		if _, err := r.ReadAt(p.head[:4], 0); err != nil {
			return nil, damaged(err)
		}
		t.order.PutUint32(p.head[4:], uint32(at)) //nolint:gosec // read from as many bits
		pages = append(pages, p)
		next, err := t.next(at)
		if err != nil {
			break // what comes before is whole
		}
		at = next
	}
	if len(pages) == 0 {
		return nil, damaged(errTIFF)
	}
	return pages, nil
}
