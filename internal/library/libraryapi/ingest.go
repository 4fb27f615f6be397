package libraryapi

import (
	"mime"
	"net/http"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

const ingestPath = "/library/api/ingest/"

func (a *API) ingestRoutes() []httpx.Route {
	return []httpx.Route{{
		Method: http.MethodPost, Path: ingestPath, ID: "ingest", Tag: jobTag, Summary: "Take a document in",
		Body: ingestBody{}, Form: ingestForm{},
		Responses: map[int]any{http.StatusAccepted: ingest.Job{}, http.StatusOK: unchangedBody{}}, Handler: a.ingest,
	}}
}

type ingestBody struct {
	WorkspaceID string         `json:"workspace_id"`
	LibraryUID  string         `json:"library_uid" example:"0192f0c1-2b3c-4d5e-8f60-718293a4b5c6"`
	S3Key       string         `json:"s3_key"`
	S3Bucket    string         `json:"s3_bucket"`
	URL         string         `json:"url" description:"In place of s3_key: an address of the web, which is fetched." example:"https://example.org/tides.html"`
	Text        *string        `json:"text" nullable:"false" description:"In place of s3_key." example:"The tide turns twice a day."`
	FileID      string         `json:"file_id" description:"Makes it the same document as an earlier one of this id."`
	Filename    string         `json:"filename"`
	Title       string         `json:"title" example:"Tides"`
	ContentHash string         `json:"content_hash" pattern:"^(sha256:[0-9a-f]{64})?$"`
	Collection  string         `json:"collection"`
	Metadata    map[string]any `json:"metadata" nullable:"false"`
}

func (b ingestBody) submission() ingest.Submission {
	return ingest.Submission{
		LibraryUID: b.LibraryUID, WorkspaceID: b.WorkspaceID, FileID: b.FileID, Filename: b.Filename, Title: b.Title,
		ContentHash: b.ContentHash, Collection: b.Collection, Metadata: b.Metadata,
		Text: b.Text, S3Bucket: b.S3Bucket, S3Key: b.S3Key, URL: b.URL,
	}
}

// unchangedBody answers a submission whose very content is there already.
type unchangedBody struct {
	Status      string  `json:"status" enum:"unchanged"`
	ItemUID     string  `json:"item_uid"`
	LibraryUID  string  `json:"library_uid"`
	WorkspaceID *string `json:"workspace_id"`
	FileID      *string `json:"file_id"`
	Filename    string  `json:"filename"`
	Title       string  `json:"title"`
}

func (a *API) ingest(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && media == "multipart/form-data" {
		if params["boundary"] == "" {
			return errs.New(errs.Invalid, "The Content-Type names no boundary.")
		}
		return a.ingestUpload(w, r, p)
	}
	if err != nil || media != "application/json" {
		return errs.New(errs.Unsupported, "Send JSON, or multipart/form-data with a file.")
	}
	body, _, err := httpx.Body[ingestBody](w, r)
	if err != nil {
		return err
	}
	return a.submit(w, r, p, body.submission())
}

func (a *API) submit(w http.ResponseWriter, r *http.Request, p accounts.Principal, sub ingest.Submission) error {
	out, err := a.opt.Ingest.Submit(r.Context(), p, sub)
	if err != nil {
		return err
	}
	if !out.Unchanged {
		return httpx.JSON(w, http.StatusAccepted, out.Job)
	}
	item, l, _, err := a.opt.Libraries.Access().Item(r.Context(), p, out.ItemUID)
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, unchangedBody{
		Status: "unchanged", ItemUID: item.UID, LibraryUID: l.UID, WorkspaceID: l.WorkspaceID,
		FileID: item.FileID, Filename: item.Filename, Title: item.Title,
	})
}
