// Package gold keeps with a library what people judged to answer a question,
// measures search by it, and keeps the figures.
//
// Judgements are of passages, and count for their document: a passage may be
// cut otherwise when its document is read anew. Whoever may read a library may
// see them; whoever may add documents to it may judge.
package gold

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Grades of a passage.
const (
	NotRelevant = 0
	Relevant    = 1
	Perfect     = 2
)

const (
	maxQuestion   = 2000 // characters
	maxQuote      = 300  // characters that are kept of a passage
	maxJudgements = 5000 // of a library
)

// Access decides who may see and judge (library.Access).
type Access interface {
	Read(ctx context.Context, p accounts.Principal, uid string) (library.Library, library.Role, error)
	Write(ctx context.Context, p accounts.Principal, uid string) (library.Library, library.Role, error)
	Item(ctx context.Context, p accounts.Principal, uid string) (library.Item, library.Library, library.Role, error)
}

// Search answers questions (search.Engine).
type Search interface {
	Search(ctx context.Context, p accounts.Principal, r search.Request) (search.Result, error)
}

// Options are what a Service is made of.
type Options struct {
	DB     *sqldb.DB
	Access Access
	// Search is asked when a library is measured. It should keep no log: these
	// are nobody's searches.
	Search Search
	// Settings say in a word how Search fuses; may be empty.
	Settings string
	Now      func() time.Time // nil: time.Now
}

// Service keeps judgements and runs. It is safe for concurrent use.
type Service struct{ opt Options }

// New makes a Service.
func New(opt Options) *Service {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Service{opt}
}

// Mark is a judgement as somebody makes it.
type Mark struct {
	LibraryUID, ItemUID string
	Question            string
	Start, End          int // of the passage
	Quote               string
	Grade               int
}

// Judgement is one that is kept.
type Judgement struct {
	ItemUID    string
	Title      string // of the document as it is now
	Source     string
	Filename   string
	Start, End int
	Quote      string
	Grade      int
	By         string
	At         time.Time
}

// Question is one with its judgements, in the order of their making.
type Question struct {
	ID, Text   string
	Judgements []Judgement
}

// normal is a question as it is compared with others, and QuestionID its name.
func normal(question string) string {
	return strings.ToLower(norm.NFC.String(strings.Join(strings.Fields(question), " ")))
}

// QuestionID names a question, however it is spaced and capitalised.
func QuestionID(question string) string {
	sum := sha256.Sum256([]byte(normal(question)))
	return hex.EncodeToString(sum[:])
}

const (
	putJudgement = `INSERT INTO gold_judgement
	(library_uid, question_id, item_uid, start_at, end_at, question, quote, grade, judged_by, judged_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (library_uid, question_id, item_uid, start_at) DO UPDATE SET
	end_at = excluded.end_at, quote = excluded.quote, grade = excluded.grade, judged_by = excluded.judged_by, judged_at = excluded.judged_at`
	countJudgements = `SELECT COUNT(*) FROM gold_judgement WHERE library_uid = $1`
)

// Judge keeps a judgement. One of the same passage for the same question is
// replaced.
func (s *Service) Judge(ctx context.Context, p accounts.Principal, m Mark) error {
	if err := m.check(); err != nil {
		return err
	}
	if _, _, err := s.opt.Access.Write(ctx, p, m.LibraryUID); err != nil {
		return err
	}
	if _, l, _, err := s.opt.Access.Item(ctx, p, m.ItemUID); err != nil {
		return err
	} else if l.UID != m.LibraryUID {
		return errs.New(errs.NotFound, "No such document.")
	}
	question := strings.Join(strings.Fields(m.Question), " ")
	err := s.opt.DB.Tx(ctx, func(tx sqldb.Querier) error {
		if n, err := sqldb.One(ctx, tx, scanCount, countJudgements, m.LibraryUID); err != nil {
			return err
		} else if n >= maxJudgements {
			return errs.Newf(errs.Conflict, "This library keeps %d judgements, and no more. Delete questions that no longer matter.", maxJudgements)
		}
		_, err := sqldb.Exec(ctx, tx, putJudgement, m.LibraryUID, QuestionID(question), m.ItemUID, m.Start, m.End,
			question, shortened(m.Quote), m.Grade, p.Username, sqldb.At(s.opt.Now()))
		return err
	})
	if err != nil && errs.As(err) == nil {
		return fmt.Errorf("keep a judgement for %s: %w", m.LibraryUID, err)
	}
	return err
}

