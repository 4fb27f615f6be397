package hostile_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
)

// pdfOf writes objects, numbered from 1, of which the first is the catalog.
func pdfOf(objects ...string) string {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	var offsets []int
	for i, o := range objects {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, at)
	return b.String()
}

func stream(dictionary, content string) string {
	return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", dictionary, len(content), content)
}

func zlibbed(s string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

const (
	pdfCatalog = "<< /Type /Catalog /Pages 2 0 R >>"
	pdfPages   = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
	pdfPage    = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F 5 0 R >> /XObject << /X 6 0 R >> >> /Contents 4 0 R >>"
	pdfFont    = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
	pdfText    = "BT /F 12 Tf 72 700 Td (A sentence like any other.) Tj ET\n"
)

// pageWith is a PDF of one page with that content.
func pageWith(content string, more ...string) string {
	return pdfOf(append([]string{pdfCatalog, pdfPages, pdfPage, content, pdfFont}, more...)...)
}

func pdfs() []hostileFile {
	add := func(name string, content func() string) hostileFile { return hostileFile{name, "a.pdf", content, nil} }
	return append([]hostileFile{
		add("pages that hold themselves", func() string { return pdfOf(pdfCatalog, "<< /Type /Pages /Kids [2 0 R 2 0 R 2 0 R] /Count 3 >>") }),
		add("two billion pages", func() string {
			return pdfOf(pdfCatalog, "<< /Type /Pages /Kids [3 0 R] /Count 2000000000 >>", pdfPage, stream("", pdfText), pdfFont)
		}),
		add("one page many times", func() string {
			return pdfOf(pdfCatalog, "<< /Type /Pages /Kids ["+strings.Repeat("3 0 R ", 15_000)+"] /Count 15000 >>", pdfPage, stream("", pdfText), pdfFont)
		}),
		add("a deep tree of pages", func() string {
			objects := []string{"<< /Type /Catalog /Pages 6 0 R >>", pdfPages, pdfPage, stream("", pdfText), pdfFont}
			for i := range 20_000 {
				objects = append(objects, fmt.Sprintf("<< /Type /Pages /Kids [%d 0 R] /Count 1 >>", i+7))
			}
			return pdfOf(append(objects, pdfPage)...)
		}),
		add("a table of objects beyond the end", func() string {
			return strings.Replace(pageWith(stream("", pdfText)), "startxref\n", "startxref\n9999999", 1)
		}),
		add("a table of objects that leads to itself", func() string {
			return strings.Replace(pageWith(stream("", pdfText)), "/Root 1 0 R", "/Root 1 0 R /Prev 15 /XRefStm 15", 1)
		}),
		add("huge object numbers", func() string { return strings.ReplaceAll(pageWith(stream("", pdfText)), "5 0 ", "99999999999999 0 ") }),
		add("a huge size", func() string { return strings.Replace(pageWith(stream("", pdfText)), "/Size 6", "/Size 2147483647", 1) }),
		add("streams of 10 GB by declaration", func() string {
			return strings.Replace(pageWith(stream("", pdfText)), "/Length", "/Length 10000000000 /L", 1)
		}),
		add("a content that unpacks to much", func() string {
			return pageWith(stream("/Filter /FlateDecode", zlibbed(pdfText+strings.Repeat(" ", 100<<20))))
		}),
		add("a content packed thrice", func() string {
			return pageWith(stream("/Filter [/FlateDecode /FlateDecode /FlateDecode]", zlibbed(zlibbed(zlibbed(pdfText+strings.Repeat(" ", 100<<20))))))
		}),
		add("a content of many filters", func() string {
			return pageWith(stream("/Filter ["+strings.Repeat("/ASCIIHexDecode ", 10_000)+"]", strings.Repeat("3", 1<<20)))
		}),
		add("objects that unpack to much", func() string {
			return pageWith(stream("", pdfText), stream("/Type /ObjStm /N 1000000000 /First 10 /Filter /FlateDecode", zlibbed(strings.Repeat("7 0 ", 20<<20))))
		}),
		add("a million operations", func() string {
			return pageWith(stream("/Filter /FlateDecode", zlibbed(strings.Repeat("BT /F 1 Tf 1 1 Td (a) Tj ET\n", 300_000))))
		}),
		add("a million lines", func() string {
			return pageWith(stream("/Filter /FlateDecode", zlibbed(pdfText+strings.Repeat("0 0 m 9 9 l S 1 1 5 5 re f\n", 500_000))))
		}),
		add("states that never close", func() string { return pageWith(stream("", strings.Repeat("q ", 500_000)+pdfText)) }),
		add("arrays that never close", func() string { return pageWith(stream("", strings.Repeat("[", 1_000_000)+pdfText)) }),
		add("dictionaries that never close", func() string { return pdfOf(pdfCatalog, strings.Repeat("<< /A ", 500_000)) }),
		add("a form that draws itself", func() string {
			return pageWith(stream("", pdfText+"/X Do"), stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >>", "/X Do /X Do"))
		}),
		add("forms that draw twice as many", func() string {
			objects := []string{pdfCatalog, pdfPages, pdfPage, stream("", pdfText+"/X Do"), pdfFont}
			for i := range 60 {
				objects = append(objects, stream(fmt.Sprintf("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X %d 0 R >> >>", i+7), "/X Do /X Do"))
			}
			return pdfOf(append(objects, stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /Font << /F 5 0 R >> >>", pdfText))...)
		}),
		add("a huge page", func() string {
			return strings.Replace(pageWith(stream("", pdfText)), "[0 0 612 792]", "[-1e30 -1e30 1e30 1e30]", 1)
		}),
		add("many notes", func() string {
			note := "<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (A note.) >> "
			return pdfOf(pdfCatalog, pdfPages, strings.Replace(pdfPage, "/Contents", "/Annots ["+strings.Repeat(note, 50_000)+"] /Contents", 1), stream("", pdfText), pdfFont)
		}),
		add("an outline that leads to itself", func() string {
			return pdfOf("<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>", pdfPages, pdfPage, stream("", pdfText), pdfFont, "<< /First 7 0 R /Last 7 0 R /Count 9 >>",
				"<< /Title (a) /Parent 6 0 R /Next 7 0 R /First 7 0 R /Dest [3 0 R /Fit] >>")
		}),
		add("actions and files within", func() string {
			return pdfOf("<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (while(true){}) >> /AA << /WC << /S /Launch /F (/bin/sh) >> >> /Names << /EmbeddedFiles << /Names [(a) 6 0 R] >> >> >>",
				pdfPages, pdfPage, stream("", pdfText), pdfFont, "<< /Type /Filespec /F (../../etc/x) /EF << /F 7 0 R >> >>", stream("/Type /EmbeddedFile", "MZ"))
		}),
		add("locked", func() string {
			return strings.Replace(pageWith(stream("", pdfText)), "/Root 1 0 R", "/Root 1 0 R /ID [(a) (b)] /Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O ("+strings.Repeat("o", 32)+") /U ("+strings.Repeat("u", 32)+") >>", 1)
		}),
		add("a picture of 10 GB by declaration", func() string {
			return pageWith(stream("", "100 0 0 100 0 0 cm /X Do"), stream("/Type /XObject /Subtype /Image /Width 100000 /Height 100000 /BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /FlateDecode", zlibbed("x")))
		}),
		add("letters without end", func() string {
			return pdfOf(pdfCatalog, pdfPages, pdfPage, stream("", pdfText), "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R >>",
				stream("/Filter /FlateDecode", zlibbed("1 beginbfrange\n"+strings.Repeat("<00> <ff> <"+strings.Repeat("0041", 1000)+">\n", 10_000)+"endbfrange")))
		}),
		add("a font that draws itself", func() string {
			return pdfOf(pdfCatalog, pdfPages, pdfPage, stream("", pdfText), "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0] /FirstChar 0 /LastChar 255 /Encoding << /Differences [65 /A] >> /CharProcs << /A 6 0 R >> /Resources << /Font << /F 5 0 R >> >> >>",
				stream("", "BT /F 1 Tf (AAAA) Tj ET"))
		}),
		add("nothing but its name", func() string { return "%PDF-1.7" }),
		add("zeros", func() string { return "%PDF-1.7\n" + strings.Repeat("\x00", 20<<20) }),
		add("many beginnings", func() string { return strings.Repeat("%PDF-1.7\n1 0 obj\n<<", 300_000) }),
	}, gridPDFs()...)
}

// gridPDFs are pages that look like tables of everything.
func gridPDFs() []hostileFile {
	grid := func(step int, text bool) func() string {
		return func() string {
			var b strings.Builder
			for i := 0; i < 700; i += step {
				fmt.Fprintf(&b, "%d 0 m %d 792 l S 0 %d m 612 %d l S\n", i, i, i, i)
			}
			for y := 0; text && y < 790; y += step {
				for x := 0; x < 600; x += step {
					fmt.Fprintf(&b, "BT /F 2 Tf %d %d Td (a) Tj ET\n", x, y)
				}
			}
			return pageWith(stream("/Filter /FlateDecode", zlibbed(pdfText+b.String())))
		}
	}
	return []hostileFile{
		{"a grid", "a.pdf", grid(1, false), nil}, {"a grid of letters", "a.pdf", grid(4, true), nil}, {"letters everywhere", "a.pdf", grid(3, true), nil},
	}
}

// pictures claim more than they hold.
func pictures() []hostileFile {
	chunk := func(name, data string) string {
		var b bytes.Buffer
		_ = binary.Write(&b, binary.BigEndian, uint32(len(data)))
		b.WriteString(name + data)
		_ = binary.Write(&b, binary.BigEndian, crc32.ChecksumIEEE([]byte(name+data)))
		return b.String()
	}
	return []hostileFile{
		{"10 GB by declaration", "a.png", func() string {
			return "\x89PNG\r\n\x1a\n" + chunk("IHDR", "\x00\x01\x86\xa0\x00\x01\x86\xa0\x08\x02\x00\x00\x00") + chunk("IDAT", zlibbed(strings.Repeat("\x00", 1<<20))) + chunk("IEND", "")
		}, nil},
		{"notes that unpack to much", "b.png", func() string {
			return "\x89PNG\r\n\x1a\n" + chunk("IHDR", "\x00\x00\x00\x10\x00\x00\x00\x10\x08\x02\x00\x00\x00") + chunk("zTXt", "Comment\x00\x00"+zlibbed(strings.Repeat("a", 60<<20))) + chunk("IDAT", zlibbed("")) + chunk("IEND", "")
		}, nil},
		{"a wide animation", "a.gif", func() string {
			return "GIF89a\xff\xff\xff\xff\x00\x00\x00" + strings.Repeat(",\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x00", 10_000) + ";"
		}, nil},
		{"a wide bitmap", "a.bmp", func() string {
			return "BM\xff\xff\xff\x7f\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\xff\xff\xff\x7f\xff\xff\xff\x7f\x01\x00\x18\x00" + strings.Repeat("\x00", 100)
		}, nil},
		{"pages that lead to themselves", "a.tif", func() string {
			return "II*\x00\x08\x00\x00\x00\x02\x00\x00\x01\x04\x00\x01\x00\x00\x00\xff\xff\xff\x7f\x01\x01\x04\x00\x01\x00\x00\x00\xff\xff\xff\x7f\x08\x00\x00\x00"
		}, nil},
		{"a picture of lines", "a.jpg", func() string {
			return "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00" + strings.Repeat("\x00", 1<<20) + "\xff\xd9"
		}, nil},
	}
}
