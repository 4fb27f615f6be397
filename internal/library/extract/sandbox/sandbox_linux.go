//go:build amd64 || arm64

package sandbox

import (
	"os"
	"slices"
	"unsafe"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// Enter keeps the process and its threads in, for good. Each means is tried by
// itself: a container may forbid one of them.
func Enter(f Folders) Means {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return Means{}
	}
	dropRights()
	m := Means{Files: restrictFiles(f)}
	// Where the kernel can, signals and unnamed sockets stay among what is confined together.
	_ = landlock.V6.BestEffort().RestrictScoped()
	m.Calls = restrictCalls()
	return m
}

// dropRights leaves a process of root's as weak as another, but for reading
// files of others. What it starts does not get them back.
func dropRights() {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var rights, had [2]unix.CapUserData
	if err := unix.Capget(&header, &had[0]); err != nil {
		return
	}
	const kept = 1 << unix.CAP_DAC_OVERRIDE
	rights[0] = unix.CapUserData{Effective: had[0].Effective & kept, Permitted: had[0].Permitted & kept}
	_, _, _ = psx.Syscall3(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&rights[0])), 0) //nolint:gosec // as the kernel wants it
}

// restrictFiles leaves the given folders alone within reach, by Landlock.
// Folders that are missing are left out.
func restrictFiles(f Folders) bool {
	read, readFiles := present(slices.Concat(f.Read, f.Run))
	write, writeFiles := present(f.Write)
	rules := []landlock.Rule{
		landlock.RODirs(append(read, "/proc/self")...).IgnoreIfMissing(),
		landlock.RWDirs(write...).IgnoreIfMissing(),
		landlock.ROFiles(append(readFiles, "/dev/urandom", "/dev/zero")...).IgnoreIfMissing(),
		landlock.RWFiles(append(writeFiles, "/dev/null")...).IgnoreIfMissing(),
	}
	return landlock.V5.BestEffort().RestrictPaths(rules...) == nil && enforced()
}

// present tells folders from files, for which a rule that speaks of folders
// makes the kernel refuse all of them.
func present(paths []string) (folders, files []string) {
	for _, p := range paths {
		switch info, err := os.Stat(p); {
		case err != nil:
		case info.IsDir():
			folders = append(folders, p)
		default:
			files = append(files, p)
		}
	}
	return folders, files
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
