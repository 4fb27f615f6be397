package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// safetensors is an open file of that format: the length of a JSON header, the
// header, and the tensors' bytes.
type safetensors struct {
	entries map[string]entry
	data    []byte
}

type entry struct {
	Type    string `json:"dtype"`
	Offsets [2]int `json:"data_offsets"` // within data, end excluded
}

func openSafetensors(file []byte) (*safetensors, error) {
	if len(file) < 8 {
		return nil, errors.New("safetensors file has no header")
	}
	size, rest := binary.LittleEndian.Uint64(file), file[8:]
	if size > math.MaxInt32 || int(size) > len(rest) {
		return nil, errors.New("safetensors file ends within its header")
	}
	header, data := rest[:size], rest[size:]
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(header, &raw); err != nil {
		return nil, fmt.Errorf("parse the safetensors header: %w", err)
	}
	delete(raw, "__metadata__")
	s := &safetensors{entries: make(map[string]entry, len(raw)), data: data}
	for name, text := range raw {
		var e entry
		if err := json.Unmarshal(text, &e); err != nil {
			return nil, fmt.Errorf("parse the header of tensor %s: %w", name, err)
		}
		s.entries[name] = e
	}
	return s, nil
}

// floats returns a copy of a tensor of size float32.
func (s *safetensors) floats(name string, size int) ([]float32, error) {
	e, ok := s.entries[name]
	if !ok {
		return nil, fmt.Errorf("the model has no tensor %s", name)
	}
	from, to := e.Offsets[0], e.Offsets[1]
	if e.Type != "F32" || to-from != 4*size || from < 0 || to > len(s.data) {
		return nil, fmt.Errorf("tensor %s is not %d float32", name, size)
	}
	out := make([]float32, size)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(s.data[from+4*i:]))
	}
	return out, nil
}
