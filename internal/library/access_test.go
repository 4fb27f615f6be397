package library_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// verdict is what the three questions about a library answer, in one word
// each: ok, forbidden or notfound.
func (w *world) verdict(p accounts.Principal, uid string) string {
	w.t.Helper()
	word := func(err error) string {
		switch {
		case err == nil:
			return "ok"
		case errs.Is(err, errs.Forbidden):
			return "forbidden"
		case errs.Is(err, errs.NotFound):
			return "notfound"
		}
		w.t.Fatalf("unexpected error: %v", err)
		return ""
	}
	_, _, read := w.access.Read(w.t.Context(), p, uid)
	_, _, write := w.access.Write(w.t.Context(), p, uid)
	_, _, administer := w.access.Administer(w.t.Context(), p, uid)
	_, own := w.access.Own(w.t.Context(), p, uid)
	return strings.Join([]string{word(read), word(write), word(administer), word(own)}, " ")
}

const (
	everything = "ok ok ok ok"
	manages    = "ok ok ok forbidden" // a global library
	documents  = "ok ok forbidden forbidden"
	reads      = "ok forbidden forbidden forbidden"
	nothing    = "notfound notfound notfound notfound"
)

func TestAccessFollowsTheTableOfLibraries(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		manager, reader, owner, invited := w.user("manager"), w.user("reader"), w.user("owner"), w.user("invited")
		invited.Superuser = true
		w.member(w.private, invited, library.RoleReader)
		in := func(p accounts.Principal, groups ...string) accounts.Principal {
			p.Groups = groups
			return p
		}
		for _, uid := range []string{w.private, w.global, w.workspace} {
			w.member(uid, manager, library.RoleManager)
			w.member(uid, reader, library.RoleReader)
			w.member(uid, owner, library.RoleOwner)
		}
		for _, row := range []struct {
			who                        string
			p                          accounts.Principal
			workspace, private, global string
		}{
			{"its owner", w.alice, everything, everything, documents},
			{"a member as owner", owner, nothing, everything, everything},
			{"a manager", manager, nothing, documents, manages},
			{"a reader", reader, nothing, reads, documents},
			{"somebody else", w.carol, nothing, nothing, documents},
			{"a superuser", w.root, nothing, nothing, everything},
			{"a superuser who is a reader", invited, nothing, reads, everything},
			{"its owner, who only views", in(w.alice, "View Only"), reads, reads, reads},
			{"a member as owner who only views", in(owner, "View Only"), nothing, reads, reads},
			{"its owner, on the staff too", in(w.alice, "View Only", "Staff"), everything, everything, documents},
			{"an expert", in(w.carol, "SME"), nothing, nothing, manages},
			{"an expert who is a reader", in(reader, "SME"), nothing, reads, manages},
			{"an expert who is an owner", in(owner, "SME"), nothing, everything, everything},
			{"an administrator", in(w.carol, "Admin"), nothing, nothing, everything},
			{"an administrator who is a reader", in(reader, "Admin"), nothing, reads, everything},
			{"nobody", accounts.Principal{Scope: accounts.Scope{Kind: accounts.ScopeUser}}, nothing, nothing, nothing},
			{"no scope", scoped(w.alice, accounts.Scope{}), nothing, nothing, nothing},
			{"anonymous", accounts.Principal{Scope: accounts.Scope{Kind: accounts.ScopeGlobal}}, nothing, nothing, reads},
		} {
			for uid, want := range map[string]string{w.workspace: row.workspace, w.private: row.private, w.global: row.global} {
				if got := w.verdict(row.p, uid); got != want {
					l, _, _ := w.access.Read(t.Context(), w.alice, uid)
					t.Errorf("%s on %q: read, write, administer, own = %s, want %s", row.who, l.Name, got, want)
				}
			}
		}
	})
}

func TestGlobalIngestMembersNarrowsWritingToMembers(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{GlobalIngestMembersOnly: true})
		w.member(w.global, w.bob, library.RoleReader)
		expert := w.user("expert")
		expert.Groups = []string{accounts.GroupSME}
		for _, row := range []struct {
			p    accounts.Principal
			want string
		}{{w.bob, documents}, {w.carol, reads}, {expert, manages}, {w.root, everything}} {
			if got := w.verdict(row.p, w.global); got != row.want {
				t.Errorf("%s: %s, want %s", row.p.Username, got, row.want)
			}
		}
	})
}

