package admin

import (
	"net/http"
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
)

// providerFormPage makes a provider, or changes one. A key that was typed is
// not shown again.
type providerFormPage struct {
	Path          string // of the provider; empty: a new one
	Name, BaseURL string
	APIs          []page.Choice
	Active        bool
	KeyNow        string // what there is to say of the key that is stored; empty: there is none
	DropKey       bool
	TakesKeys     bool
	HowToSet      string
	Faults        page.Faults
}

func (p *Pages) newProvider(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	spec := llmmanager.ProviderSpec{API: llmmanager.OpenAI, Active: true}
	return p.showProviderForm(w, r, s, http.StatusOK, providerFormPage{}, spec)
}

func (p *Pages) editProvider(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	of, err := p.opt.Providers.Providers.Get(r.Context(), httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	spec := llmmanager.ProviderSpec{Name: of.Name, API: of.API, BaseURL: of.BaseURL, Active: of.Active}
	return p.showProviderForm(w, r, s, http.StatusOK, p.formOf(of), spec)
}

// formOf is the form of a provider that is there.
func (p *Pages) formOf(of llmmanager.Provider) providerFormPage {
	form := providerFormPage{Path: pathProviders + of.ID + "/"}
	if of.Key != llmmanager.KeyNone {
		form.KeyNow = "A key is stored."
		if of.KeyHint != "" {
			form.KeyNow = "A key that ends in " + of.KeyHint + " is stored."
		}
		form.KeyNow += " Leave this empty to keep it."
	}
	return form
}

func (p *Pages) showProviderForm(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, form providerFormPage, spec llmmanager.ProviderSpec) error {
	form.Name, form.BaseURL, form.Active, form.DropKey = spec.Name, spec.BaseURL, spec.Active, spec.DropKey
	form.TakesKeys, form.HowToSet = p.opt.Providers.Providers.TakesKeys(), llmmanager.HowToSetKey
	for _, api := range llmmanager.APIs() {
		form.APIs = append(form.APIs, page.Choice{Value: string(api), Label: interfaceHint(api), Chosen: api == spec.API})
	}
	title := "Add a provider"
	if form.Path != "" {
		title = "Edit a provider"
	}
	return p.providers.form.Show(w, r, s, status, p.heading(title, pathProviders), form)
}

func interfaceHint(api llmmanager.API) string {
	switch api {
	case llmmanager.OpenAI:
		return "OpenAI and compatible: vLLM, llama.cpp, Ollama, Infinity, Jina; /v1/embeddings, /v1/rerank, /v1/chat/completions"
	case llmmanager.VLLM:
		return "vLLM with a multimodal model for embeddings, which is asked by messages"
	case llmmanager.TEI:
		return "text-embeddings-inference: /embed, /rerank"
	}
	return string(api)
}

func providerSpec(r *http.Request) llmmanager.ProviderSpec {
	return llmmanager.ProviderSpec{
		Name: page.Field(r, "name"), API: llmmanager.API(page.Field(r, "api")), BaseURL: page.Field(r, "base_url"),
		Key: page.Field(r, "key"), DropKey: page.Field(r, "drop_key") != "", Active: page.Field(r, "active") != "",
	}
}

func (p *Pages) addProvider(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	spec := providerSpec(r)
	of, err := p.opt.Providers.Providers.Add(r.Context(), page.Actor(s, httpx.Origin(r)), spec)
	if found, ok := page.FaultsOf(err); ok {
		return p.showProviderForm(w, r, s, http.StatusBadRequest, providerFormPage{Faults: found}, spec)
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, "The provider “"+of.Name+"” is added. Name a model that it serves.", pathProviders+of.ID+"/models/add/")
}

func (p *Pages) updateProvider(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	was, err := p.opt.Providers.Providers.Get(r.Context(), httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	spec := providerSpec(r)
	of, err := p.opt.Providers.Providers.Update(r.Context(), page.Actor(s, httpx.Origin(r)), was.ID, spec)
	if found, ok := page.FaultsOf(err); ok {
		form := p.formOf(was)
		form.Faults = found
		return p.showProviderForm(w, r, s, http.StatusBadRequest, form, spec)
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, "The provider “"+of.Name+"” is changed. Processes use it so from their next start on.", pathProviders+of.ID+"/")
}

// modelFormPage names a model of a provider.
type modelFormPage struct {
	Provider, Path        string // the provider's
	Name                  string
	Uses                  []page.Choice
	Dimensions, MaxTokens string
	QueryPrompt           string
	DocumentPrompt        string
	Narrowed              bool // what is optional is shown opened
	Faults                page.Faults
}

func (p *Pages) newModel(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	of, err := p.opt.Providers.Providers.Get(r.Context(), httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	return p.showModelForm(w, r, s, http.StatusOK, of, modelFormPage{}, embedding.UseEmbedding)
}

func (p *Pages) showModelForm(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, of llmmanager.Provider, form modelFormPage, use embedding.Use) error {
	form.Provider, form.Path = of.Name, pathProviders+of.ID+"/"
	for _, u := range of.API.Uses() {
		form.Uses = append(form.Uses, page.Choice{Value: string(u), Label: useHint(u), Chosen: u == use})
	}
	return p.providers.modelForm.Show(w, r, s, status, p.heading("Add a model", pathProviders), form)
}

func useHint(use embedding.Use) string {
	switch use {
	case embedding.UseEmbedding:
		return "Embedding: passages and queries become vectors"
	case embedding.UseRerank:
		return "Reranking: hits are put into a better order"
	case embedding.UseChat:
		return "Chat: kept for later, nothing asks it yet"
	}
	return string(use)
}

func (p *Pages) addModel(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	of, err := p.opt.Providers.Providers.Get(r.Context(), httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	form := modelFormPage{
		Name: page.Field(r, "name"), Dimensions: strings.TrimSpace(page.Field(r, "dimensions")), MaxTokens: strings.TrimSpace(page.Field(r, "max_tokens")),
		QueryPrompt: page.Field(r, "query_prompt"), DocumentPrompt: page.Field(r, "document_prompt"), Faults: page.Faults{},
	}
	use := embedding.Use(page.Field(r, "use"))
	spec := llmmanager.ModelSpec{
		Use: use, Name: form.Name, QueryPrompt: form.QueryPrompt, DocumentPrompt: form.DocumentPrompt,
		Dimensions: number(form.Dimensions), MaxTokens: number(form.MaxTokens),
	}
	m, err := p.opt.Providers.Providers.AddModel(r.Context(), page.Actor(s, httpx.Origin(r)), of.ID, spec)
	if found, ok := page.FaultsOf(err); ok {
		form.Faults = found
		form.Narrowed = form.Dimensions+form.MaxTokens+form.QueryPrompt+form.DocumentPrompt != ""
		return p.showModelForm(w, r, s, http.StatusBadRequest, of, form, use)
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, "The model “"+m.Name+"” is added. Test it, then make it the default if it is to be used.", pathProviders+of.ID+"/")
}

// number reads a field for a number: nothing is 0, and what is none is one
// that no field takes.
func number(text string) int {
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n == 0 {
		return -1
	}
	return n
}
