package remote

import (
	"bytes"
	"encoding/json"
)

// judged is the score of one passage.
type judged struct {
	Index          *int     `json:"index"`
	RelevanceScore *float64 `json:"relevance_score"`
	Score          *float64 `json:"score"`
}

// readScores takes the scores out of an answer for n passages, by their
// places: a list under "results" or "data", or bare. A passage that the answer
// leaves out has none.
func (c *client) readScores(body []byte, n int) (map[int]float64, int, error) {
	list, tokens, err := c.judgements(bytes.TrimSpace(body))
	if err != nil {
		return nil, 0, err
	}
	scores := make(map[int]float64, n)
	for _, one := range list {
		score := one.RelevanceScore
		if score == nil {
			score = one.Score
		}
		switch {
		case one.Index == nil:
			return nil, 0, c.garble("a score does not say of which passage it is")
		case *one.Index < 0 || *one.Index >= n:
			return nil, 0, c.garble("a score is of passage %d, and %d were asked", *one.Index, n)
		}
		if _, twice := scores[*one.Index]; twice {
			return nil, 0, c.garble("two scores are of passage %d", *one.Index)
		}
		if score == nil { // null, as some write what is no number
			continue
		}
		scores[*one.Index] = *score
	}
	if len(scores) == 0 {
		return nil, 0, c.garble("the answer holds no scores; see %s and %s", c.setting(baseURLSetting), c.setting(apiSetting))
	}
	return scores, tokens, nil
}

func (c *client) judgements(body []byte) ([]judged, int, error) {
	var list []judged
	if len(body) > 0 && body[0] == '[' {
		if json.Unmarshal(body, &list) != nil {
			return nil, 0, c.unreadable(body)
		}
		return list, 0, nil
	}
	var wrapped struct {
		Results []judged `json:"results"`
		Data    []judged `json:"data"`
		Usage   struct {
			PromptTokens int `json:"prompt_tokens"`
			TotalTokens  int `json:"total_tokens"`
		} `json:"usage"`
	}
	if json.Unmarshal(body, &wrapped) != nil {
		return nil, 0, c.unreadable(body)
	}
	if list = wrapped.Results; list == nil {
		list = wrapped.Data
	}
	return list, max(wrapped.Usage.PromptTokens, wrapped.Usage.TotalTokens), nil
}
