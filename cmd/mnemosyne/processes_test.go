package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/testkit/stack"
)

func book(name string, chapters int) []byte {
	var b strings.Builder
	for i := range chapters {
		fmt.Fprintf(&b, "# Chapter %d of %s\n\n%s\n\n", i, name, strings.Repeat(fmt.Sprintf("Sentence of chapter %d about %s. ", i, name), 20))
	}
	return []byte(b.String())
}

func TestDocumentsGoInOverRESTAndAreFoundOverMCPInProcessesOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Workers: 2})
	names := []string{"otters", "harbours", "lanterns", "glaciers"}
	jobs := map[string]stack.Job{}
	for _, name := range names {
		jobs[name] = s.Upload(name+".md", book(name, 3))
	}
	for name, job := range jobs {
		events, ended := s.Follow(job.ID)
		if ended.Status != "done" || ended.Attempts != 1 || !strings.Contains(events, `"done"`) {
			t.Errorf("the job of %s ended as %+v, its events are %q", name, ended, events)
		}
		if hits := s.Search(name); len(hits) == 0 || hits[0].ItemUID != job.ItemUID {
			t.Errorf("a search for %s gave %v", name, hits)
		}
	}
	for address, want := range map[string]int{
		s.REST + "/mcp/": http.StatusNotFound, s.MCP + "/library/api/me/": http.StatusNotFound, s.MCP + "/mcp/health": http.StatusOK,
		s.REST + "/live/": http.StatusOK, s.REST + "/metrics": http.StatusOK, s.MCP + "/metrics": http.StatusOK,
	} {
		if got := s.Ask(http.MethodGet, address, nil, nil); got != want {
			t.Errorf("%s answers %d, want %d", address, got, want)
		}
	}
}

func TestAKilledWorkersJobGoesOnInAnotherWithinAMinute(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Workers: 1})
	job := s.Upload("rivers.md", book("rivers", 400))
	s.Until(job.ID, func(j stack.Job) bool { return j.Stage == "embedding" && j.Counts.Embedded > 0 })
	s.Workers[0].Kill()
	killed := time.Now()
	s.Start("worker")
	s.Until(job.ID, func(j stack.Job) bool { return j.Attempts == 2 && j.Status == "running" })
	if took := time.Since(killed); took > time.Minute {
		t.Errorf("the job went on after %s", took)
	} else {
		t.Logf("the job went on after %s", took)
	}
	ended := s.Until(job.ID, stack.Job.Ended)
	if ended.Status != "done" || ended.Attempts != 2 {
		t.Errorf("the job ended as %+v %+v", ended, ended.Error)
	}
	var chunks []struct{ Ordinal int }
	s.Ask(http.MethodGet, s.REST+"/library/api/items/"+job.ItemUID+"/chunks/?limit=1000", nil, &chunks)
	if len(chunks) != min(ended.Counts.Chunks, 1000) {
		t.Errorf("%d chunks are listed, the job counts %d", len(chunks), ended.Counts.Chunks)
	}
}

func TestAWorkerThatIsToldToEndGivesItsJobToAnother(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Workers: 1, Settings: []string{"LOGGING_LEVEL=DEBUG"}})
	job := s.Upload("lakes.md", book("lakes", 100))
	s.Until(job.ID, func(j stack.Job) bool { return j.Status == "running" })
	other := s.Start("worker")
	began := time.Now()
	if err := s.Workers[0].Stop(); err != nil {
		t.Errorf("the worker ended with %v", err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("the worker ended after %s", took)
	}
	if j := s.Until(job.ID, stack.Job.Ended); j.Status != "done" || j.Attempts != 1 && j.Attempts != 2 {
		t.Errorf("the job ended as %+v %+v", j, j.Error)
	}
	select {
	case <-other.Ended():
		t.Error("the other worker ended as well")
	default:
	}
}

func TestProcessesOfTheirOwnNeedADatabaseServer(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"serve", "mcp", "worker"} {
		fails(t, folder(t), exitFailed, "mnemosyne up", command)
	}
}

func TestAProcessWithAnotherDataFolderThanTheOthersRefusesToStart(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Workers: -1})
	elsewhere := "MNEMOSYNE_DATA_DIR=" + t.TempDir()
	for _, command := range []string{"worker", "up"} {
		cmd := s.Command(t.Context(), command)
		cmd.Env = append(cmd.Env, elsewhere)
		said, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(said), "another data folder") || !strings.Contains(string(said), "MNEMOSYNE_DATA_DIR") {
			t.Errorf("%s ended with %v and said %s", command, err, said)
		}
	}
	setup := s.Command(t.Context(), "setup")
	setup.Env = append(setup.Env, elsewhere)
	if said, err := setup.CombinedOutput(); err != nil || !strings.Contains(string(said), "from now on") {
		t.Errorf("setup ended with %v and said %s", err, said)
	}
}

func TestIngestHandsFilesToTheWorkersAndSaysWhenThereAreNone(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Workers: -1})
	cmd := s.Command(t.Context(), "ingest", "main.go", "--library", "Papers")
	talk, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for b := make([]byte, 1024); !strings.Contains(said.String(), "mnemosyne worker"); {
		n, err := talk.Read(b)
		said.Write(b[:n])
		if err != nil {
			t.Fatalf("ingest said %q and no more: %v", said.String(), err)
		}
	}
	s.Start("worker")
	if err := cmd.Wait(); err != nil {
		t.Errorf("ingest = %v, it said %q", err, said.String())
	}
}
