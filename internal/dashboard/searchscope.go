package dashboard

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
)

const (
	fewLibraries   = 12 // that are all shown to choose from
	shownLibraries = 24 // of more, beside those chosen
	namedLibraries = 6  // that are named where a search says where it looked
)

// searchScope is where a search looks, and what it could be narrowed to.
type searchScope struct {
	Libraries libraryChoice
	Types     []typeChoice
	Chips     []chip
	Item      string
	Inside    string // the collection
	Documents int64  // in what is searched
	Missing   []string
	Narrowed  bool // to some of the libraries

	searched []library.Library
	narrowed []string // their uids, when they are not all that may be read
}

// libraryChoice is the libraries to choose from: those chosen, and those
// whose names hold what was looked for.
type libraryChoice struct {
	Boxes    []libraryBox
	Many     bool // there are more than can be shown: they are looked for
	Find     string
	Hidden   int64 // that are not shown
	All      int64
	Searched []string // the names of those that are searched, not too many of them
	Others   int64    // that are searched, too
}

type libraryBox struct {
	page.Choice

	Documents int64
	Owner     string // another person's name, or empty
}

type typeChoice struct {
	page.Choice

	Libraries int64
}

// chip is something that a search is narrowed to, and the way out of it.
type chip struct{ Kind, Label, Remove string }

// any tells whether there is anything to search.
func (s *searchScope) any() bool { return len(s.searched) > 0 }

func (d *Dashboard) scope(r *http.Request, s httpx.Session, asked searched) (searchScope, error) {
	readable, err := d.opt.Access.Readable(r.Context(), s.Principal)
	if err != nil {
		return searchScope{}, err
	}
	out := searchScope{Item: asked.item, Inside: asked.collection}
	out.choose(s.Principal.Username, readable, asked)
	if asked.collection != "" {
		without := asked
		without.collection = ""
		out.Chips = append(out.Chips, chip{"collection", asked.collection, without.path()})
	}
	if asked.item != "" {
		err = d.within(r, s, asked, &out)
	}
	return out, err
}

// choose fills in what can be chosen, and what is searched: the libraries
// chosen, or all when none is, of the types chosen.
func (s *searchScope) choose(username string, readable []library.Library, asked searched) {
	known := map[string]bool{}
	for _, l := range readable {
		known[l.UID] = true
		chosen := len(asked.libraries) == 0 || slices.Contains(asked.libraries, l.UID)
		if chosen && (len(asked.types) == 0 || slices.Contains(asked.types, l.Type)) {
			s.searched = append(s.searched, l)
			s.Documents += l.ItemCount
		}
	}
	for _, uid := range asked.libraries {
		if !known[uid] {
			s.Missing = append(s.Missing, "There is no library “"+shortened(uid, titleMost)+"” that you may read; it was left out.")
		}
	}
	if len(asked.libraries)+len(asked.types) > 0 {
		s.Narrowed = len(s.searched) > 0
		for _, l := range s.searched {
			s.narrowed = append(s.narrowed, l.UID)
		}
	}
	s.Libraries = boxesOf(username, readable, asked)
	s.Types = typesOf(readable, asked.types)
	s.name()
}

// name says which libraries are searched.
func (s *searchScope) name() {
	s.Libraries.Searched, s.Libraries.Others = nil, 0
	for i, l := range s.searched {
		if i < namedLibraries {
			s.Libraries.Searched = append(s.Libraries.Searched, l.Name)
		} else {
			s.Libraries.Others++
		}
	}
}

func boxesOf(username string, readable []library.Library, asked searched) libraryChoice {
	out := libraryChoice{All: int64(len(readable)), Many: len(readable) > fewLibraries, Find: asked.find}
	sorted := slices.Clone(readable)
	slices.SortStableFunc(sorted, func(a, b library.Library) int {
		return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	var chosen, others []libraryBox
	for _, l := range sorted {
		box := libraryBox{page.Choice{Value: l.UID, Label: l.Name, Chosen: slices.Contains(asked.libraries, l.UID)}, l.ItemCount, ""}
		if l.OwnerUsername != nil && *l.OwnerUsername != username {
			box.Owner = *l.OwnerUsername
		}
		switch fits := strings.Contains(strings.ToLower(l.Name), strings.ToLower(asked.find)); {
		case box.Chosen:
			chosen = append(chosen, box)
		case fits && (!out.Many || len(others) < shownLibraries):
			others = append(others, box)
		case fits:
			out.Hidden++
		}
	}
	out.Boxes = append(chosen, others...)
	return out
}

// typesOf are the types that there are libraries of, when there are several.
func typesOf(readable []library.Library, chosen []string) []typeChoice {
	count := map[string]int64{}
	for _, l := range readable {
		count[l.Type]++
	}
	var out []typeChoice
	for _, t := range library.Types() {
		ticked := slices.Contains(chosen, t.Name)
		if count[t.Name] > 0 || ticked {
			out = append(out, typeChoice{page.Choice{Value: t.Name, Label: t.Label, Chosen: ticked}, count[t.Name]})
		}
	}
	if len(out) < 2 && len(chosen) == 0 {
		return nil
	}
	return out
}

// within narrows a search to a document, wherever that is. One that is not to
// be read is never searched around.
func (d *Dashboard) within(r *http.Request, s httpx.Session, asked searched, out *searchScope) error {
	without := asked
	without.item = ""
	item, l, _, err := d.opt.Access.Item(r.Context(), s.Principal, asked.item)
	if errs.Is(err, errs.NotFound) {
		out.Missing = append(out.Missing, "There is no such document that you may read. Nothing was searched.")
		out.Chips = append(out.Chips, chip{"document", "not there", without.path()})
		out.searched, out.Documents = nil, 0
		out.name()
		return nil
	}
	if err != nil {
		return err
	}
	row := documentRowOf(item)
	out.Chips = append(out.Chips, chip{"document", row.Title, without.path()})
	out.searched, out.narrowed, out.Documents, out.Missing = []library.Library{l}, nil, 1, nil
	out.name()
	return nil
}