func (m Mark) check() error {
	switch {
	case normal(m.Question) == "":
		return errs.Field("question", "This field may not be blank.")
	case utf8.RuneCountInString(m.Question) > maxQuestion:
		return errs.Field("question", fmt.Sprintf("Keep it to %d characters.", maxQuestion))
	case m.Grade < NotRelevant || m.Grade > Perfect:
		return errs.Field("grade", "Want 0 (does not answer it), 1 (answers it) or 2 (answers it perfectly).")
	case m.Start < 0 || m.End < m.Start:
		return errs.Field("start", "This is no passage: it ends before it begins.")
	}
	return nil
}

func scanCount(r sqldb.Row) (n int64, err error) { return n, r.Scan(&n) }

func shortened(quote string) string {
	quote = strings.Join(strings.Fields(quote), " ")
	if utf8.RuneCountInString(quote) > maxQuote {
		return string([]rune(quote)[:maxQuote-1]) + "…"
	}
	return quote
}

const (
	dropJudgement = `DELETE FROM gold_judgement WHERE library_uid = $1 AND question_id = $2 AND item_uid = $3 AND start_at = $4`
	dropQuestion  = `DELETE FROM gold_judgement WHERE library_uid = $1 AND question_id = $2`
)

// Drop takes one judgement back. One that is not there is no error.
func (s *Service) Drop(ctx context.Context, p accounts.Principal, libraryUID, questionID, itemUID string, start int) error {
	return s.drop(ctx, p, libraryUID, dropJudgement, libraryUID, questionID, itemUID, start)
}

// DropQuestion takes all judgements for a question back.
func (s *Service) DropQuestion(ctx context.Context, p accounts.Principal, libraryUID, questionID string) error {
	return s.drop(ctx, p, libraryUID, dropQuestion, libraryUID, questionID)
}

func (s *Service) drop(ctx context.Context, p accounts.Principal, libraryUID, statement string, args ...any) error {
	if _, _, err := s.opt.Access.Write(ctx, p, libraryUID); err != nil {
		return err
	}
	if _, err := sqldb.Exec(ctx, s.opt.DB.Write(), statement, args...); err != nil {
		return fmt.Errorf("drop judgements of %s: %w", libraryUID, err)
	}
	return nil
}

const (
	judgementColumns = `SELECT g.question_id, g.question, g.item_uid, i.title, i.source, i.filename, g.start_at, g.end_at, g.quote, g.grade, g.judged_by, g.judged_at
FROM gold_judgement g JOIN item i ON i.uid = g.item_uid
WHERE g.library_uid = $1 AND i.library_uid = $1 AND i.deleted_at IS NULL`
	listJudgements = judgementColumns + ` ORDER BY g.judged_at, g.question_id, g.item_uid, g.start_at`
	judgementsOf   = judgementColumns + ` AND g.question_id = $2 ORDER BY g.item_uid, g.start_at`
)

type judged struct {
	id, question string
	Judgement
}

func scanJudged(r sqldb.Row) (j judged, err error) {
	var at sqldb.Time
	err = r.Scan(&j.id, &j.question, &j.ItemUID, &j.Title, &j.Source, &j.Filename, &j.Start, &j.End, &j.Quote, &j.Grade, &j.By, &at)
	j.At = at.Time
	return j, err
}

// Questions gives what is kept with a library, the oldest first. Judgements of
// deleted documents are left out.
func (s *Service) Questions(ctx context.Context, p accounts.Principal, libraryUID string) ([]Question, error) {
	if _, _, err := s.opt.Access.Read(ctx, p, libraryUID); err != nil {
		return nil, err
	}
	return s.KeptWith(ctx, libraryUID)
}

// KeptWith is Questions for those who run the place.
func (s *Service) KeptWith(ctx context.Context, libraryUID string) ([]Question, error) {
	return s.questions(ctx, libraryUID, listJudgements, libraryUID)
}

// Judged gives what is kept for one question, by anybody.
func (s *Service) Judged(ctx context.Context, p accounts.Principal, libraryUID, question string) ([]Judgement, error) {
	if _, _, err := s.opt.Access.Read(ctx, p, libraryUID); err != nil {
		return nil, err
	}
	found, err := s.questions(ctx, libraryUID, judgementsOf, libraryUID, QuestionID(question))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0].Judgements, nil
}

func (s *Service) questions(ctx context.Context, libraryUID, query string, args ...any) ([]Question, error) {
	rows, err := sqldb.All(ctx, s.opt.DB.Read(), scanJudged, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list judgements of %s: %w", libraryUID, err)
	}
	var out []Question
	places := map[string]int{}
	for _, j := range rows {
		at, known := places[j.id]
		if !known {
			at = len(out)
			places[j.id] = at
			out = append(out, Question{ID: j.id, Text: j.question})
		}
		out[at].Judgements = append(out[at].Judgements, j.Judgement)
	}
	return out, nil
}
