//go:build !amd64 && !arm64

package kernel

// Best is the fastest set that this processor can run.
func Best() Set { return Portable() }

// All is every set that this processor can run, the fastest first.
func All() []Set { return []Set{Portable()} }
