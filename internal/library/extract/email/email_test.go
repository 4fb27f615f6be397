package email_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/email"
)

// lines joins lines as mail does.
func lines(l ...string) string { return strings.Join(l, "\r\n") + "\r\n" }

// parts makes a multipart body of that kind; each part begins with its header.
func parts(kind, bound string, each ...string) string {
	return lines("Content-Type: multipart/"+kind+"; boundary=\""+bound+"\"", "", "--"+bound) +
		strings.Join(each, "\r\n--"+bound+"\r\n") + "\r\n--" + bound + "--\r\n"
}

const head = "From: Ann <ann@example.com>\r\nTo: bob@example.com\r\nSubject: Plan\r\nDate: Tue, 01 Oct 2024 12:34:56 +0200\r\nMIME-Version: 1.0\r\n"

const block = "From: Ann <ann@example.com>\nTo: bob@example.com\nDate: Tue, 01 Oct 2024 12:34:56 +0200"

func TestAMessageIsItsSubjectWhoWroteItAndItsText(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, email.Read, "a.eml", head+"\r\nHello,\r\nworld.\r\n\r\n> You said\r\n> this.\r\nYes.\r\n\r\n-- \r\nAnn\r\n")
	documenttest.WantTexts(t, doc, document.Heading, "Plan")
	documenttest.WantTexts(t, doc, document.Paragraph, block, "Hello,\nworld.", "Yes.", "-- \nAnn")
	documenttest.WantTexts(t, doc, document.Quote, "> You said\n> this.")
	if doc.Title != "Plan" || doc.Metadata["author"] != "Ann <ann@example.com>" || doc.Metadata["created"] != "2024-10-01T12:34:56+02:00" {
		t.Errorf("title %q, metadata %v", doc.Title, doc.Metadata)
	}
}

func TestWordsOfHeadersAreDecoded(t *testing.T) {
	t.Parallel()
	latin, _ := charmap.Windows1252.NewEncoder().String("Grüße aus Köln")
	for raw, want := range map[string]string{
		"=?utf-8?B?R3LDvMOfZQ==?=":                               "Grüße",
		"=?iso-8859-1?q?Gr=FC=DFe_aus?=\r\n =?ISO-8859-1?Q?_K?=": "Grüße aus K",
		"=?utf-8?Q?Gr=C3?= =?utf-8?Q?=BC=C3=9Fe?=":               "Grüße",
		"a =?utf-8*de?Q?b?= c":                                   "a b c",
		"=?utf-8?B?not base64!?= x":                              "=?utf-8?B?not base64!?= x",
		"two\r\n lines":                                          "two lines",
		latin:                                                    "Grüße aus Köln",
	} {
		doc := documenttest.Read(t, email.Read, "a.eml", "From: a@b\r\nSubject: "+raw+"\r\n\r\nx\r\n")
		if doc.Title != want {
			t.Errorf("%q is %q, want %q", raw, doc.Title, want)
		}
	}
}

func TestTextIsDecodedFromItsTransferAndItsCharset(t *testing.T) {
	t.Parallel()
	const want = "Grüße aus Köln, 100 % sicher = ja."
	latin, _ := charmap.Windows1252.NewEncoder().String(want)
	wide, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(head + "\r\n" + want)
	for name, content := range map[string]string{
		"8bit":             head + "Content-Type: text/plain; charset=windows-1252\r\n\r\n" + latin,
		"quoted":           head + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe aus =\r\nK=C3=B6ln, 100 % sicher =3D ja.\r\n",
		"base64":           head + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: BASE64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(want))[:20] + "\r\n!" + base64.StdEncoding.EncodeToString([]byte(want))[20:],
		"wrong charset":    head + "Content-Type: text/plain; charset=us-ascii\r\n\r\n" + want,
		"unknown charset":  head + "Content-Type: text/plain; charset=\"x-none\"\r\n\r\n" + want,
		"the file is wide": wide,
	} {
		doc := documenttest.Read(t, email.Read, "a.eml", content)
		if got := documenttest.Texts(doc, document.Paragraph); len(got) != 2 || got[1] != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestPlainTextIsPreferredUnlessItSaysNothing(t *testing.T) {
	t.Parallel()
	const html = "Content-Type: text/html\r\n\r\n<h2>Part</h2><p>One two three four five six.</p>"
	real := documenttest.Read(t, email.Read, "a.eml", head+parts("alternative", "b", "Content-Type: text/plain\r\n\r\nPart one two three four five six.", html))
	documenttest.WantTexts(t, real, document.Paragraph, block, "Part one two three four five six.")
	empty := documenttest.Read(t, email.Read, "a.eml", head+parts("alternative", "b", "Content-Type: text/plain\r\n\r\nUse another.", html))
	documenttest.WantTexts(t, empty, document.Paragraph, block, "One two three four five six.")
	if got := documenttest.Headings(empty); !slices.Equal(got, []string{"1 Plan", "3 Part"}) {
		t.Errorf("headings %q", got)
	}
}

func TestAttachmentsAreNamedAndPicturesOfTheTextAreNot(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, email.Read, "a.eml", head+parts("mixed", "out",
		parts("related", "in", "Content-Type: text/html\r\n\r\n<p>See <img src=cid:1>", "Content-Type: image/png; name=logo.png\r\nContent-ID: <1>\r\n\r\nxx"),
		"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''caf%C3%A9.pdf\r\n\r\nxx",
		"Content-Type: text/plain\r\nContent-Disposition: attachment; filename=\"=?utf-8?Q?=C3=BC.txt?=\"\r\n\r\nnot the message",
		"Content-Type: application/pgp-signature; name=signature.asc\r\n\r\nxx"))
	documenttest.WantTexts(t, doc, document.Paragraph, block, "See", "Attachments: café.pdf, ü.txt")
}

