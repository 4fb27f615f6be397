package minilm

import (
	_ "embed" // for the model's files
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/embedding/minilm/modelfile"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm/wordpiece"
)

// The files of model/. As strings they lie in the program's read-only part:
// the system maps them and reads in what is touched.
var (
	//go:embed model/weights.bin
	weightsFile string
	//go:embed model/vocab.txt
	vocabularyFile string
)

func loadWeights() (*modelfile.Model, error) {
	weights, err := modelfile.Read(weightsFile)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", modelName, err)
	}
	return weights, nil
}

// loadTokenizer panics if this program was built with a broken vocabulary.
func loadTokenizer() *wordpiece.Tokenizer {
	tokenizer, err := wordpiece.New(vocabularyFile)
	if err != nil {
		panic(fmt.Sprintf("load the vocabulary of %s: %v", modelName, err))
	}
	return tokenizer
}
