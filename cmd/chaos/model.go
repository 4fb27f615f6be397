package main

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// model is what clients were told: what must hold, whatever happens.
type model struct {
	mu         sync.Mutex
	spaces     []*space
	documents  []*document          // by number
	jobs       map[string]*document // accepted, by id
	violations []string
	counts     map[string]int
	slowest    time.Duration // to accept
}

// space is a workspace, or the library that is rebuilt meanwhile.
type space struct {
	workspace string // empty: a plain library
	uid       string
	deleted   time.Time
	shaken    bool // its index was dropped, and is made again
}

// target names the space in a submission.
func (s *space) target() (field, value string) {
	if s.workspace != "" {
		return "workspace_id", s.workspace
	}
	return "library_uid", s.uid
}

// document is one of a space. Only its own submitter changes it.
type document struct {
	number   int
	space    *space
	filename string
	fileID   string // empty: known by its filename
	uid      string // of the item, once accepted
	markdown bool

	accepted  int              // the newest version that was answered with 200 or 202
	tried     int              // the newest that was sent
	content   map[int]string   // by version
	jobs      map[int][]string // by version
	unchanged map[int]bool     // versions that the program had published, as it said
	seen      int              // a version that was published for certain
	deleting  bool             // asked for, and not answered yet
	deleted   time.Time
}

func newModel() *model { return &model{jobs: map[string]*document{}, counts: map[string]int{}} }

func (m *model) violate(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts["violations"]++
	const most = 50
	if len(m.violations) < most {
		m.violations = append(m.violations, fmt.Sprintf(format, args...))
	}
}

func (m *model) count(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts[what]++
}

func (m *model) counted(what string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts[what]
}

func (m *model) accepted() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.jobs)
}

func (m *model) addSpace(s *space) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.spaces = append(m.spaces, s)
}

func (m *model) addDocument(rng *rand.Rand, s *space) *document {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := &document{
		number: len(m.documents), space: s, markdown: rng.IntN(2) == 0,
		content: map[int]string{}, jobs: map[int][]string{}, unchanged: map[int]bool{},
	}
	d.filename = fmt.Sprintf("doc%d.txt", d.number)
	if d.markdown {
		d.filename = fmt.Sprintf("doc%d.md", d.number)
	}
	if rng.IntN(2) == 0 {
		d.fileID = fmt.Sprintf("file-%d", d.number)
	}
	m.documents = append(m.documents, d)
	return d
}

// view is what a reader may rely on from the moment that it asks.
type view struct {
	at      time.Time
	number  int
	uid     string
	space   string // uid
	seen    int
	deleted bool
	shaken  bool
}

// views of all documents, before an answer is asked for.
func (m *model) views() []view {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	all := make([]view, len(m.documents))
	for i, d := range m.documents {
		all[i] = view{now, d.number, d.uid, d.space.uid, d.seen, !d.deleted.IsZero() || !d.space.deleted.IsZero(), d.space.shaken}
	}
	return all
}

// going tells whether the document was deleted, or somebody asked for that.
func (m *model) going(number int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.documents[number]
	return d.deleting || !d.deleted.IsZero() || !d.space.deleted.IsZero()
}

func (m *model) sent(number int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if number >= len(m.documents) {
		return 0
	}
	return m.documents[number].tried
}
