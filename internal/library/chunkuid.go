package library

import (
	"encoding/binary"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// A chunk's uid is a version 8 UUID that spells where the chunk is, so that
// a uid alone finds its item without a search through every library:
//
//	bits   0–47   the item's bits 0–47
//	bits  48–51   version 8
//	bits  52–63   the item's bits 52–63
//	bits  64–65   variant
//	bits  66–79   the item's bits 66–79
//	bits  80–103  generation
//	bits 104–127  ordinal
//
// 74 bits of a random item uid tell items apart; the generation and the
// ordinal count to 16,777,215.
const (
	chunkItemBytes = 10 // leading bytes shared with the item's uid
	maxUint24      = 1<<24 - 1
)

// ChunkRef is what a chunk's uid spells.
type ChunkRef struct {
	// ItemFrom and ItemTo bound the item's uid, both inclusive. One item at
	// most lies between them.
	ItemFrom, ItemTo string
	Generation       int64
	Ordinal          int
}

// ChunkUID makes the uid of a chunk. itemUID is a version 4 UUID.
func ChunkUID(itemUID string, generation int64, ordinal int) (string, error) {
	id, err := uuid.Parse(itemUID)
	if err != nil || generation < 0 || generation > maxUint24 || ordinal < 0 || ordinal > maxUint24 {
		return "", errs.Newf(errs.Internal, "no chunk uid for item %q, generation %d, ordinal %d", itemUID, generation, ordinal)
	}
	id[6] = id[6]&0x0f | 0x80
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(generation)<<24|uint64(ordinal))
	copy(id[chunkItemBytes:], n[2:])
	return id.String(), nil
}

// ParseChunkUID reads a chunk's uid. One that spells nothing is NotFound, as
// a chunk that is not there.
func ParseChunkUID(uid string) (ChunkRef, error) {
	id, err := uuid.Parse(uid)
	if err != nil || len(uid) != 36 || id.Version() != 8 {
		return ChunkRef{}, noChunk()
	}
	low := binary.BigEndian.Uint64(id[8:]) & (1<<48 - 1)
	from := id
	from[6] = from[6]&0x0f | 0x40
	to := from
	for i := chunkItemBytes; i < len(id); i++ {
		from[i], to[i] = 0, 0xff
	}
	return ChunkRef{
		ItemFrom: from.String(), ItemTo: to.String(),
		Generation: int64(low >> 24), Ordinal: int(low & maxUint24),
	}, nil
}
