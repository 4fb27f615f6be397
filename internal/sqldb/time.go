package sqldb

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// timeLayout has a fixed width, so that SQLite orders times as text, and is
// a timestamptz that PostgreSQL reads.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// Time is how a point in time goes in and out of both engines: UTC, to the
// microsecond that PostgreSQL keeps.
type Time struct{ time.Time } //nolint:recvcheck // database/sql wants Value of values and Scan of pointers

// At makes a Time, cut to what the store keeps.
func At(t time.Time) Time { return Time{t.UTC().Truncate(time.Microsecond)} }

// Value writes the time as text, which both engines take.
func (t Time) Value() (driver.Value, error) { return t.UTC().Format(timeLayout), nil }

// Scan reads what either engine gives back.
func (t *Time) Scan(src any) error {
	switch v := src.(type) {
	case time.Time:
		t.Time = v.UTC()
	case string:
		return t.parse(v)
	case []byte:
		return t.parse(string(v))
	default:
		return fmt.Errorf("a time cannot be read from %T", src)
	}
	return nil
}

func (t *Time) parse(s string) error {
	v, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return fmt.Errorf("read a time: %w", err)
	}
	t.Time = v.UTC()
	return nil
}

// NullTime is a Time that may be absent.
type NullTime struct { //nolint:recvcheck // as Time
	Time  Time
	Valid bool
}

// AtPtr makes a NullTime from a pointer.
func AtPtr(t *time.Time) NullTime {
	if t == nil {
		return NullTime{}
	}
	return NullTime{Time: At(*t), Valid: true}
}

// Ptr gives the time, or nil.
func (n NullTime) Ptr() *time.Time {
	if !n.Valid {
		return nil
	}
	t := n.Time.Time
	return &t
}

// Value writes the time or NULL.
func (n NullTime) Value() (driver.Value, error) {
	if !n.Valid {
		return nil, nil //nolint:nilnil // NULL
	}
	return n.Time.Value()
}

// Scan reads a time or NULL.
func (n *NullTime) Scan(src any) error {
	if src == nil {
		*n = NullTime{}
		return nil
	}
	n.Valid = true
	return n.Time.Scan(src)
}