func TestMessagesWithinMessagesAreRead(t *testing.T) {
	t.Parallel()
	inner := "From: carol@example.com\r\nSubject: Inner\r\n\r\nInner text."
	doc := documenttest.Read(t, email.Read, "a.eml", head+parts("mixed", "b", "\r\nOuter text.", "Content-Type: message/rfc822\r\n\r\n"+inner,
		"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"+base64.StdEncoding.EncodeToString([]byte(inner))))
	if got := documenttest.Headings(doc); !slices.Equal(got, []string{"1 Plan", "2 Inner", "2 Inner"}) {
		t.Errorf("headings %q", got)
	}
	documenttest.WantTexts(t, doc, document.Paragraph, block, "Outer text.", "From: carol@example.com", "Inner text.", "From: carol@example.com", "Inner text.")
}

func TestLinesThatAProgramBrokeAreJoined(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, email.Read, "a.eml", head+"Content-Type: text/plain; format=flowed\r\n\r\nOne \r\ntwo.\r\nThree.\r\n-- \r\nAnn\r\n")
	documenttest.WantTexts(t, doc, document.Paragraph, block, "One two.\nThree.\n-- \nAnn")
}

func TestEachMessageOfABoxIsAChapter(t *testing.T) {
	t.Parallel()
	const mark = "From ann@example.com Tue Oct  1 12:34:56 2024\n"
	doc := documenttest.Read(t, email.Read, "a.mbox", mark+"From: a@b\nSubject: One\n\nFrom here on\n>From me\n\n"+mark+"From: a@b\nSubject: Two\n\nSecond.\n")
	if got := documenttest.Headings(doc); !slices.Equal(got, []string{"1 One", "1 Two"}) || doc.Title != "" {
		t.Errorf("headings %q, title %q", got, doc.Title)
	}
	documenttest.WantTexts(t, doc, document.Paragraph, "From: a@b", "From here on\nFrom me", "From: a@b", "Second.")
}

func TestAnEncryptedMessageIsSaidToBeSo(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		parts("encrypted", "b", "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1", "Content-Type: application/octet-stream\r\n\r\nxx"),
		"Content-Type: application/pkcs7-mime; name=smime.p7m\r\n\r\nxx",
	} {
		_, err := documenttest.Try(t, email.Read, "a.eml", head+body)
		if e := document.AsError(err); e == nil || e.Code != document.CodePasswordRequired {
			t.Errorf("error %v", err)
		}
	}
}

func TestAPageSavedAsAMessageIsThatPage(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, email.Read, "a.mht", "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://example.com/\r\nSubject: x\r\nMIME-Version: 1.0\r\n"+
		parts("related", "b", "Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<title>Page</title><h1>Top</h1><p>It =3D so.", "Content-Type: text/css\r\n\r\nbody {}"))
	if doc.Title != "Page" || doc.Text != "Top\n\nIt = so." {
		t.Errorf("title %q, text %q", doc.Title, doc.Text)
	}
}

func TestPartsThatAreMalformedAreReadAsFarAsTheyGo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][2]string{
		"no boundary":     {"Content-Type: multipart/mixed\r\n\r\nStill text.", "Still text."},
		"never begins":    {"Content-Type: multipart/mixed; boundary=b\r\n\r\nStill text.", "Still text."},
		"never ends":      {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nStill text.", "Still text."},
		"garbled type":    {"Content-Type: text/plain; charset = \"UTF-8\"Content-Transfer-Encoding: 8bit\r\n\r\nStill text.", "Still text."},
		"outer ends it":   {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nStill\r\n--b\r\n\r\ntext.", "Still|text."},
		"no end of head":  {"\r\nStill text.", "Still text."},
		"empty multipart": {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n", ""},
	} {
		doc := documenttest.Read(t, email.Read, "a.eml", head+c[0])
		if got := strings.Join(documenttest.Texts(doc, document.Paragraph)[1:], "|"); got != c[1] {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestMessagesAreToldFromMemosAndOtherText(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]string{
		"From: a\nTo: b\n\nx":                                         email.MessageType,
		"\n\nReceived: by x\nX-Y: z\nSubject: s\n\n":                  email.MessageType,
		"From a@b Tue Oct  1 12:34:56 2024\nFrom: a\nSubject: s\n\nx": email.BoxType,
		"From here on: nothing\nis a message\n":                       "",
		"Subject: alone\n\nx":                                         "",
		"key: value\nother: thing\n":                                  "",
		"To: b\nFrom: a\nthis is prose\n":                             "",
	} {
		if got := email.Identify([]byte(head), false); got != want {
			t.Errorf("%q is %q, want %q", head, got, want)
		}
	}
	if got := email.Identify([]byte("From: a\nTo: b\n\n# Memo"), true); got != "" {
		t.Errorf("a memo in Markdown is %q", got)
	}
}

func FuzzRead(f *testing.F) {
	documenttest.Fuzz(f, email.Read, "a.eml", head+"\r\nx", head+parts("alternative", "b", "Content-Type: text/html\r\n\r\n<p>x", "\r\ny"),
		head+"Content-Type: text/plain; format=flowed; delsp=yes\r\nContent-Transfer-Encoding: base64\r\n\r\nR3I=\r\n",
		head+parts("mixed", "b", "Content-Type: message/rfc822\r\n\r\nSubject: =?utf-8?q?=C3?=\r\n\r\nx", "Content-Disposition: attachment; filename*0=a; filename*1=b\r\n\r\nz"),
		"From a Tue Oct 1 12:34:56 2024\nFrom: x\n\na\n\nFrom b Tue Oct 1 12:34:56 2024\n\n>From")
}
