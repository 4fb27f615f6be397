package embedding_test

import (
	"testing"

	"git.helu.ca/r/mnemosyne/internal/embedding"
)

func TestSpaceIDIsStable(t *testing.T) {
	t.Parallel()
	for want, space := range map[string]embedding.Space{
		"all-MiniLM-L6-v2/384":   {Model: "all-MiniLM-L6-v2", Dimensions: 384},
		"qwen/1024/b933bb13bdfd": {Model: "qwen", Dimensions: 1024, Instruction: "Represent the user's input."},
		"qwen/1024":              {Model: "qwen", Dimensions: 1024},
	} {
		if got := space.ID(); got != want {
			t.Errorf("ID() of %+v = %q, want %q", space, got, want)
		}
	}
}

func TestAnotherInstructionIsAnotherSpace(t *testing.T) {
	t.Parallel()
	a := embedding.Space{Model: "m", Dimensions: 8, Instruction: "a"}
	b := embedding.Space{Model: "m", Dimensions: 8, Instruction: "b"}
	if a.ID() == b.ID() {
		t.Fatalf("both spaces have the ID %q", a.ID())
	}
}
