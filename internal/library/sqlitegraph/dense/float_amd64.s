#include "textflag.h"

// func dotAVX2(query, rows *float32, stride, n int, out *float32)
//
// SI query, DI row, CX stride, DX rows left, R8 out; R9 place in the query,
// R10 floats left of the row. Four sums hide the latency of the FMAs.
TEXT ·dotAVX2(SB), NOSPLIT, $0-40
	MOVQ query+0(FP), SI
	MOVQ rows+8(FP), DI
	MOVQ stride+16(FP), CX
	MOVQ n+24(FP), DX
	MOVQ out+32(FP), R8

row:
	TESTQ  DX, DX
	JZ     done
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	MOVQ   SI, R9
	MOVQ   CX, R10

by32:
	CMPQ        R10, $32
	JLT         by8
	VMOVUPS     (DI), Y4
	VMOVUPS     32(DI), Y5
	VMOVUPS     64(DI), Y6
	VMOVUPS     96(DI), Y7
	VFMADD231PS (R9), Y4, Y0
	VFMADD231PS 32(R9), Y5, Y1
	VFMADD231PS 64(R9), Y6, Y2
	VFMADD231PS 96(R9), Y7, Y3
	ADDQ        $128, DI
	ADDQ        $128, R9
	SUBQ        $32, R10
	JMP         by32

by8:
	TESTQ       R10, R10
	JZ          sum
	VMOVUPS     (DI), Y4
	VFMADD231PS (R9), Y4, Y0
	ADDQ        $32, DI
	ADDQ        $32, R9
	SUBQ        $8, R10
	JMP         by8

sum:
	VADDPS       Y1, Y0, Y0
	VADDPS       Y3, Y2, Y2
	VADDPS       Y2, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS       X1, X0, X0
	VHADDPS      X0, X0, X0
	VHADDPS      X0, X0, X0
	VMOVSS       X0, (R8)
	ADDQ         $4, R8
	DECQ         DX
	JMP          row

done:
	VZEROUPPER
	RET
