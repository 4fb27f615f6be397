package kernel

// NEON is the set for arm64, where every processor has vectors of four: the
// products in assembly, which are nearly all of the work, the rest in Go.
func NEON() Set {
	set := Portable()
	set.Name = "neon"
	set.Multiply = multiplyTiles
	return set
}

// Best is the fastest set that this processor can run.
func Best() Set { return NEON() }

// All is every set that this processor can run, the fastest first.
func All() []Set { return []Set{NEON(), Portable()} }
