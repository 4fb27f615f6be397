package dashboard

import (
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

// cancelled is what a document says whose only job was cancelled.
const cancelled = "cancelled"

// meaningOf says what the code of a failed document means. The detail beside
// it says what to do.
func meaningOf(code string) string {
	switch code {
	case ingest.CodeEmbedderFailed:
		return "The embedding service did not answer"
	case ingest.CodeSourceMissing:
		return "Not found where it was to be fetched"
	case ingest.CodeSourceForbidden:
		return "Not allowed to be fetched"
	case ingest.CodeSourceUnreachable:
		return "Its source could not be reached"
	case ingest.CodeHashMismatch:
		return "Not the bytes that were announced"
	case cancelled:
		return "Cancelled"
	case "":
		return ""
	}
	return unreadable(code)
}

// unreadable says why no text was got out of a document.
func unreadable(code string) string {
	switch code {
	case document.CodeUnsupportedType:
		return "Not a type that is read"
	case document.CodePasswordRequired:
		return "Locked with a password"
	case document.CodeCorrupt:
		return "Damaged"
	case document.CodeTooLarge:
		return "Too large"
	case document.CodeEmpty:
		return "Empty"
	case document.CodeNoText:
		return "No text in it"
	case document.CodeTimedOut:
		return "Took too long to read"
	case document.CodeOutOfMemory:
		return "Took too much memory to read"
	}
	return "Something went wrong here"
}

// mayHelp tells whether trying the same bytes again can end otherwise.
func mayHelp(code string) bool {
	switch code {
	case document.CodeTimedOut, document.CodeOutOfMemory, document.CodeInternal, ingest.CodeEmbedderFailed,
		ingest.CodeSourceMissing, ingest.CodeSourceForbidden, ingest.CodeSourceUnreachable, cancelled:
		return true
	}
	return false
}
