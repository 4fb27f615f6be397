package app

import (
	"runtime"
	"runtime/metrics"
	"testing"
)

func TestASmallHeapMayGrowByTheSpareAndALargeOneByItsOwnSize(t *testing.T) {
	t.Parallel()
	const small, large = 4 << 20, 512 << 20
	if grow := small * percentFor(small) / 100; grow != spareHeap {
		t.Errorf("%d bytes may grow by %d, want %d", small, grow, spareHeap)
	}
	if got := percentFor(large); got != usualPercent {
		t.Errorf("%d bytes may grow by %d %%, want %d", large, got, usualPercent)
	}
}

func TestTheCollectorFollowsTheHeap(t *testing.T) { //nolint:paralleltest // the share is the whole process's
	percent := func() uint64 {
		s := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	runtime.GC()
	stop := easeCollector()
	if percent() <= usualPercent {
		t.Errorf("the share of a small heap is %d %%", percent())
	}
	large := make([]byte, 2*spareHeap)
	for percent() != usualPercent {
		if t.Context().Err() != nil {
			t.Fatal("the share stays that of a small heap")
		}
		runtime.GC()
	}
	runtime.KeepAlive(large)
	stop()
	runtime.GC()
	if percent() != usualPercent {
		t.Errorf("the share stays at %d %% after the end", percent())
	}
}
