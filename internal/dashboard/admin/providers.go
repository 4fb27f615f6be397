package admin

import (
	"net/http"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
)

// ProvidersOptions are what the pages of providers of models are made of.
type ProvidersOptions struct {
	Providers *llmmanager.Providers
	// Running says which models this process asks since it started.
	Running map[embedding.Use][]string
}

type providersViews struct {
	list      page.View[providersPage]
	one       page.View[providerPage]
	form      page.View[providerFormPage]
	modelForm page.View[modelFormPage]
}

func loadProviders(l *page.Loader) providersViews {
	return providersViews{
		list:      page.Load[providersPage](l, "admin_providers.html"),
		one:       page.Load[providerPage](l, "admin_provider.html"),
		form:      page.Load[providerFormPage](l, "admin_provider_form.html"),
		modelForm: page.Load[modelFormPage](l, "admin_model_form.html"),
	}
}

const pathModels = Path + "models/"

func (p *Pages) providersRoutes() []page.Route {
	const one, model = pathProviders + "{id}/", pathModels + "{id}/"
	return []page.Route{
		{Method: get, Path: pathProviders, Handler: p.listProviders},
		{Method: get, Path: pathProviders + "add/", Handler: p.newProvider},
		{Method: post, Path: pathProviders + "add/", Handler: p.addProvider},
		{Method: get, Path: one, Handler: p.showProvider},
		{Method: get, Path: one + "edit/", Handler: p.editProvider},
		{Method: post, Path: one + "edit/", Handler: p.updateProvider},
		{Method: get, Path: one + "delete/", Handler: p.confirmDeleteProvider},
		{Method: post, Path: one + "delete/", Handler: p.deleteProvider},
		{Method: get, Path: one + "models/add/", Handler: p.newModel},
		{Method: post, Path: one + "models/add/", Handler: p.addModel},
		{Method: post, Path: model + "test/", Handler: p.testModel},
		{Method: post, Path: model + "default/", Handler: p.chooseDefault},
		{Method: get, Path: model + "remove/", Handler: p.confirmRemoveModel},
		{Method: post, Path: model + "remove/", Handler: p.removeModel},
		{Method: post, Path: pathModels + "no-default/", Handler: p.clearDefault},
	}
}

// providersPage lists the providers and the default models.
type providersPage struct {
	TakesKeys bool
	HowToSet  string
	Uses      []useRow
	Providers []providerRow
}

// providerRow is a provider as pages show it.
type providerRow struct {
	Path, Name string
	Interface  string
	BaseURL    string
	Key        string // what there is to say of it
	Fault      string // why it cannot be asked
	State      string // active or off
	Models     int64
	UpdatedAt  time.Time
}

func (p *Pages) providerRowOf(of llmmanager.Provider) providerRow {
	row := providerRow{
		Path: pathProviders + of.ID + "/", Name: of.Name, Interface: interfaceName(of.API), BaseURL: of.BaseURL,
		State: "active", Models: int64(len(of.Models)), UpdatedAt: of.UpdatedAt,
	}
	if !of.Active {
		row.State = "off"
	}
	switch of.Key {
	case llmmanager.KeyNone:
		row.Key = "none"
	case llmmanager.KeyReady, llmmanager.KeyLocked:
		row.Key = "set"
		if of.KeyHint != "" {
			row.Key = "ends in " + of.KeyHint
		}
	}
	if e := errs.As(p.opt.Providers.Providers.Locked(of)); e != nil {
		row.Fault = e.Message
	}
	return row
}

func interfaceName(api llmmanager.API) string {
	switch api {
	case llmmanager.OpenAI:
		return "OpenAI and compatible"
	case llmmanager.VLLM:
		return "vLLM, messages"
	case llmmanager.TEI:
		return "text-embeddings-inference"
	}
	return string(api)
}

