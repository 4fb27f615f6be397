package dashboard

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library/gold"
)

// Quality keeps what people judged, and measures search by it (gold.Service).
type Quality interface {
	Judge(ctx context.Context, p accounts.Principal, m gold.Mark) error
	Drop(ctx context.Context, p accounts.Principal, libraryUID, questionID, itemUID string, start int) error
	DropQuestion(ctx context.Context, p accounts.Principal, libraryUID, questionID string) error
	Questions(ctx context.Context, p accounts.Principal, libraryUID string) ([]gold.Question, error)
	Judged(ctx context.Context, p accounts.Principal, libraryUID, question string) ([]gold.Judgement, error)
	Measure(ctx context.Context, p accounts.Principal, libraryUID string) (gold.Run, error)
	Runs(ctx context.Context, p accounts.Principal, libraryUID string, limit int) ([]gold.Run, error)
}

// runsShown are the last figures of a library that its page shows.
const runsShown = 30

// qualityPage shows how good search is in a library.
type qualityPage struct {
	Head      libraryHead
	Questions []judgedQuestion
	Count     int64
	Usable    int64 // questions with a relevant passage
	Runs      []runRow
	Chart     qualityChart
	MayJudge  bool
	Download  string
	Drop      string // action of the forms that take judgements back
	Measure   string
}

type judgedQuestion struct {
	ID, Text   string
	Path       string // of the search
	Judgements []judgementRow
}

type judgementRow struct {
	Item, Title, Path, Quote, Verdict, By string
	Start                                 int
	Yes                                   bool
	At                                    time.Time
}

type runRow struct {
	At                time.Time
	Settings          string
	Questions         int64
	NDCG, Recall, MRR string
	P50, P95          string
}

func (d *Dashboard) showQuality(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.open(r, s, tabQuality)
	if err != nil {
		return err
	}
	questions, err := d.opt.Quality.Questions(r.Context(), s.Principal, o.UID)
	if err != nil {
		return err
	}
	runs, err := d.opt.Quality.Runs(r.Context(), s.Principal, o.UID, runsShown)
	if err != nil {
		return err
	}
	may, err := d.mayAdd(r, s, o.UID)
	if err != nil {
		return err
	}
	at := o.path(tabQuality)
	p := qualityPage{
		Head: o.Head, Count: int64(len(questions)), Usable: int64(len(gold.Collection(o.Name, questions).Queries)),
		MayJudge: may, Download: at + "download/", Drop: at + "drop/", Measure: at + "measure/", Chart: drawQuality(runs),
	}
	for _, q := range questions {
		p.Questions = append(p.Questions, judgedOf(o.UID, q))
	}
	for _, run := range runs {
		p.Runs = append(p.Runs, runRowOf(run))
	}
	return d.views.quality.Show(w, r, s, http.StatusOK, page.Heading{Title: "Quality of " + o.Name, Area: librariesArea}, p)
}

func judgedOf(libraryUID string, q gold.Question) judgedQuestion {
	out := judgedQuestion{ID: q.ID, Text: q.Text, Path: searched{query: q.Text, libraries: []string{libraryUID}}.path()}
	for _, j := range q.Judgements {
		out.Judgements = append(out.Judgements, judgementRow{
			Item: j.ItemUID, Title: cmp.Or(j.Title, j.Source, j.Filename, j.ItemUID), Path: passagePath(libraryUID, j.ItemUID, j.Start),
			Quote: j.Quote, Verdict: verdictOf(j.Grade), Yes: j.Grade > gold.NotRelevant, By: j.By, Start: j.Start, At: j.At,
		})
	}
	return out
}

func verdictOf(grade int) string {
	switch grade {
	case gold.NotRelevant:
		return "not relevant"
	case gold.Relevant:
		return "relevant"
	}
	return "perfect"
}

func runRowOf(r gold.Run) runRow {
	three := func(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }
	return runRow{
		At: r.At, Settings: r.Settings, Questions: int64(r.Questions), NDCG: three(r.NDCG), Recall: three(r.Recall), MRR: three(r.MRR),
		P50: strconv.FormatFloat(r.P50, 'f', 0, 64), P95: strconv.FormatFloat(r.P95, 'f', 0, 64),
	}
}

func (d *Dashboard) downloadGold(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.open(r, s, tabQuality)
	if err != nil {
		return err
	}
	questions, err := d.opt.Quality.Questions(r.Context(), s.Principal, o.UID)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="gold.zip"`)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	return gold.WriteBEIR(io.Writer(w), questions)
}

func (d *Dashboard) measure(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.open(r, s, tabQuality)
	if err != nil {
		return err
	}
	run, err := d.opt.Quality.Measure(r.Context(), s.Principal, o.UID)
	if e := errs.As(err); e != nil && e.Kind == errs.Conflict {
		return page.Refused(w, r, s, e.Message, o.path(tabQuality))
	}
	if err != nil {
		return err
	}
	text := fmt.Sprintf("Measured with %s: nDCG@10 is %.3f.", page.Count(int64(run.Questions), "question", "questions"), run.NDCG)
	return page.Done(w, r, s, text, o.path(tabQuality))
}

// dropJudged takes a judgement back or, without a document, a question.
func (d *Dashboard) dropJudged(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.open(r, s, tabQuality)
	if err != nil {
		return err
	}
	question, item := page.Field(r, "question"), page.Field(r, "item")
	if item == "" {
		if err := d.opt.Quality.DropQuestion(r.Context(), s.Principal, o.UID, question); err != nil {
			return err
		}
		return page.Done(w, r, s, "The question is deleted.", o.path(tabQuality))
	}
	start, ok := number(page.Field(r, "start"))
	if !ok {
		return errs.New(errs.Invalid, "The form does not say which passage. Reload the page and try again.")
	}
	if err := d.opt.Quality.Drop(r.Context(), s.Principal, o.UID, question, item, start); err != nil {
		return err
	}
	return page.Done(w, r, s, "The judgement is deleted.", o.path(tabQuality))
}

// judge keeps or takes back what somebody thinks of a hit, and goes back to
// the search that found it.
func (d *Dashboard) judge(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	library, item, question := httpx.PathParam(r, "uid"), httpx.PathParam(r, "item"), page.Field(r, "question")
	start, okStart := number(page.Field(r, "start"))
	end, okEnd := number(page.Field(r, "end"))
	if !okStart || !okEnd {
		return errs.New(errs.Invalid, "The form does not say which passage. Search again.")
	}
	back := backTo(page.Field(r, "back"), question)
	grade := page.Field(r, "grade")
	if grade == "none" {
		if err := d.opt.Quality.Drop(r.Context(), s.Principal, library, gold.QuestionID(question), item, start); err != nil {
			return err
		}
		return page.Done(w, r, s, "Your mark is taken back.", back)
	}
	n, ok := number(grade)
	if !ok {
		return errs.New(errs.Invalid, "The form does not say whether the passage is relevant. Search again.")
	}
	err := d.opt.Quality.Judge(r.Context(), s.Principal, gold.Mark{
		LibraryUID: library, ItemUID: item, Question: question, Start: start, End: end, Quote: page.Field(r, "quote"), Grade: n,
	})
	if found, mendable := page.FaultsOf(err); mendable {
		return page.Refused(w, r, s, sortedValues(found)[0], back)
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, "Kept: the passage is "+verdictOf(n)+" to this question.", back)
}

// backTo is the search that a form came from, and nowhere else.
func backTo(path, question string) string {
	u, err := url.Parse(path)
	if err != nil || u.Path != searchPath || u.Host != "" || u.Scheme != "" {
		return searched{query: question}.path()
	}
	return u.String()
}
