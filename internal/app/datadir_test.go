package app

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFolderIsNotSaidToBeHeldByAProcessThatIsGone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lock, err := lockFolder(t.Context(), dir, "up", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lock.release(); err != nil {
			t.Error(err)
		}
	})
	second := func() *HeldError {
		t.Helper()
		_, err := lockFolder(t.Context(), dir, "up", "")
		held, ok := errors.AsType[*HeldError](err)
		if !ok {
			t.Fatalf("the second lock gave %v", err)
		}
		return held
	}
	if held := second(); held.Holder.PID != os.Getpid() {
		t.Errorf("the holder is given as %+v", held.Holder)
	}
	gone := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	said, err := json.Marshal(Holder{PID: gone.Process.Pid, Command: "up"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, holderFile), said, 0o600); err != nil {
		t.Fatal(err)
	}
	if held := second(); held.Holder.PID != 0 || !strings.Contains(held.Error(), "another process") {
		t.Errorf("the holder is given as %+v: %v", held.Holder, held)
	}
}
