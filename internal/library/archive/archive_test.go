package archive_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/archive"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

func queries() []string {
	return []string{"sea3word1ü", "moon2word7ü moon3word2ü", "wind0word1ü", "sea299word39ü wind1word3ü"}
}

func TestALibraryFindsTheSameWhereverItIsTaken(t *testing.T) {
	t.Parallel()
	engines := map[string]func(*testing.T) *installation{"files": embedded, "servers": production}
	for from, here := range engines {
		for to, there := range engines {
			if from == "servers" && to == from {
				continue // on one Neo4j two installations cannot have the same uids
			}
			t.Run("from "+from+" to "+to, func(t *testing.T) {
				t.Parallel()
				a, b := here(t), there(t)
				a.works()
				alice, uid, items := a.papers()
				b.user("bob")
				ann := b.user("alice")
				made := must(b.imports(a.exported(uid), archive.ImportOptions{}))(t)
				if made.LibraryUID != uid || made.NewUIDs != 0 || made.Unembedded != 0 || made.Unindexed || made.Counts.Items != 3 || made.Counts.Generations != 4 {
					t.Errorf("the import made %+v", made)
				}
				if b.embedder.Embedded() != 0 {
					t.Errorf("%d passages were embedded anew", b.embedder.Embedded())
				}
				same(t, b, ann, a.hits(alice, queries()...), from == to)
				b.sameRows(a, ann, alice, uid, items)
				for _, generation := range []int64{1, 2} {
					ref := library.GenerationRef{LibraryUID: uid, ItemUID: items[1], Generation: generation}
					want, got := must(a.graph.Stored(t.Context(), ref, 0, math.MaxInt32))(t), must(b.graph.Stored(t.Context(), ref, 0, math.MaxInt32))(t)
					if diff := cmp.Diff(want, got); diff != "" && from == to {
						t.Errorf("version %d is stored otherwise: %s", generation, diff)
					}
					if len(got) != len(want) || got[0].UID != want[0].UID || got[0].Text != want[0].Text {
						t.Errorf("version %d has other passages", generation)
					}
				}
			})
		}
	}
}