func TestAScopeOnlyNarrows(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		w.addWorkspace(w.bob, "ws_1") // another's, of the same id
		other := w.addWorkspace(w.alice, "ws_2")
		list := func(uids ...string) accounts.Scope {
			return accounts.Scope{Kind: accounts.ScopeLibraries, Libraries: uids}
		}
		team := func(ids ...string) accounts.Scope {
			return accounts.Scope{Kind: accounts.ScopeWorkspaces, Workspaces: ids}
		}
		for _, row := range []struct {
			name  string
			scope accounts.Scope
			want  []string
		}{
			{"all of the user's", accounts.Scope{Kind: accounts.ScopeUser}, []string{other, w.workspace, w.global, w.empty, w.private}},
			{"star", list(accounts.AllLibraries), []string{other, w.workspace, w.global, w.empty, w.private}},
			{"a list", list(w.private, w.global), []string{w.global, w.private}},
			{"a list with another's", list(w.bobs, w.private), []string{w.private}},
			{"an empty list", list(), nil},
			{"workspaces", team("ws_1"), []string{w.workspace}},
			{"workspaces that are not there", team("ws_9"), nil},
			{"no workspaces", team(), nil},
			{"global ones", accounts.Scope{Kind: accounts.ScopeGlobal}, []string{w.global}},
			{"none", accounts.Scope{}, nil},
		} {
			p := scoped(w.alice, row.scope)
			readable, err := w.access.Readable(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, l := range readable {
				got = append(got, l.UID)
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("%s: readable %v, want %v, newest first", row.name, got, row.want)
			}
			for _, uid := range []string{w.private, w.empty, w.global, w.workspace, other, w.bobs} {
				_, _, err := w.access.Read(t.Context(), p, uid)
				if (err == nil) != slices.Contains(row.want, uid) {
					t.Errorf("%s: Read and Readable disagree on %s: %v", row.name, uid, err)
				}
			}
		}
	})
}

func TestForeignAndMissingAreToldApartByNothing(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		foreign := w.addItem(w.private, w.alice, "a.txt", 3)
		chunk, err := library.ChunkUID(foreign, 1, 2)
		if err != nil {
			t.Fatal(err)
		}
		gone := uuid.NewString()
		missing, err := library.ChunkUID(gone, 1, 2)
		if err != nil {
			t.Fatal(err)
		}
		errsOf := func(lib, item, chunk string) (out []string) {
			_, _, e1 := w.access.Read(t.Context(), w.bob, lib)
			_, _, e2 := w.access.Write(t.Context(), w.bob, lib)
			_, _, _, e3 := w.access.Item(t.Context(), w.bob, item)
			_, _, _, e4 := w.access.ItemForWrite(t.Context(), w.bob, item)
			_, _, _, e5 := w.access.ItemOfChunk(t.Context(), w.bob, chunk)
			_, e6 := w.access.Resolve(t.Context(), w.bob, []string{lib})
			for _, err := range []error{e1, e2, e3, e4, e5, e6} {
				if !errs.Is(err, errs.NotFound) {
					t.Errorf("not a NotFound: %v", err)
					continue
				}
				out = append(out, err.Error())
			}
			return out
		}
		want := errsOf(gone, gone, missing)
		for _, got := range [][]string{
			errsOf(w.private, foreign, chunk), errsOf("no-uid", "\x00", "x"), errsOf("", "", ""), errsOf("' OR 1=1 --", strings.Repeat("a", 4000), "é"),
		} {
			if !slices.Equal(got, want) {
				t.Errorf("answers differ:\n%q\n%q", got, want)
			}
		}
		if item, l, ref, err := w.access.ItemOfChunk(t.Context(), w.alice, chunk); err != nil || item.UID != foreign || l.UID != w.private || ref.Ordinal != 2 {
			t.Errorf("the owner got item %s of %s, %+v, %v", item.UID, l.UID, ref, err)
		}
	})
}

func TestResolveTakesUidsAndNames(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		twin := w.create(w.alice, library.NewLibrary{Name: "Twin"})
		twin2 := w.create(w.alice, library.NewLibrary{Name: "Twin"})

		got, err := w.access.Resolve(t.Context(), w.alice, []string{"Papers", w.global, w.private})
		if err != nil || len(got) != 2 || got[0].UID != w.private || got[1].UID != w.global {
			t.Errorf("resolved %v, %v; want Papers and the global one, once each", got, err)
		}
		_, err = w.access.Resolve(t.Context(), w.alice, []string{"Twin"})
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), twin) || !strings.Contains(err.Error(), twin2) {
			t.Errorf("an ambiguous name answers %v; want both uids", err)
		}
		if _, err = w.access.Resolve(t.Context(), w.alice, []string{"papers"}); !errs.Is(err, errs.NotFound) {
			t.Errorf("a name in another case answers %v", err)
		}
	})
}

func TestOthersDocumentsInAGlobalLibraryAreForThoseWhoManageIt(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		manager := w.user("manager")
		w.member(w.global, manager, library.RoleManager)
		item := w.addItem(w.global, w.bob, "b.txt", 1)
		for _, row := range []struct {
			p  accounts.Principal
			ok bool
		}{{w.bob, true}, {w.carol, false}, {manager, true}, {w.root, true}} {
			_, _, _, err := w.access.ItemForWrite(t.Context(), row.p, item)
			if (err == nil) != row.ok || (err != nil && !errs.Is(err, errs.Forbidden)) {
				t.Errorf("%s: %v", row.p.Username, err)
			}
		}
	})
}

func TestWhoeverOnlyViewsIsAReaderOfTheirOwn(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db, library.AccessOptions{})
		w.member(w.global, w.alice, library.RoleOwner)
		viewer := w.alice
		viewer.Groups = []string{accounts.GroupViewOnly}
		for _, uid := range []string{w.private, w.global, w.workspace} {
			if _, role, err := w.access.Read(t.Context(), viewer, uid); err != nil || role != library.RoleReader {
				t.Errorf("%s: role %q, %v", uid, role, err)
			}
			if _, role, err := w.access.Read(t.Context(), w.alice, uid); err != nil || role != library.RoleOwner {
				t.Errorf("%s, in no group: role %q, %v", uid, role, err)
			}
		}
	})
}
