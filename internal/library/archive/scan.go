package archive

import (
	"time"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// timeInto scans a stored time into a time.Time.
type timeInto struct{ dst *time.Time }

func at(dst *time.Time) timeInto { return timeInto{dst} }

// Scan reads the time.
func (t timeInto) Scan(src any) error {
	var v sqldb.Time
	if err := v.Scan(src); err != nil {
		return err
	}
	*t.dst = v.Time
	return nil
}
