package pdf

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/tetratelabs/wazero/api"
)

// native calls PDFium's own functions on an open document. go-pdfium's methods
// cost some 5 µs each, most of it for memory that they need anew; what is asked
// once a character must cost a hundredth of that. Opening files, which takes
// callbacks, stays with go-pdfium.
type native struct {
	module    api.Module
	document  uint64
	functions map[string]api.Function
	stack     [12]uint64
	scratch   uint32 // scratchBytes of PDFium's memory, for what it answers
	err       error  // the first call that failed
}

const scratchBytes = 4096

// reach finds the module that an instance runs in, and its number for an open
// document. go-pdfium keeps both to itself; a version that keeps them elsewhere
// is noticed here, and by the first test.
func reach(inst pdfium.Pdfium, ref references.FPDF_DOCUMENT) (n *native, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("reach PDFium: this version of go-pdfium is not known: %v", p)
		}
	}()
	worker := reflect.ValueOf(inst).Elem().FieldByName("worker").Elem()
	document := worker.FieldByName("Instance").Elem().FieldByName("documentRefs").MapIndex(reflect.ValueOf(ref))
	field := worker.FieldByName("Module")
	module, ok := reflect.TypeAssert[api.Module](reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem()) //nolint:gosec // reads a field of a known type
	if !ok {
		return nil, errors.New("reach PDFium: this version of go-pdfium is not known")
	}
	n = &native{module: module, document: document.Elem().FieldByName("handle").Elem().Uint(), functions: map[string]api.Function{}}
	n.scratch = uint32(n.call("malloc", scratchBytes)) //nolint:gosec // an address of 32 bits
	return n, n.err
}

// call gives what a function returns, 0 after an error.
func (n *native) call(name string, args ...uint64) uint64 {
	f := n.functions[name]
	if f == nil {
		if f = n.module.ExportedFunction(name); f == nil {
			n.err = errors.Join(n.err, fmt.Errorf("PDFium has no %s", name))
			return 0
		}
		n.functions[name] = f
	}
	if n.err != nil {
		return 0
	}
	copy(n.stack[:], args)
	if err := f.CallWithStack(context.Background(), n.stack[:]); err != nil {
		n.err = fmt.Errorf("%s: %w", name, err)
		return 0
	}
	return n.stack[0]
}

// is calls a function that answers yes or no, or with a pointer.
func (n *native) is(name string, args ...uint64) bool { return uint32(n.call(name, args...)) != 0 } //nolint:gosec // 32 bits are meant

// int calls a function that gives a whole number, below 0 for errors.
func (n *native) int(name string, args ...uint64) int { return int(int32(n.call(name, args...))) } //nolint:gosec // 32 bits are meant

// at gives the address of the nth eight bytes of scratch memory.
func (n *native) at(slot int) uint64 { return uint64(n.scratch) + uint64(slot)*8 } //nolint:gosec // slots are few

// float reads the nth four bytes of scratch memory.
func (n *native) float(i int) float32 {
	f, _ := n.module.Memory().ReadFloat32Le(n.scratch + uint32(i)*4) //nolint:gosec // slots are few
	return f
}

// bytes reads that many bytes of scratch memory, which the next call changes.
func (n *native) bytes(length int) []byte {
	b, _ := n.module.Memory().Read(n.scratch, uint32(min(max(length, 0), scratchBytes)))
	return b
}
