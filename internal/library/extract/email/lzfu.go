package email

import (
	"encoding/binary"
)

// rtfDictionary is what the window of compressed RTF begins with [MS-OXRTFCP].
const rtfDictionary = `{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0` +
	"\r\n" + `\par \pard\plain\f0\fs20\b\i\u\tab\tx`

// unpackRTF undoes the compression of [MS-OXRTFCP]. What is cut short is given
// as far as it goes.
func unpackRTF(packed []byte, limit int) ([]byte, error) {
	const (
		headerSize   = 16
		compressed   = 0x75465A4C
		uncompressed = 0x414C454D
		window       = 4096
	)
	if len(packed) < headerSize {
		return nil, damaged()
	}
	size := int(binary.LittleEndian.Uint32(packed[4:]))
	kind, data := binary.LittleEndian.Uint32(packed[8:]), packed[headerSize:]
	switch {
	case kind == uncompressed:
		return data[:min(size, len(data))], nil
	case kind != compressed:
		return nil, damaged()
	}
	var ring [window]byte
	at := copy(ring[:], rtfDictionary)
	var out []byte
	put := func(c byte) {
		ring[at%window] = c
		at++
		out = append(out, c)
	}
	for len(data) > 0 && len(out) < size && len(out) < limit {
		flags := data[0]
		data = data[1:]
		for bit := range 8 {
			if flags>>bit&1 == 0 {
				if len(data) == 0 {
					return out, nil
				}
				put(data[0])
				data = data[1:]
				continue
			}
			if len(data) < 2 {
				return out, nil
			}
			reference := int(data[0])<<8 | int(data[1])
			data = data[2:]
			from, length := reference>>4, reference&0xF+2
			if from == at%window {
				return out, nil
			}
			for i := range length {
				put(ring[(from+i)%window])
			}
		}
	}
	return out[:min(len(out), size)], nil
}