// same proves that the same hits are found. Two kinds of engines weigh words
// by other statistics and walk other graphs of vectors: the best hit is the same, and
// of the rest a few at the end of the list may differ.
func same(t *testing.T, in *installation, p accounts.Principal, want []string, engine bool) {
	t.Helper()
	got := in.hits(p, queries()...)
	if len(got) != len(want) || got[0] != want[0] {
		t.Fatalf("the searches find %d hits, first %q, want %d, first %q", len(got), got[:1], len(want), want[:1])
	}
	others := 0
	for _, hit := range got {
		if !slices.Contains(want, hit) {
			others++
		}
	}
	if engine && others > 0 || others > len(want)/10 {
		t.Errorf("%d of %d hits are others:\n%s\n\n%s", others, len(want), strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// sameRows proves that people see the same documents.
func (in *installation) sameRows(was *installation, p, before accounts.Principal, uid string, items []string) {
	in.t.Helper()
	ctx := in.t.Context()
	for _, item := range items {
		got, _, _, err := in.libs.Access().Item(ctx, p, item)
		check(in.t, err)
		want, _, _, err := was.libs.Access().Item(ctx, before, item)
		check(in.t, err)
		got.CreatedBy, want.CreatedBy = nil, nil // the same name, another id
		if diff := cmp.Diff(want, got); diff != "" {
			in.t.Errorf("the document is another: %s", diff)
		}
		g := must(in.libs.Generation(ctx, got, got.Generation))(in.t)
		h := must(was.libs.Generation(ctx, want, want.Generation))(in.t)
		if in.object(g.OriginalKey) != was.object(h.OriginalKey) || in.object(g.TextKey) != was.object(h.TextKey) || in.object(g.StructureKey) != was.object(h.StructureKey) {
			in.t.Errorf("document %s has other content", item)
		}
		if strings.HasPrefix(got.Filename, "sea") && in.object(library.RegionsKey(g.StructureKey)) != was.object(library.RegionsKey(h.StructureKey)) {
			in.t.Errorf("document %s has its words elsewhere", item)
		}
	}
	l, _, err := in.libs.Access().Read(ctx, p, uid)
	check(in.t, err)
	m, _, err := was.libs.Access().Read(ctx, before, uid)
	check(in.t, err)
	if l.Name != m.Name || l.Description != m.Description || l.Type != m.Type || l.ItemCount != m.ItemCount || l.ChunkCount != m.ChunkCount || !l.CreatedAt.Equal(m.CreatedAt) {
		in.t.Errorf("the library is %+v, and was %+v", l, m)
	}
	members := must(in.libs.Members(ctx, p, uid))(in.t)
	if fmt.Sprint(members) != "[{bob manager} {alice owner}]" {
		in.t.Errorf("the members are %v", members)
	}
}

func (in *installation) object(key string) string {
	in.t.Helper()
	body, _, err := in.objects.Open(in.t.Context(), key)
	check(in.t, err)
	defer func() { _ = body.Close() }()
	var b bytes.Buffer
	must(b.ReadFrom(body))(in.t)
	return b.String()
}

func TestAnArchiveIsTakenInOnceUnlessAsked(t *testing.T) {
	t.Parallel()
	a := embedded(t)
	a.works()
	alice, uid, items := a.papers()
	raw := a.exported(uid)
	if _, err := a.imports(raw, archive.ImportOptions{}); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), uid) {
		t.Errorf("where the library is, the import answers %v", err)
	}
	again := must(a.imports(raw, archive.ImportOptions{Again: true, Name: "Copy"}))(t)
	if again.LibraryUID == uid || again.Name != "Copy" || again.NewUIDs != int64(len(items))+2 {
		t.Errorf("the second one is %+v", again)
	}
	found := must(a.search.Search(t.Context(), alice, search.Request{Query: "wind0word1ü", Libraries: []string{"Copy"}}))(t)
	if len(found.Hits) == 0 || found.Hits[0].LibraryUID != again.LibraryUID || slices.Contains(items, found.Hits[0].ItemUID) {
		t.Errorf("a search in the copy finds %+v", found.Hits)
	}

	b := embedded(t)
	b.user("alice")
	first := must(b.imports(raw, archive.ImportOptions{}))(t)
	check(t, b.libs.Delete(t.Context(), accounts.Principal{UserID: "x", Username: "alice", Scope: accounts.Scope{Kind: accounts.ScopeUser}}, first.LibraryUID))
	if _, err := b.imports(raw, archive.ImportOptions{}); err != nil {
		t.Errorf("after it was deleted, the import answers %v", err)
	}
	if _, err := b.imports(raw, archive.ImportOptions{}); !errs.Is(err, errs.Conflict) {
		t.Errorf("the archive was taken in twice: %v", err)
	}
}

func TestWhoIsNotHereIsLeftOutAndNamed(t *testing.T) {
	t.Parallel()
	a := embedded(t)
	a.works()
	_, uid, _ := a.papers()
	raw := a.exported(uid)
	b := embedded(t)
	b.user("zoe")
	if _, err := b.imports(raw, archive.ImportOptions{}); !errs.Is(err, errs.NotFound) || !strings.Contains(err.Error(), "--user") {
		t.Errorf("without its owner the import answers %v", err)
	}
	b.nothing("a refused import")
	if _, err := b.imports(raw, archive.ImportOptions{Owner: "nobody"}); !errs.Is(err, errs.NotFound) {
		t.Errorf("for a user who is not there the import answers %v", err)
	}
	made := must(b.imports(raw, archive.ImportOptions{Orphan: "zoe"}))(t)
	notes := strings.Join(made.Notes.Lines, "\n")
	for _, name := range []string{"alice", "bob", "carol"} {
		if !strings.Contains(notes, name) {
			t.Errorf("the notes do not name %s: %s", name, notes)
		}
	}
	if made.Owner != "zoe" {
		t.Errorf("the library is %s's", made.Owner)
	}
}

func TestAWorkspaceStaysItsOwnersUnlessTheIDIsTaken(t *testing.T) {
	t.Parallel()
	a := embedded(t)
	alice := a.user("alice")
	l, _, err := a.libs.CreateWorkspace(t.Context(), alice, library.NewWorkspace{ID: "ws_1", Name: "Notes"})
	check(t, err)
	raw := a.exported(l.UID)
	for _, test := range []struct {
		name      string
		taken     bool
		opt       archive.ImportOptions
		workspace string
		owner     string
	}{
		{"its owner is here", false, archive.ImportOptions{}, "ws_1", "alice"},
		{"the id is taken", true, archive.ImportOptions{}, "", "alice"},
		{"another's", false, archive.ImportOptions{Owner: "bob"}, "", "bob"},
		{"everybody's", false, archive.ImportOptions{Global: true}, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := embedded(t)
			ann := b.user("alice")
			b.user("bob")
			if test.taken {
				_, _, err := b.libs.CreateWorkspace(t.Context(), ann, library.NewWorkspace{ID: "ws_1"})
				check(t, err)
			}
			made := must(b.imports(raw, test.opt))(t)
			if made.WorkspaceID != test.workspace || made.Owner != test.owner || (test.workspace == "") != strings.Contains(strings.Join(made.Notes.Lines, " "), "ws_1") {
				t.Errorf("the import made %+v", made)
			}
			row := must(sqldb.One(t.Context(), b.db.Read(), func(r sqldb.Row) (v string, err error) { return v, r.Scan(&v) },
				`SELECT COALESCE(workspace_id, '') || '/' || COALESCE(owner_username, '') FROM library WHERE uid = $1 AND deleted_at IS NULL`, l.UID))(t)
			if row != test.workspace+"/"+test.owner {
				t.Errorf("the row says %s", row)
			}
		})
	}
}

func TestVectorsOfAnotherModelAreMadeAnew(t *testing.T) {
	t.Parallel()
	a := embedded(t)
	a.works()
	_, uid, _ := a.papers()
	raw := a.exported(uid)
	for _, there := range []func(*testing.T) *installation{embedded, production} {
		b := there(t)
		b.embedder.Model, b.embedder.Dimensions = "other", 24
		ann := b.user("alice")
		made := must(b.imports(raw, archive.ImportOptions{}))(t)
		l, _, err := b.libs.Access().Read(t.Context(), ann, uid)
		check(t, err)
		if made.Unembedded != l.ChunkCount || made.Unembedded == 0 || l.Space != "other/24" {
			t.Errorf("%d of %d passages are to be embedded, in %q", made.Unembedded, l.ChunkCount, l.Space)
		}
		if got := b.hits(ann, "wind0word1ü"); len(got) == 0 {
			t.Error("nothing is found by its words before the vectors are there")
		}
		b.works()
		task := must(b.rebuild.Fill(t.Context(), accounts.Operator(), uid))(t)
		for deadline := time.Now().Add(time.Minute); !task.Ended(); task = must(b.rebuild.Task(t.Context(), task.ID))(t) {
			if time.Now().After(deadline) {
				t.Fatalf("the task is still %+v", task)
			}
		}
		lacking := must(b.graph.WithoutVector(t.Context(), uid, "other/24", 1))(t)
		if len(lacking) != 0 || task.Problem != "" {
			t.Errorf("after the task, %v lack a vector: %s", lacking, task.Problem)
		}
	}
}
