package terms_test

import (
	"slices"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/terms"
)

func TestSlips(t *testing.T) {
	t.Parallel()
	for pair, want := range map[[2]string]int{
		{"retreival", "retrieval"}: 1, {"kubernets", "kubernetes"}: 1, {"same", "same"}: 0, {"", "ab"}: 2,
		{"größe", "grösse"}: 2, {"abcd", "badc"}: 2, {"kitten", "sitting"}: 3,
	} {
		if got := terms.Slips(pair[0], pair[1]); got != want {
			t.Errorf("%q and %q are %d slips apart, want %d", pair[0], pair[1], got, want)
		}
	}
}

func TestOneSlipReachesEveryNeighbour(t *testing.T) {
	t.Parallel()
	near := terms.OneSlip("tide")
	for _, want := range []string{"tied", "tid", "tides", "side", "atide", "tade"} {
		if !slices.Contains(near, want) {
			t.Errorf("%q is missing", want)
		}
	}
	for _, w := range near {
		if n := terms.Slips("tide", w); n > 1 {
			t.Errorf("%q is %d slips away", w, n)
		}
	}
	if got := terms.OneSlip("検索"); got != nil {
		t.Errorf("a script of many letters gives %d words", len(got))
	}
}

func TestTheNearestWordOfAText(t *testing.T) {
	t.Parallel()
	const text = "Retrieved for retrieval, retrieval of relics"
	if got := terms.Nearest("Retreival", "retriev", text, []string{"en"}).Word; got != "retrieval" {
		t.Errorf("%q", got)
	}
	if got := terms.Nearest("relcis", "", text, []string{"en"}).Word; got != "relics" {
		t.Errorf("%q", got)
	}
	if got := terms.Nearest("zebra", "", text, []string{"en"}).Word; got != "" {
		t.Errorf("%q", got)
	}
}
