package sqlitegraph

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	makeConcept = `INSERT INTO concept (key, name, kind) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING`
	findConcept = `SELECT id, name, kind FROM concept WHERE key = $1`
	// What the concept itself says is not said again.
	addMention = `INSERT INTO mention (item_id, generation, ordinal, concept_id, weight, name, kind)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (item_id, generation, ordinal, concept_id) DO NOTHING`
	raiseMention = `UPDATE mention SET weight = max(weight, $5)
WHERE item_id = $1 AND generation = $2 AND ordinal = $3 AND concept_id = $4`
	dropMentionsOf = `DELETE FROM mention WHERE item_id = $1 AND generation = $2 AND ordinal = $3 RETURNING concept_id`
)

// concept is a row of the concept table.
type concept struct {
	id         int64
	name, kind string
}

// mentioner writes mentions. Its statements end with the transaction.
type mentioner struct {
	*snapshot

	made, found, add, raise *sql.Stmt
	concepts                map[string]concept // by key
}

func (s *snapshot) newMentioner(ctx context.Context) (*mentioner, error) {
	m := &mentioner{snapshot: s, concepts: map[string]concept{}}
	for statement, at := range map[string]**sql.Stmt{makeConcept: &m.made, findConcept: &m.found, addMention: &m.add, raiseMention: &m.raise} {
		var err error
		if *at, err = s.PrepareContext(ctx, statement); err != nil { //nolint:sqlclosecheck // the transaction closes it
			return nil, fmt.Errorf("prepare: %w", err)
		}
	}
	return m, nil
}

// concept gives a mention's concept, made where there is none.
func (m *mentioner) concept(ctx context.Context, of library.Mention) (concept, error) {
	if c, known := m.concepts[of.Key]; known {
		return c, nil
	}
	if _, err := m.made.ExecContext(ctx, of.Key, of.Name, string(of.Kind)); err != nil {
		return concept{}, fmt.Errorf("make a concept: %w", err)
	}
	var c concept
	if err := m.found.QueryRowContext(ctx, of.Key).Scan(&c.id, &c.name, &c.kind); err != nil {
		return concept{}, fmt.Errorf("find a concept: %w", err)
	}
	m.concepts[of.Key] = c
	return c, nil
}

// put writes a chunk's mentions beside those it has, and gives the concepts
// that it did not mention before.
func (m *mentioner) put(ctx context.Context, itemID, generation int64, ordinal int, list []library.Mention) (added []int64, err error) {
	if err := library.CheckMentions(list); err != nil {
		return nil, err
	}
	for _, mention := range library.MergeMentions(list) {
		c, err := m.concept(ctx, mention)
		if err != nil {
			return nil, err
		}
		name, kind := sql.NullString{String: mention.Name, Valid: mention.Name != c.name}, sql.NullString{String: string(mention.Kind), Valid: string(mention.Kind) != c.kind}
		result, err := m.add.ExecContext(ctx, itemID, generation, ordinal, c.id, mention.Weight, name, kind)
		if err != nil {
			return nil, fmt.Errorf("write a mention: %w", err)
		}
		if n, _ := result.RowsAffected(); n > 0 {
			added = append(added, c.id)
		} else if _, err := m.raise.ExecContext(ctx, itemID, generation, ordinal, c.id, mention.Weight); err != nil {
			return nil, fmt.Errorf("write a mention: %w", err)
		}
	}
	return added, nil
}

// replace writes the mentions of a chunk that is staged, in the place of those
// that it was staged with before.
func (m *mentioner) replace(ctx context.Context, itemID, generation int64, ordinal int, list []library.Mention) error {
	old, err := sqldb.All(ctx, m, scanInt, dropMentionsOf, itemID, generation, ordinal)
	if err != nil {
		return err
	}
	if _, err := m.put(ctx, itemID, generation, ordinal, list); err != nil {
		return err
	}
	if len(old) == 0 {
		return nil
	}
	clear(m.concepts) // some may go
	return m.dropBare(ctx, old)
}

