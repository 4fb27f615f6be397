package remote

import (
	"fmt"
	"strings"
)

// Places in a prompt.
const (
	textPlace        = "{text}"
	instructionPlace = "{instruction}"
)

// Prompts are what a model is shown of queries and documents: "{text}" stands
// for the text, "{instruction}" for what the search looks for. With the shape
// vllm they are system messages, and the text follows by itself.
type Prompts struct {
	Query    string
	Document string

	system bool // they are messages of their own
}

// prompted is a text as a model is shown it.
type prompted struct {
	system string // the message before it, with the shape vllm
	text   string
}

// What models are told when a search has no instruction of its own.
const (
	usualTask   = "Given a web search query, retrieve relevant passages that answer the query"
	vlQuery     = "Retrieve images or text relevant to the user's query."
	vlDocument  = "Represent the user's input."
	represent   = "Represent this sentence for searching relevant passages: "
	instruct    = "Instruct: " + instructionPlace + "\nQuery: " + textPlace
	instructBit = "Instruct: " + instructionPlace + "\nQuery:" + textPlace // without a space, as Qwen3 was trained
)

// orKnown fills the prompts that are empty with those that the model was
// trained with.
func (p Prompts) orKnown(api API, model string) Prompts {
	known := Prompts{Query: textPlace, Document: textPlace}
	if api == VLLM {
		known = Prompts{Query: instructionPlace, Document: vlDocument}
	} else if trained, ok := trainedWith(strings.ToLower(model)); ok {
		known = trained
	}
	known.system = api == VLLM
	if p.Query != "" {
		known.Query = p.Query
	}
	if p.Document != "" {
		known.Document = p.Document
	}
	return known
}

// trainedWith gives the prompts on the model cards of well-known families.
func trainedWith(model string) (Prompts, bool) {
	for _, family := range []struct {
		all    []string // parts of the name
		query  string
		passed string
	}{
		{[]string{"qwen3-embedding"}, instructBit, textPlace},
		{[]string{"gte-qwen2"}, instruct, textPlace},
		{[]string{"e5-", "instruct"}, instruct, textPlace},
		{[]string{"e5-mistral"}, instruct, textPlace},
		{[]string{"e5-"}, "query: " + textPlace, "passage: " + textPlace},
		{[]string{"nomic-embed-text"}, "search_query: " + textPlace, "search_document: " + textPlace},
		{[]string{"embeddinggemma"}, "task: search result | query: " + textPlace, "title: none | text: " + textPlace},
		{[]string{"mxbai-embed-large"}, represent + textPlace, textPlace},
		{[]string{"bge-", "-en"}, represent + textPlace, textPlace},
		{[]string{"arctic-embed", "v2"}, "query: " + textPlace, textPlace},
		{[]string{"arctic-embed"}, represent + textPlace, textPlace},
	} {
		found := true
		for _, part := range family.all {
			found = found && strings.Contains(model, part)
		}
		if found {
			return Prompts{Query: family.query, Document: family.passed}, true
		}
	}
	return Prompts{}, false
}

// check refuses prompts that leave the text out.
func (p Prompts) check(s Server) error {
	if !p.system && !strings.Contains(p.Query, textPlace) {
		return fmt.Errorf("%s has no %s in it", s.setting("QUERY_PROMPT"), textPlace)
	}
	if !p.system && !strings.Contains(p.Document, textPlace) {
		return fmt.Errorf("%s has no %s in it", s.setting("DOCUMENT_PROMPT"), textPlace)
	}
	return nil
}

func (p Prompts) takesInstructions() bool { return strings.Contains(p.Query, instructionPlace) }

// documentInstruction is what makes the space of the documents' vectors
// another one: nothing, where they are shown as they are.
func (p Prompts) documentInstruction() string {
	if p.Document == textPlace {
		return ""
	}
	return p.Document
}

func (p Prompts) query(instruction, text string) prompted {
	if p.system {
		if instruction == "" {
			instruction = vlQuery
		}
		return prompted{system: sentence(strings.ReplaceAll(p.Query, instructionPlace, instruction)), text: text}
	}
	if instruction == "" {
		instruction = usualTask
	}
	return prompted{text: strings.NewReplacer(instructionPlace, instruction, textPlace, text).Replace(p.Query)}
}

func (p Prompts) document(text string) prompted {
	if p.system {
		return prompted{system: sentence(p.Document), text: text}
	}
	return prompted{text: strings.NewReplacer(textPlace, text).Replace(p.Document)}
}

// sentence ends in a full stop, as the instructions that the model was trained
// with do.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".?!:") {
		return s
	}
	return s + "."
}
