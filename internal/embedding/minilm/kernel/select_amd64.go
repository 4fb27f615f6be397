package kernel

import "golang.org/x/sys/cpu"

// Best is the fastest set that this processor can run.
func Best() Set {
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		return AVX2()
	}
	return Portable()
}

// All is every set that this processor can run, the fastest first.
func All() []Set {
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		return []Set{AVX2(), Portable()}
	}
	return []Set{Portable()}
}