func (p *Pages) listProviders(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	of := p.opt.Providers.Providers
	all, err := of.List(r.Context())
	if err != nil {
		return err
	}
	data := providersPage{TakesKeys: of.TakesKeys(), HowToSet: llmmanager.HowToSetKey}
	if data.Uses, err = p.useRows(r.Context()); err != nil {
		return err
	}
	for _, one := range all {
		data.Providers = append(data.Providers, p.providerRowOf(one))
	}
	return p.providers.list.Show(w, r, s, http.StatusOK, p.heading("Providers of models", pathProviders), data)
}

// providerPage shows a provider and its models.
type providerPage struct {
	Provider providerRow
	Models   []modelRow
}

// modelRow is a model as pages show it.
type modelRow struct {
	Path, Name string
	Use        string
	Default    bool
	Space      string
	Details    []string
}

func modelRowOf(m llmmanager.Model) modelRow {
	row := modelRow{Path: pathModels + m.ID + "/", Name: m.Name, Use: useName(m.Use), Default: m.Default, Space: m.Space}
	if m.Dimensions > 0 {
		row.Details = append(row.Details, page.Count(int64(m.Dimensions), "dimension", "dimensions"))
	}
	if m.MaxTokens > 0 {
		row.Details = append(row.Details, page.Count(int64(m.MaxTokens), "token a passage", "tokens a passage"))
	}
	if m.QueryPrompt+m.DocumentPrompt != "" {
		row.Details = append(row.Details, "prompts of its own")
	}
	return row
}

func (p *Pages) showProvider(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	of, err := p.opt.Providers.Providers.Get(r.Context(), httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	data := providerPage{Provider: p.providerRowOf(of)}
	for _, m := range of.Models {
		data.Models = append(data.Models, modelRowOf(m))
	}
	return p.providers.one.Show(w, r, s, http.StatusOK, p.heading(of.Name, pathProviders), data)
}

func (p *Pages) confirmDeleteProvider(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	of, err := p.opt.Providers.Providers.Get(r.Context(), httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	text := "It goes with its key"
	if len(of.Models) > 0 {
		text += " and " + page.Count(int64(len(of.Models)), "model", "models")
	}
	text += "." + lostDefaults(of.Models)
	path := pathProviders + of.ID + "/"
	return p.opt.Site.Confirm(w, r, s, p.heading("Delete a provider", pathProviders), page.Confirm{
		Title: "Delete the provider “" + of.Name + "”?", Text: text, Verb: "Delete provider", Action: path + "delete/", Back: path,
	})
}

// lostDefaults says which uses lose their default with models.
func lostDefaults(models []llmmanager.Model) string {
	var lost []string
	for _, m := range models {
		if m.Default {
			lost = append(lost, strings.ToLower(useName(m.Use))+" (“"+m.Name+"”)")
		}
	}
	if len(lost) == 0 {
		return ""
	}
	return " Left without a default model: " + strings.Join(lost, ", ") + "; processes go on as they are until their next start."
}

func (p *Pages) deleteProvider(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	id := httpx.PathParam(r, "id")
	of, err := p.opt.Providers.Providers.Get(r.Context(), id)
	if err != nil {
		return err
	}
	if err := p.opt.Providers.Providers.Delete(r.Context(), page.Actor(s, httpx.Origin(r)), id); err != nil {
		return explained(w, r, s, err, "", pathProviders+of.ID+"/")
	}
	return page.Done(w, r, s, "The provider “"+of.Name+"” is deleted.", pathProviders)
}

// explained shows why nothing was done, where people can do something about
// it. about begins the message.
func explained(w http.ResponseWriter, r *http.Request, s httpx.Session, err error, about, to string) error {
	e := errs.As(err)
	if e == nil || (e.Kind != errs.Conflict && e.Kind != errs.Unavailable && e.Kind != errs.Invalid) {
		return err
	}
	return page.Refused(w, r, s, about+page.MessageOf(e), to)
}
