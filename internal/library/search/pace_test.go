package search_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding/remote"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote/remotetest"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

// judged is a world whose reranker is a server.
type judged struct {
	*world
	server *remotetest.Server
	engine *search.Engine
	now    time.Time
}

func newJudged(t *testing.T, does remotetest.Behaviour, change ...func(*search.Options)) *judged {
	t.Helper()
	j := &judged{world: newWorld(t), server: remotetest.New(t, does), now: day(1)}
	client, err := remote.NewReranker(remote.RerankerOptions{Server: remote.Server{BaseURL: j.server.URL, Model: remotetest.Model, Cooldown: time.Nanosecond}})
	if err != nil {
		t.Fatal(err)
	}
	apples(j.world, 40)
	opt := j.opt
	opt.Reranker, opt.RerankTimeout, opt.Now = client, 400*time.Millisecond, func() time.Time { return j.now }
	for _, c := range change {
		c(&opt)
	}
	j.engine = search.New(opt)
	return j
}

func (j *judged) ask(limit int) search.Result {
	j.Helper()
	got, err := j.engine.Search(j.Context(), j.alice, search.Request{Query: "apple pie", Limit: limit})
	if err != nil {
		j.Fatal(err)
	}
	return got
}

func hang(_ http.ResponseWriter, r *http.Request, _ int) bool {
	<-r.Context().Done()
	return true
}

func fail(w http.ResponseWriter, _ *http.Request, _ int) bool {
	w.WriteHeader(http.StatusInternalServerError)
	return true
}

func TestARerankerThatFailsCostsItsTimeOnce(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(http.ResponseWriter, *http.Request, int) bool{"hangs": hang, "fails": fail} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newJudged(t, remotetest.Behaviour{Before: before})
			without := func(s search.LegStatus) bool { return s == search.Failed || s == search.Timeout }
			if got := j.ask(5); !without(got.Status.Rerank) || !got.Degraded || len(got.Hits) != 5 {
				t.Fatalf("%+v", got)
			}
			asked := len(j.server.Requests())
			for range 5 {
				got := j.ask(5)
				if got.Status.Rerank != search.Skipped || !got.Degraded || len(got.Hits) != 5 || got.Hits[0].ScoreKind != search.ScoreFused {
					t.Fatalf("%+v", got)
				}
			}
			// The first search's question may reach the server after that search gave up.
			if n := len(j.server.Requests()); n > asked+1 {
				t.Errorf("it was asked %d times more while it was left alone", n-asked)
			}
			j.now = j.now.Add(16 * time.Second)
			if got := j.ask(5); !without(got.Status.Rerank) {
				t.Errorf("when it is tried again: %+v", got.Status)
			}
			j.now = j.now.Add(16 * time.Second) // it failed again, and is left alone for longer
			if got := j.ask(5); got.Status.Rerank != search.Skipped {
				t.Errorf("after the second failure: %+v", got.Status)
			}
			j.server.Do(func(b *remotetest.Behaviour) { b.Before = nil })
			j.now = j.now.Add(16 * time.Second)
			for range 2 {
				if got := j.ask(5); got.Status.Rerank != search.OK || got.Degraded {
					t.Errorf("when it answers again: %+v", got.Status)
				}
			}
		})
	}
}

func TestOneSearchTriesTheRerankerAgainWhileOthersGoOn(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	j := newJudged(t, remotetest.Behaviour{Before: fail}, func(o *search.Options) { o.RerankTimeout = time.Minute })
	j.ask(5)
	j.now = j.now.Add(time.Minute)
	j.server.Do(func(b *remotetest.Behaviour) {
		b.Before = func(http.ResponseWriter, *http.Request, int) bool {
			arrived <- struct{}{}
			<-release
			return false
		}
	})
	done := make(chan search.Result)
	go func() {
		got, _ := j.engine.Search(t.Context(), j.alice, search.Request{Query: "apple pie", Limit: 5})
		done <- got
	}()
	<-arrived
	if got := j.ask(5); got.Status.Rerank != search.Skipped {
		t.Errorf("beside the one that tries: %+v", got.Status)
	}
	close(release)
	if got := <-done; got.Status.Rerank != search.OK {
		t.Errorf("the one that tries: %+v", got.Status)
	}
}

func TestASlowRerankerIsAskedAboutAsManyAsFit(t *testing.T) {
	t.Parallel()
	const each = 28 * time.Millisecond
	var sizes []int
	j := newJudged(t, remotetest.Behaviour{}, func(o *search.Options) { o.RerankTimeout = time.Second })
	j.server.Do(func(b *remotetest.Behaviour) {
		b.Before = func(http.ResponseWriter, *http.Request, int) bool {
			requests := j.server.Requests()
			n := len(requests[len(requests)-1].Texts)
			sizes = append(sizes, n)
			timer := time.NewTimer(time.Duration(n) * each)
			<-timer.C
			return false
		}
	})
	first, second := j.ask(5), j.ask(5)
	if first.Status.Rerank != search.OK || second.Status.Rerank != search.OK || sizes[0] != 32 || sizes[1] >= 32 || sizes[1] < 5 {
		t.Fatalf("asked about %v; %+v, %+v", sizes, first.Status, second.Status)
	}
	if got := j.ask(100); got.Status.Rerank != search.Skipped || !got.Degraded || len(got.Hits) != 40 {
		t.Errorf("where not all that are asked for fit: %+v, %d hits", got.Status, len(got.Hits))
	}
}

func TestHitsWithoutAScoreFollowThoseThatWereJudgedAndSaySo(t *testing.T) {
	t.Parallel()
	j := newJudged(t, remotetest.Behaviour{Null: "apple apple apple apple apple apple apple apple apple apple apple"})
	got := j.ask(40)
	kinds := make([]search.ScoreKind, len(got.Hits))
	for i, h := range got.Hits {
		kinds[i] = h.ScoreKind
		if h.ScoreKind == search.ScoreUnjudged && h.Score != 0 {
			t.Errorf("a hit that was not judged has the score %v", h.Score)
		}
	}
	last := slices.Index(kinds, search.ScoreUnjudged)
	if got.Status.Rerank != search.OK || last < 1 || slices.Contains(kinds[last:], search.ScoreReranked) || slices.Contains(kinds, search.ScoreFused) {
		t.Errorf("%+v: %v", got.Status, kinds)
	}
}
