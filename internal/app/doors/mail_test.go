package doors_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// pdfOf writes a PDF of one line.
func pdfOf(text string) string {
	content := fmt.Sprintf("BT /F1 12 Tf 72 720 Td (%s) Tj ET\n", text)
	var b bytes.Buffer
	var at []int
	b.WriteString("%PDF-1.4\n")
	for _, object := range []string{
		"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", len(content), content),
	} {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(at), object)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, offset := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	return b.String()
}

// docxOf writes a Word document of one paragraph.
func docxOf(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, file := range [][2]string{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`},
		{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`},
		{"word/document.xml", `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>` + text + `</w:t></w:r></w:p></w:body></w:document>`},
	} {
		f, err := z.Create(file[0])
		must(t, err)
		_, err = f.Write([]byte(file[1]))
		must(t, err)
	}
	must(t, z.Close())
	return b.String()
}

// mailOf writes a message that carries files, given as names and contents.
func mailOf(subject, text string, files ...string) string {
	bound := "bound-" + subject
	var b strings.Builder
	fmt.Fprintf(&b, "From: Ann <ann@example.org>\r\nTo: bob@example.org\r\nSubject: %s\r\nDate: Mon, 02 Jan 2023 15:04:05 +0000\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\nContent-Type: text/plain\r\n\r\n%s\r\n", subject, bound, bound, text)
	for i := 0; i < len(files); i += 2 {
		fmt.Fprintf(&b, "--%s\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=%q\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n",
			bound, files[i], base64.StdEncoding.EncodeToString([]byte(files[i+1])))
	}
	return b.String() + "--" + bound + "--\r\n"
}

type mailItem struct {
	UID         string         `json:"uid"`
	Title       string         `json:"title"`
	Source      string         `json:"source"`
	ContentType string         `json:"content_type"`
	Status      string         `json:"status"`
	ParentUID   *string        `json:"parent_item_uid"`
	Metadata    map[string]any `json:"metadata"`
	Attachments []mailItem     `json:"attachments"`
}

func TestAMailAndWhatItCarriesAreFoundAndGoTogether(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := inhabited(h)
		me := w.who[owner]
		w.workspaceOf(owner, "ws_mail", "Mail")
		send := func(text string) (job, item string) {
			a := w.insist(202, me, "POST", "/library/api/ingest/", map[string]any{"workspace_id": "ws_mail", "file_id": "mail-1", "filename": "mail.eml", "text": text})
			w.settle(me, a.text(h.t, "id"))
			return a.text(h.t, "id"), a.text(h.t, "item_uid")
		}
		read := func(uid string) (i mailItem) {
			must(h.t, json.Unmarshal([]byte(w.insist(200, me, "GET", "/library/api/items/"+uid+"/", nil).body), &i))
			return i
		}
		settle := func() {
			var jobs []struct{ ID, Status string }
			must(h.t, json.Unmarshal([]byte(w.insist(200, me, "GET", "/library/api/jobs/?workspace_id=ws_mail", nil).body), &jobs))
			for _, j := range jobs {
				w.insist(200, me, "GET", "/library/api/jobs/"+j.ID+"/events/", nil)
			}
		}
		inner := mailOf("Inner", "The heron waits.", "deep.txt", "The bittern booms.")
		job, uid := send(mailOf("Birds", "The owl calls.", "report.pdf", pdfOf("The curlew cries."), "letter.docx", docxOf(h.t, "The dunlin runs."),
			"tool.exe", "MZ\x90\x00\x03\x00\x00\x00\xff\xff\x00\x00\xb8\x00", "inner.eml", inner))
		if counts := w.insist(200, me, "GET", "/library/api/jobs/"+job+"/", nil).body; !strings.Contains(counts, `"attachments":3`) {
			h.t.Errorf("the mail's job: %s", counts)
		}
		settle()
		settle() // and what the mail within carries
		mail := read(uid)
		if len(mail.Attachments) != 3 || mail.ParentUID != nil {
			h.t.Fatalf("the mail is %+v", mail)
		}
		pdf := read(mail.Attachments[2].UID)
		if pdf.Title != "report.pdf" || pdf.Source != "mail.eml#attachment=1/report.pdf" || pdf.ContentType != "application/pdf" || pdf.Status != "ready" ||
			*pdf.ParentUID != uid || pdf.Metadata["parent_item_uid"] != uid || pdf.Metadata["subject"] != "Birds" || pdf.Metadata["from"] != "Ann <ann@example.org>" ||
			pdf.Metadata["date"] != "2023-01-02T15:04:05Z" {
			h.t.Errorf("the PDF is %+v", pdf)
		}
		for word, in := range map[string]string{"curlew": "report.pdf", "dunlin": "letter.docx", "bittern": "deep.txt", "heron": "inner.eml", "owl": "Birds"} {
			a := w.insist(200, me, "POST", "/library/api/search/", map[string]any{"workspace_id": "ws_mail", "query": word, "limit": 1})
			if !strings.Contains(a.body, word) || !strings.Contains(a.body, `"title":"`+in+`"`) {
				h.t.Errorf("%s is found as %s", word, a.body)
			}
		}
		if a := w.insist(200, me, "GET", "/library/api/items/"+uid+"/text/", nil); !strings.Contains(a.body, "tool.exe (not read)") {
			h.t.Errorf("the mail's text is %s", a.body)
		}
		if a := w.insist(200, me, "GET", "/library/api/items/?parent_item_uid="+uid, nil); strings.Count(a.body, `"parent_item_uid":"`+uid+`"`) < 3 {
			h.t.Errorf("its attachments are %s", a.body)
		}
		w.insist(404, w.who[stranger], "GET", "/library/api/items/"+pdf.UID+"/", nil)

		_, again := send(mailOf("Birds", "The owl calls again.", "letter.docx", docxOf(h.t, "The dunlin runs.")))
		settle()
		if after := read(uid); again != uid || len(after.Attachments) != 1 || after.Attachments[0].UID != mail.Attachments[1].UID {
			h.t.Errorf("after a new version the mail is %+v", after)
		}
		w.insist(404, me, "GET", "/library/api/items/"+pdf.UID+"/", nil)
		w.insist(204, me, "DELETE", "/library/api/workspaces/ws_mail/files/mail-1/", nil)
		w.insist(404, me, "GET", "/library/api/items/"+mail.Attachments[1].UID+"/", nil)
		if a := w.insist(200, me, "GET", "/library/api/workspaces/ws_mail/", nil); !strings.Contains(a.body, `"item_count":0,"chunk_count":0`) {
			h.t.Errorf("the empty workspace is %s", a.body)
		}
	})
}
