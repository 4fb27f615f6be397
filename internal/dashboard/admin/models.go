package admin

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/dustin/go-humanize"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
)

// useRow is a use of models: which is the default, and what comes of it.
type useRow struct {
	Use, Name    string
	Default      string // of the model; empty: none
	Provider     string
	ProviderPath string
	Says         string
	Steps        bool     // what to do to move libraries follows
	Fault        string   // why the default is not used
	Running      []string // what this process asks since it started
}

func useName(use embedding.Use) string {
	switch use {
	case embedding.UseEmbedding:
		return "Embedding"
	case embedding.UseRerank:
		return "Reranking"
	case embedding.UseChat:
		return "Chat"
	}
	return string(use)
}

// useRows tell of each use what processes do from their next start on.
func (p *Pages) useRows(ctx context.Context) ([]useRow, error) {
	var rows []useRow
	for _, use := range llmmanager.Uses() {
		row := useRow{Use: string(use), Name: useName(use), Running: p.opt.Providers.Running[use]}
		chosen, err := p.opt.Providers.Providers.Default(ctx, use)
		if err != nil {
			return nil, err
		}
		if chosen != nil {
			row.Default, row.Provider, row.ProviderPath = chosen.Model.Name, chosen.Provider, pathProviders+chosen.Model.ProviderID+"/"
			row.Fault = why(chosen)
		}
		if variable := p.opt.Providers.Providers.Settled(use); variable != "" {
			row.Fault, row.Says = "", variable+" is set in the environment and wins. A default here is not used."
			rows = append(rows, row)
			continue
		}
		switch use {
		case embedding.UseEmbedding:
			out, err := p.opt.Providers.Providers.Outlook(ctx)
			if err != nil {
				return nil, err
			}
			row.Says, row.Steps = embeddingOutlook(out)
		case embedding.UseRerank:
			row.Says = rerankOutlook(chosen)
		case embedding.UseChat:
			row.Says = "Kept for later: nothing asks a chat model yet."
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// why a model cannot be asked, or nothing.
func why(c *llmmanager.Chosen) string {
	if e := errs.As(c.Err); e != nil {
		return e.Message
	}
	return ""
}

func rerankOutlook(chosen *llmmanager.Chosen) string {
	switch {
	case chosen == nil:
		return "Searches are not reranked."
	case chosen.Err != nil:
		return "Searches are not reranked until this is mended and the processes are started again."
	}
	return "Searches are reranked by it, in each process from its next start on."
}

const builtIn = "all-MiniLM-L6-v2, in process"

func nameOf(c *llmmanager.Chosen) string {
	if c == nil {
		return builtIn
	}
	return c.Model.Name + " of “" + c.Provider + "”"
}

// embeddingOutlook says what becomes of the default for embeddings. steps
// tells that moving libraries is for the operator to do.
func embeddingOutlook(o llmmanager.Outlook) (says string, steps bool) {
	switch {
	case o.Left != nil:
		return "Until this is mended and the processes are started again, they embed with " + nameOf(o.Main) + ".", false
	case o.Default == nil && o.Main == nil:
		return "Processes embed with " + builtIn + ".", false
	case o.Default == nil:
		return "Libraries are embedded with " + nameOf(o.Main) + ", which stays in use.", false
	case o.Next != nil && o.NextSettled != "":
		return "Libraries are embedded with " + nameOf(o.Main) + ", and stay so. " + o.NextSettled +
			" is set in the environment and wins: `mnemosyne reembed` moves them to that model, and not to this one.", false
	case o.Next != nil:
		return "Libraries are embedded with " + nameOf(o.Main) + ", and stay so until they are moved. Nothing moves by itself. To move them:", true
	case o.Main != nil && o.Main.Err != nil:
		return "Libraries are embedded with it, so that searches go by words alone, and documents wait, until this is mended and the processes are started again.", false
	case o.Used:
		return "Libraries are embedded with it.", false
	}
	return "Nothing is embedded yet: processes embed with it from their next start on. Start all of them again before documents are taken in.", false
}

func (p *Pages) testModel(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	m, of, err := p.opt.Providers.Providers.Model(r.Context(), httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	to := pathProviders + of.ID + "/"
	trial, err := p.opt.Providers.Providers.Test(r.Context(), m.ID)
	if err != nil {
		return explained(w, r, s, err, "“"+m.Name+"” did not pass: ", to)
	}
	return page.Done(w, r, s, fmt.Sprintf("“%s” %s. It took %s ms.", m.Name, trial.Says, humanize.Comma(trial.Took.Milliseconds())), to)
}

func (p *Pages) chooseDefault(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	m, of, err := p.opt.Providers.Providers.Model(r.Context(), httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	if _, err := p.opt.Providers.Providers.SetDefault(r.Context(), page.Actor(s, httpx.Origin(r)), m.ID); err != nil {
		return explained(w, r, s, err, "“"+m.Name+"” is not made the default: ", pathProviders+of.ID+"/")
	}
	return page.Done(w, r, s, "“"+m.Name+"” is the default for "+inSentence(m.Use)+". What comes of it stands below.", pathProviders)
}

func inSentence(use embedding.Use) string {
	return map[embedding.Use]string{embedding.UseEmbedding: "embedding", embedding.UseRerank: "reranking", embedding.UseChat: "chat"}[use]
}

func (p *Pages) clearDefault(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	use := embedding.Use(page.Field(r, "use"))
	if !slices.Contains(llmmanager.Uses(), use) {
		return errs.New(errs.NotFound, "Not found.")
	}
	if err := p.opt.Providers.Providers.ClearDefault(r.Context(), page.Actor(s, httpx.Origin(r)), use); err != nil {
		return explained(w, r, s, err, "", pathProviders)
	}
	return page.Done(w, r, s, "There is no default for "+inSentence(use)+" any more.", pathProviders)
}

func (p *Pages) confirmRemoveModel(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	m, of, err := p.opt.Providers.Providers.Model(r.Context(), httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	return p.opt.Site.Confirm(w, r, s, p.heading("Remove a model", pathProviders), page.Confirm{
		Title: "Remove the model “" + m.Name + "”?", Text: "The provider “" + of.Name + "” stays." + lostDefaults([]llmmanager.Model{m}),
		Verb: "Remove model", Action: pathModels + m.ID + "/remove/", Back: pathProviders + of.ID + "/",
	})
}

func (p *Pages) removeModel(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	m, of, err := p.opt.Providers.Providers.Model(r.Context(), httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	to := pathProviders + of.ID + "/"
	if err := p.opt.Providers.Providers.RemoveModel(r.Context(), page.Actor(s, httpx.Origin(r)), m.ID); err != nil {
		return explained(w, r, s, err, "", to)
	}
	return page.Done(w, r, s, "The model “"+m.Name+"” is removed.", to)
}
