package dashboard

import (
	"net/http"
	"strconv"

	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

// hitMark is the form that says whether a passage answers the question.
type hitMark struct {
	Action, Question, Back, Quote string
	Start, End                    int
	Relevant, NotRelevant         bool // what was said before
}

const quoteSent = 300 // characters of a passage

// marks gives the forms for the hits in libraries that somebody may add to, in
// the order of the hits; nil for the others.
func (d *Dashboard) marks(r *http.Request, s httpx.Session, hits []search.Hit, asked searched) ([]*hitMark, error) {
	type place struct {
		item  string
		start int
	}
	judged, may := map[place]int{}, map[string]bool{}
	out := make([]*hitMark, len(hits))
	for i, h := range hits {
		allowed, known := may[h.LibraryUID]
		if !known {
			var err error
			if allowed, err = d.mayAdd(r, s, h.LibraryUID); err != nil {
				return nil, err
			}
			may[h.LibraryUID] = allowed
			if allowed {
				kept, err := d.opt.Quality.Judged(r.Context(), s.Principal, h.LibraryUID, asked.query)
				if err != nil {
					return nil, err
				}
				for _, j := range kept {
					judged[place{j.ItemUID, j.Start}] = j.Grade
				}
			}
		}
		if !allowed {
			continue
		}
		grade, marked := judged[place{h.ItemUID, h.Start}]
		out[i] = &hitMark{
			Action: librariesPath + h.LibraryUID + "/items/" + h.ItemUID + "/judge/", Question: asked.query,
			Back: asked.path() + "#hit-" + strconv.Itoa(i+1), Quote: shortened(h.Text, quoteSent),
			Start: h.Start, End: h.End, Relevant: marked && grade > 0, NotRelevant: marked && grade == 0,
		}
	}
	return out, nil
}
