package dashboard

import (
	"net/http"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

// The parts of a document's pages.
const (
	tabText    = ""
	tabDetails = "details/"
)

// itemHead is what every page of a document shows of it.
type itemHead struct {
	Document documentRow
	Library  libraryRow
	Tabs     []page.Tab
	Original string        // path of the bytes as they came, a download
	Fetched  bool          // it came from a web address that may be asked again
	Plain    string        // path of the extracted text; empty: there is none yet
	Mail     *documentRow  // that it is an attachment of
	Carries  []documentRow // its attachments
}

// Carried is how many attachments there are.
func (h itemHead) Carried() int64 { return int64(len(h.Carries)) }

// openedItem is a document that a person may read.
type openedItem struct {
	library.Item

	Library library.Library
	Role    library.Role
	Head    itemHead
}

// path is where a part of the document is.
func (o openedItem) path(part string) string { return o.Head.Document.Path + part }

// itemsAPI serves originals and texts, as downloads that a browser runs
// nothing of.
const itemsAPI = "/library/api/items/"

// openItem finds the document of the path, in the library of the path.
func (d *Dashboard) openItem(r *http.Request, s httpx.Session, tab string) (openedItem, error) {
	item, l, role, err := d.opt.Access.Item(r.Context(), s.Principal, httpx.PathParam(r, "item"))
	if err == nil && l.UID != httpx.PathParam(r, "uid") {
		err = errs.New(errs.NotFound, "No such item.")
	}
	o := openedItem{Item: item, Library: l, Role: role}
	if err != nil {
		return o, err
	}
	o.Head = itemHead{
		Document: documentRowOf(item), Library: libraryRowOf(s.Principal, l, role), Original: itemsAPI + item.UID + "/content/",
	}
	if item.Generation > 0 {
		o.Head.Plain = itemsAPI + item.UID + "/text/"
	}
	may, err := d.mayAdd(r, s, l.UID)
	if err != nil {
		return o, err
	}
	o.Head.Document.MayChange = may && library.MayChange(s.Principal, l, role, item.CreatedBy)
	o.Head.Fetched = o.Head.Document.MayChange && d.opt.FetchURLs && onTheWeb(item.Source)
	o.Head.Document.MayReplace = o.Head.Document.MayChange && item.ParentUID == nil
	o.Head.Document.MayRetry = o.Head.Document.MayChange && mayHelp(item.ErrorCode)
	for _, part := range []struct{ name, path string }{{"Text", tabText}, {"Details and versions", tabDetails}} {
		o.Head.Tabs = append(o.Head.Tabs, page.Tab{Name: part.name, Path: o.path(part.path), Current: part.path == tab})
	}
	return o, nil
}

// openWhole is openItem with the mail or the attachments that go with it.
func (d *Dashboard) openWhole(r *http.Request, s httpx.Session, tab string) (openedItem, error) {
	o, err := d.openItem(r, s, tab)
	if err != nil {
		return o, err
	}
	mail, err := d.opt.Libraries.MailOf(r.Context(), s.Principal, o.Item)
	if err != nil {
		return o, err
	}
	if mail != nil {
		row := documentRowOf(*mail)
		o.Head.Mail = &row
	}
	attachments, err := d.opt.Libraries.Attachments(r.Context(), o.Item)
	for _, a := range attachments {
		o.Head.Carries = append(o.Head.Carries, documentRowOf(a))
	}
	return o, err
}

func (d *Dashboard) heading(o openedItem) page.Heading {
	return page.Heading{Title: o.Head.Document.Title, Area: librariesArea}
}

// retryItem gives the newest job of a document another try.
func (d *Dashboard) retryItem(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.openItem(r, s, tabText)
	if err != nil {
		return err
	}
	jobs, _, err := d.opt.Ingest.Jobs(r.Context(), s.Principal, ingest.Filter{LibraryUID: o.LibraryUID, ItemUID: o.UID, Limit: 1})
	if err != nil {
		return err
	}
	back := httpx.SafeNext(r.PostForm.Get("next"))
	if back == "/" {
		back = o.path(tabText)
	}
	if len(jobs) == 0 {
		return page.Refused(w, r, s, "The job of this document is not kept any more. Upload it again.", back)
	}
	j, err := d.opt.Ingest.Retry(r.Context(), s.Principal, jobs[0].ID)
	if found, ok := page.FaultsOf(err); ok {
		return page.Refused(w, r, s, found[""], back)
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, "“"+nameOfJob(j)+"” gets another try.", back)
}

func (d *Dashboard) confirmDelete(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.openItem(r, s, tabText)
	if err != nil {
		return err
	}
	if _, _, _, err := d.opt.Access.ItemForWrite(r.Context(), s.Principal, o.UID); err != nil {
		return err
	}
	versions, err := d.opt.Libraries.Versions(r.Context(), o.Item, versionsShown)
	if err != nil {
		return err
	}
	row := o.Head.Document
	c := page.Confirm{
		Title: "Delete “" + row.Title + "”?", Verb: "Delete document", Action: o.path("delete/"), Back: row.Path,
		Text: "It leaves “" + o.Library.Name + "” at once, and links to its passages lead nowhere. This cannot be undone. With it go:",
		List: []string{"the original and its text", page.Count(row.Passages, "passage", "passages") + " that search finds"},
	}
	attachments, err := d.opt.Libraries.Attachments(r.Context(), o.Item)
	if err != nil {
		return err
	}
	if n := int64(len(attachments)); n > 0 {
		c.List = append(c.List, page.Count(n, "attachment", "attachments"))
	}
	if n := int64(len(versions)); n > 1 {
		c.List = append(c.List, page.Count(n-1, "other version", "other versions"))
	}
	return d.opt.Site.Confirm(w, r, s, page.Heading{Title: "Delete a document", Area: librariesArea}, c)
}

func (d *Dashboard) deleteItem(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.openItem(r, s, tabText)
	if err != nil {
		return err
	}
	if err := d.opt.Libraries.DeleteItem(r.Context(), s.Principal, o.UID); err != nil {
		return err
	}
	return page.Done(w, r, s, "“"+strings.TrimSpace(o.Head.Document.Title)+"” is deleted.", librariesPath+o.LibraryUID+"/")
}
