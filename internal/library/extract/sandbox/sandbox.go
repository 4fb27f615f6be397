// Package sandbox takes away from a process what it does not need to read a
// file: the network, other processes, and every folder but those it is given.
// What it starts inherits that. It works on Linux, as far as the kernel does;
// elsewhere it does nothing, and Enter says so.
package sandbox

// Folders are what a process may still reach. Single files may be among them.
type Folders struct {
	Read  []string // with all below them
	Write []string // read, written, made and removed
	// Run are folders of programs and what they load: read and executed.
	Run []string
}

// Means are what keeps a process in.
type Means struct {
	// Calls tells that system calls which reach the network or another
	// process are refused.
	Calls bool
	// Files tells that other folders are out of reach.
	Files bool
}
