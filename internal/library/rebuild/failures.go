package rebuild

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
)

// failure is a document that a task went past, so that it keeps no other from
// being done.
type failure struct {
	ItemUID string `json:"item_uid"`
	Title   string `json:"title"`
	Reason  string `json:"reason"` // a sentence's end, without a full stop
}

// maxFailures is how many documents are named. Of a task that goes past more,
// something else is wrong.
const maxFailures = 20

// failures are a task's, kept with it from slice to slice.
type failures struct {
	Named []failure `json:"named"`
	More  int       `json:"more"` // beyond those named
}

// add notes a document once.
func (f *failures) add(itemUID, title, reason string) {
	for _, have := range f.Named {
		if have.ItemUID == itemUID {
			return
		}
	}
	if len(f.Named) >= maxFailures {
		f.More++
		return
	}
	f.Named = append(f.Named, failure{ItemUID: itemUID, Title: title, Reason: reason})
}

func (f *failures) none() bool { return len(f.Named) == 0 }

func (f *failures) uids() string {
	uids := make([]string, len(f.Named))
	for i, n := range f.Named {
		uids[i] = n.ItemUID
	}
	return strings.Join(uids, ", ")
}

// String is what an operator is told.
func (f *failures) String() string {
	var b strings.Builder
	b.WriteString("Everything else is done, but these documents are not:")
	for _, n := range f.Named {
		fmt.Fprintf(&b, " %q (%s): %s.", n.Title, n.ItemUID, n.Reason)
	}
	if f.More > 0 {
		fmt.Fprintf(&b, " So are %d more.", f.More)
	}
	b.WriteString(" Take them in again or delete them, and repeat the command.")
	return b.String()
}

// Value writes them as JSON, none as nothing.
func (f *failures) Value() (driver.Value, error) {
	if f.none() {
		return "", nil
	}
	b, err := json.Marshal(f)
	return string(b), err
}

// Scan reads them.
func (f *failures) Scan(from any) error {
	*f = failures{}
	var text []byte
	switch v := from.(type) {
	case string:
		text = []byte(v)
	case []byte:
		text = v
	default:
		return fmt.Errorf("failures are no %T", from)
	}
	if len(text) == 0 {
		return nil
	}
	return json.Unmarshal(text, f)
}
