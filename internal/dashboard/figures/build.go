package figures

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/dustin/go-humanize"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/searchlog"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
)

// Names say what a page calls things.
type Names struct {
	// Credentials are the names of tokens and teams, by their masked form.
	Credentials map[string]string
	// Libraries are the names of those that the reader may see, by uid; nil:
	// all, by name and owner.
	Libraries map[string]string
}

// told is what was read of one person or of everybody.
type told struct {
	searches  []searchlog.Sum
	libraries []searchlog.LibrarySum
	speed     searchlog.Speed
	jobs      []ingest.Sum
	models    []llmmanager.Sum
}

// Own makes the page of one person.
func (s Sources) Own(r *http.Request, path, userID string, names Names) (*Page, error) {
	f := s.begin(r, path, false)
	t, err := s.own(r.Context(), f, userID)
	if err != nil {
		return nil, err
	}
	if names.Libraries == nil {
		names.Libraries = map[string]string{} // none, and not all
	}
	f.fill(t, names)
	return f.page, nil
}

func (s Sources) own(ctx context.Context, f *frame, userID string) (t told, err error) {
	if t.searches, err = s.Searches.Sums(ctx, userID, f.window); err != nil {
		return t, err
	}
	if t.libraries, err = s.Searches.LibrarySums(ctx, userID, f.window); err != nil {
		return t, err
	}
	if t.speed, err = s.Searches.Speed(ctx, userID, f.window.Since); err != nil {
		return t, err
	}
	if t.jobs, err = s.Jobs.Sums(ctx, userID, f.window); err != nil {
		return t, err
	}
	t.models, err = s.Models.Sums(ctx, userID, f.window)
	return t, err
}

// Everybody makes the page of all, for those who run the place. named gives
// the names of tokens and teams by their masked form.
func (s Sources) Everybody(r *http.Request, path string, named func(ctx context.Context, masked []string) (map[string]string, error)) (*Page, error) {
	f := s.begin(r, path, true)
	t, err := s.all(r.Context(), f)
	if err != nil {
		return nil, err
	}
	names, err := named(r.Context(), busiest(t.searches))
	if err != nil {
		return nil, err
	}
	f.fill(t, Names{Credentials: names})
	return f.page, nil
}

func (s Sources) all(ctx context.Context, f *frame) (t told, err error) {
	if t.searches, err = s.Searches.SumsOfAll(ctx, f.window); err != nil {
		return t, err
	}
	if t.libraries, err = s.Searches.LibrarySumsOfAll(ctx, f.window); err != nil {
		return t, err
	}
	if t.speed, err = s.Searches.SpeedOfAll(ctx, f.window.Since); err != nil {
		return t, err
	}
	if t.jobs, err = s.Jobs.SumsOfAll(ctx, f.window); err != nil {
		return t, err
	}
	t.models, err = s.Models.SumsOfAll(ctx, f.window)
	return t, err
}