const (
	dropMentions = `DELETE FROM mention WHERE item_id = $1 AND generation BETWEEN $2 AND $3 RETURNING concept_id`
	dropBare     = `DELETE FROM concept WHERE id IN (SELECT value FROM json_each($1))
AND NOT EXISTS (SELECT 1 FROM mention WHERE concept_id = concept.id)`
	countMentions = `UPDATE concept SET chunks = chunks + $3 * (SELECT COUNT(*) FROM mention m
WHERE m.concept_id = concept.id AND m.item_id = $1 AND m.generation = $2)
WHERE id IN (SELECT concept_id FROM mention WHERE item_id = $1 AND generation = $2)`
	countOne = `UPDATE concept SET chunks = chunks + 1 WHERE id = $1`
)

// dropMentions drops mentions of the generations from one to another, both
// inclusive. What was published of them was counted away before.
func (s *snapshot) dropMentions(ctx context.Context, itemID, from, to int64) error {
	old, err := sqldb.All(ctx, s, scanInt, dropMentions, itemID, from, to)
	if err != nil || len(old) == 0 {
		return err
	}
	return s.dropBare(ctx, old)
}

// dropBare drops those of the concepts that no chunk mentions any more.
func (s *snapshot) dropBare(ctx context.Context, ids []int64) error {
	slices.Sort(ids)
	list, err := json.Marshal(slices.Compact(ids))
	if err != nil {
		return fmt.Errorf("write the list: %w", err)
	}
	_, err = sqldb.Exec(ctx, s, dropBare, string(list))
	return err
}

// countMentions counts an item's generation among the published (1), or no
// longer (-1).
func (s *snapshot) countMentions(ctx context.Context, it item, sign int) error {
	_, err := sqldb.Exec(ctx, s, countMentions, it.id, it.generation, sign)
	return err
}

const someChunk = `SELECT COUNT(*) FROM chunk WHERE item_id = $1 AND generation = $2 AND ordinal = $3`

// AddMentions gives chunks further concepts.
func (g *Graph) AddMentions(ctx context.Context, gen library.GenerationRef, mentions map[int][]library.Mention) error {
	if len(mentions) == 0 {
		return nil
	}
	return g.write(ctx, gen.LibraryUID, false, func(s *snapshot) error {
		it, err := s.item(ctx, gen.ItemUID)
		if err != nil || it.id == 0 || gen.Generation < it.generation {
			return err
		}
		m, err := s.newMentioner(ctx)
		if err != nil {
			return err
		}
		for _, ordinal := range slices.Sorted(maps.Keys(mentions)) {
			there, err := sqldb.One(ctx, s, scanInt, someChunk, it.id, gen.Generation, ordinal)
			if err != nil {
				return err
			}
			if there == 0 {
				continue
			}
			added, err := m.put(ctx, it.id, gen.Generation, ordinal, mentions[ordinal])
			if err != nil {
				return fmt.Errorf("add to chunk %d: %w", ordinal, err)
			}
			if gen.Generation != it.generation {
				continue
			}
			for _, id := range added {
				if _, err := sqldb.Exec(ctx, s, countOne, id); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

const readStoredMentions = `SELECT m.ordinal, k.key, COALESCE(m.name, k.name), COALESCE(m.kind, k.kind), m.weight FROM item i
JOIN mention m ON m.item_id = i.id JOIN concept k ON k.id = m.concept_id
WHERE i.uid = $1 AND m.generation = $2 AND m.generation <= i.generation AND m.ordinal >= $3 AND m.ordinal < $4
ORDER BY m.ordinal, m.weight DESC, k.key`

func scanMentionInto(r sqldb.Row, at map[int]*library.StoredChunk) error {
	var ordinal int
	var m library.Mention
	if err := r.Scan(&ordinal, &m.Key, &m.Name, &m.Kind, &m.Weight); err != nil {
		return errors.Join(errors.New("read a mention"), err)
	}
	if c := at[ordinal]; c != nil {
		c.Mentions = append(c.Mentions, m)
	}
	return nil
}
