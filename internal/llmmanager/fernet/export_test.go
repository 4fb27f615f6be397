package fernet

import "time"

// Seal is Encrypt with an initialisation vector of the test's.
func (k Key) Seal(text string, at time.Time, iv []byte) string { return k.seal(text, at, iv) }