// busiest are the credentials that a chart may tell apart.
func busiest(sums []searchlog.Sum) (masked []string) {
	count := map[string]int64{}
	for _, s := range sums {
		if s.Credential != "" {
			count[s.Credential] += s.Searches
		}
	}
	for m := range count {
		masked = append(masked, m)
	}
	slices.SortFunc(masked, func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	return masked[:min(len(masked), 2*page.MaxSeries)]
}

func (f *frame) fill(t told, names Names) {
	f.searches(t, names)
	f.ingest(t.jobs, names)
	f.models(t.models)
}

// credential is what a series of searches is called.
func (f *frame) credential(s searchlog.Sum, names Names) string {
	label := s.Credential
	switch s.CredentialKind {
	case accounts.CredentialSession:
		label = "In the browser"
	case accounts.CredentialCommand:
		label = "At the command line"
	case accounts.CredentialSSO:
		label = "Single sign-on"
	case accounts.CredentialAnonymous:
		return "Not signed in"
	case accounts.CredentialUserToken, accounts.CredentialTeam:
		if name := names.Credentials[s.Credential]; name != "" {
			label = name + " (" + short(s.Credential) + ")"
		}
	}
	if f.page.Everybody {
		label = f.person(s.UserID, s.Username) + ": " + label
	}
	return label
}

// short keeps of a team's id what tells it apart.
func short(masked string) string {
	const length = len("team:12345678")
	if len(masked) > length+4 && masked[:5] == "team:" {
		return masked[:length] + "…"
	}
	return masked
}

func (f *frame) person(id, name string) string {
	switch {
	case name != "":
		return name
	case id == "":
		return "nobody"
	}
	return "a deleted user"
}

// library is what a series of a library is called.
func (f *frame) library(uid, name, owner string, names Names) string {
	switch {
	case names.Libraries != nil:
		if known, ok := names.Libraries[uid]; ok {
			return known
		}
		return "Libraries that you cannot read now"
	case name == "":
		return "Deleted libraries"
	case owner == "":
		return name + " (everybody’s)"
	}
	return name + " (" + owner + ")"
}

func (f *frame) searches(t told, names Names) {
	const whole, none, part, failed = "With hits", "Without hits", "A part was missing", "Failed"
	outcomes, credentials, people, libraries := f.stack(whole, none, part, failed), f.stack(), f.stack(), f.stack()
	var sum searchlog.Sum
	for _, s := range t.searches {
		at := f.index(s.At)
		outcomes.add(whole, at, s.Searches-s.WithoutHits-s.Degraded-s.Failed)
		outcomes.add(none, at, s.WithoutHits)
		outcomes.add(part, at, s.Degraded)
		outcomes.add(failed, at, s.Failed)
		credentials.add(f.credential(s, names), at, s.Searches)
		people.add(f.person(s.UserID, s.Username), at, s.Searches)
		sum.Searches += s.Searches
		sum.WithoutHits += s.WithoutHits
		sum.Degraded += s.Degraded
		sum.Failed += s.Failed
	}
	for _, l := range t.libraries {
		libraries.add(f.library(l.LibraryUID, l.Name, l.Owner, names), f.index(l.At), l.Searches)
	}
	section := Section{
		Title: "Searches",
		Facts: []Fact{
			{"Searches", humanize.Comma(sum.Searches), ""},
			{"Without hits", share(sum.WithoutHits, sum.Searches), ""},
			{"A part was missing", share(sum.Degraded, sum.Searches), ""},
			{"Failed", share(sum.Failed, sum.Searches), ""},
		},
		Charts: []page.Chart{f.chart("searches", "Searches by how they ended", "searches", outcomes)},
	}
	if t.speed.Of > 0 {
		hint := "of " + page.Count(int64(t.speed.Of), "search", "searches")
		section.Facts = append(section.Facts, Fact{"Half took at most", milliseconds(t.speed.P50), hint}, Fact{"19 of 20 took at most", milliseconds(t.speed.P95), hint})
	}
	if f.page.Everybody {
		section.Charts = append(section.Charts, f.chart("searches-by-user", "Searches by person", "searches", people))
	}
	section.Charts = append(section.Charts,
		f.chart("searches-by-credential", "Searches by credential", "searches", credentials),
		f.chart("searches-by-library", "Libraries with hits", "searches that had a hit there", libraries))
	f.add(section)
}

func (f *frame) ingest(jobs []ingest.Sum, names Names) {
	type load struct{ documents, passages, bytes, failed int64 }
	documents, failures, people := f.stack(), f.stack(), f.stack()
	loads, all := map[string]*load{}, load{}
	for _, j := range jobs {
		at, name := f.index(j.At), f.library(j.LibraryUID, j.Library, j.Owner, names)
		if loads[name] == nil {
			loads[name] = &load{}
		}
		for _, l := range []*load{loads[name], &all} {
			switch j.Status { //nolint:exhaustive // the others have not ended, or were called off
			case ingest.StatusDone:
				l.documents, l.passages, l.bytes = l.documents+j.Jobs, l.passages+j.Chunks, l.bytes+j.Bytes
			case ingest.StatusFailed:
				l.failed += j.Jobs
			}
		}
		if j.Status == ingest.StatusDone {
			documents.add(name, at, j.Jobs)
			people.add(f.person(j.UserID, j.Username), at, j.Jobs)
		}
		if j.Status == ingest.StatusFailed {
			failures.add(j.Code, at, j.Jobs)
		}
	}
	table := Table{Title: "Taken in, by library", Columns: []string{"Library", "Documents", "Passages", "Size", "Failed"}}
	byName := make([]string, 0, len(loads))
	for name := range loads {
		byName = append(byName, name)
	}
	slices.SortFunc(byName, func(a, b string) int {
		return cmp.Or(cmp.Compare(loads[b].documents, loads[a].documents), cmp.Compare(a, b))
	})
	const most = 50 // libraries in the table; the chart has the largest anyway
	for _, name := range byName[:min(most, len(byName))] {
		l := loads[name]
		table.add(name, humanize.Comma(l.documents), humanize.Comma(l.passages), size(l.bytes), humanize.Comma(l.failed))
	}
	section := Section{
		Title: "Documents",
		Facts: []Fact{
			{"Documents taken in", humanize.Comma(all.documents), ""},
			{"Passages", humanize.Comma(all.passages), ""},
			{"Size", size(all.bytes), ""},
			{"Failed", humanize.Comma(all.failed), ""},
		},
		Charts: []page.Chart{f.chart("documents", "Documents by library", "documents", documents)},
		Tables: []Table{table},
	}
	if f.page.Everybody {
		section.Charts = append(section.Charts, f.chart("documents-by-user", "Documents by person", "documents", people))
	}
	section.Charts = append(section.Charts, f.chart("failures", "Failures, by reason", "failures", failures))
	f.add(section)
}

func size(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }

// add adds a row.
func (t *Table) add(name string, values ...string) {
	row := TableRow{Name: name}
	for i, v := range values {
		row.Cells = append(row.Cells, TableCell{t.Columns[i+1], v})
	}
	t.Rows = append(t.Rows, row)
}

// purposes are what models are called for, as people read it.
// providerLabel is a provider's name; the program's own embedder has none.
func providerLabel(name string) string {
	if name == embedding.InProcess {
		return "in process"
	}
	return name
}

func purposeLabel(p string) string {
	switch p {
	case "query":
		return "questions"
	case "documents":
		return "documents"
	case "rerank":
		return "reranking"
	}
	return p
}

func (f *frame) models(sums []llmmanager.Sum) {
	tokens, calls, people := f.stack(), f.stack(), f.stack()
	all, byName := llmmanager.Sum{}, map[string]*llmmanager.Sum{}
	var order []string
	for _, s := range sums {
		at, name := f.index(s.At), s.Model+" for "+purposeLabel(s.Purpose)
		tokens.add(name, at, s.Tokens)
		calls.add(name, at, s.Calls)
		people.add(f.person(s.UserID, s.Username), at, s.Tokens)
		key := s.Provider + "\x00" + name
		if byName[key] == nil {
			byName[key] = &llmmanager.Sum{Model: s.Model, Provider: s.Provider, Purpose: s.Purpose}
			order = append(order, key)
		}
		for _, to := range []*llmmanager.Sum{byName[key], &all} {
			to.Calls, to.Items, to.Tokens, to.TookMS = to.Calls+s.Calls, to.Items+s.Items, to.Tokens+s.Tokens, to.TookMS+s.TookMS
		}
	}
	table := Table{Title: "Models", Columns: []string{"Model", "Provider", "Purpose", "Calls", "Items", "Tokens", "A call took"}}
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(byName[b].Tokens, byName[a].Tokens) })
	for _, key := range order {
		s := byName[key]
		table.add(s.Model, providerLabel(s.Provider), purposeLabel(s.Purpose), humanize.Comma(s.Calls), humanize.Comma(s.Items), humanize.Comma(s.Tokens),
			milliseconds(time.Duration(s.TookMS/max(s.Calls, 1))*time.Millisecond))
	}
	section := Section{
		Title: "Models", Hint: "Embedding and reranking. Tokens are as far as the providers count them.",
		Facts: []Fact{
			{"Calls", humanize.Comma(all.Calls), ""}, {"Tokens", humanize.Comma(all.Tokens), ""}, {"Items", humanize.Comma(all.Items), "texts that were read"},
		},
		Charts: []page.Chart{f.chart("tokens", "Tokens by model and purpose", "tokens", tokens)},
		Tables: []Table{table},
	}
	if f.page.Everybody {
		section.Charts = append(section.Charts, f.chart("tokens-by-user", "Tokens by person", "tokens", people))
	}
	section.Charts = append(section.Charts, f.chart("calls", "Calls by model and purpose", "calls", calls))
	f.add(section)
}
