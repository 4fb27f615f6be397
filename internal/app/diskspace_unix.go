//go:build unix

package app

import "golang.org/x/sys/unix"

// room tells how many bytes of a folder's file system are free for us, and how
// many there are.
func room(dir string) (free, total uint64, err error) {
	var s unix.Statfs_t
	for {
		if err = unix.Statfs(dir, &s); err != unix.EINTR {
			break
		}
	}
	size := uint64(s.Bsize)                                      //nolint:gosec // a size
	return uint64(s.Bavail) * size, uint64(s.Blocks) * size, err //nolint:unconvert // of another type on other systems
}
