//go:build amd64 || arm64

package sandbox

import (
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// Enter keeps the process and its threads in, for good. Each means is tried by
// itself: a container may forbid one of them.
func Enter(f Folders) Means {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return Means{}
	}
	return Means{Files: restrictFiles(f), Calls: restrictCalls()}
}

// restrictFiles leaves the given folders alone within reach, by Landlock.
// Folders that are missing are left out.
func restrictFiles(f Folders) bool {
	rules := []landlock.Rule{
		landlock.RODirs(present(f.Read)...).IgnoreIfMissing(),
		landlock.RWDirs(present(f.Write)...).IgnoreIfMissing(),
		landlock.RODirs(present(f.Run)...).IgnoreIfMissing(),
		landlock.RWFiles("/dev/null").IgnoreIfMissing(),
		landlock.ROFiles("/dev/urandom", "/dev/zero").IgnoreIfMissing(),
		landlock.RODirs("/proc/self").IgnoreIfMissing(),
	}
	return landlock.V5.BestEffort().RestrictPaths(rules...) == nil && enforced()
}

func present(paths []string) []string {
	var all []string
	for _, p := range paths {
		if _, err := os.Stat(p); err == nil {
			all = append(all, p)
		}
	}
	return all
}

// enforced asks whether a file that everybody may read is out of reach: a
// kernel without Landlock restricts nothing and reports no error.
func enforced() bool {
	fd, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err == nil {
		_ = unix.Close(fd)
	}
	return err == unix.EACCES
}
