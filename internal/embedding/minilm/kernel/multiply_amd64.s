#include "textflag.h"

// Multiply for AVX2 and FMA: tiles of 6 rows by 16 columns.
//
// Register plan
//	Y0…Y11   the tile: row r in Y(2r), columns 0…7, and Y(2r+1), columns 8…15
//	Y12, Y13 one row of b
//	Y14, Y15 one number of a, in all lanes
//	SI, DI   rows 0 and 3 of a; R8 is a row's bytes, so rows 1, 2 and 4, 5 are
//	         (SI)(R8*1), (SI)(R8*2) and (DI)(R8*1), (DI)(R8*2)
//	BX       b, walked from DX once a tile
//	CX       k left; R12 is k
//	R9, R10  row 0 of c and its row's bytes
//	R13, R14 row 0 of init and its row's bytes
//	AX       tiles left; R11, R15 scratch
//
// A step of k is 2 loads, 6 broadcasts and 12 FMAs; with two FMAs a cycle it
// takes 6 cycles, and the 12 sums hide the latency of the FMA.

// STEP multiplies number A of six rows of a by row B of b, both byte offsets.
#define STEP(A, B) \
	VMOVUPS B(BX), Y12; \
	VMOVUPS B+32(BX), Y13; \
	VBROADCASTSS A(SI), Y14; \
	VBROADCASTSS A(SI)(R8*1), Y15; \
	VFMADD231PS Y12, Y14, Y0; \
	VFMADD231PS Y13, Y14, Y1; \
	VFMADD231PS Y12, Y15, Y2; \
	VFMADD231PS Y13, Y15, Y3; \
	VBROADCASTSS A(SI)(R8*2), Y14; \
	VBROADCASTSS A(DI), Y15; \
	VFMADD231PS Y12, Y14, Y4; \
	VFMADD231PS Y13, Y14, Y5; \
	VFMADD231PS Y12, Y15, Y6; \
	VFMADD231PS Y13, Y15, Y7; \
	VBROADCASTSS A(DI)(R8*1), Y14; \
	VBROADCASTSS A(DI)(R8*2), Y15; \
	VFMADD231PS Y12, Y14, Y8; \
	VFMADD231PS Y13, Y14, Y9; \
	VFMADD231PS Y12, Y15, Y10; \
	VFMADD231PS Y13, Y15, Y11

// func multiply6x16(c *float32, ldc int, a *float32, lda int, b *float32, k, tiles int, init *float32, ldinit int)
TEXT ·multiply6x16(SB), NOSPLIT, $0-72
	MOVQ c+0(FP), R9
	MOVQ ldc+8(FP), R10
	MOVQ a+16(FP), SI
	MOVQ lda+24(FP), R8
	MOVQ b+32(FP), DX
	MOVQ k+40(FP), R12
	MOVQ tiles+48(FP), AX
	MOVQ init+56(FP), R13
	MOVQ ldinit+64(FP), R14
	SHLQ $2, R10
	SHLQ $2, R8
	SHLQ $2, R14

tile:
	// The tile starts as init.
	LEAQ (R13)(R14*2), R11
	ADDQ R14, R11
	VMOVUPS (R13), Y0
	VMOVUPS 32(R13), Y1
	VMOVUPS (R13)(R14*1), Y2
	VMOVUPS 32(R13)(R14*1), Y3
	VMOVUPS (R13)(R14*2), Y4
	VMOVUPS 32(R13)(R14*2), Y5
	VMOVUPS (R11), Y6
	VMOVUPS 32(R11), Y7
	VMOVUPS (R11)(R14*1), Y8
	VMOVUPS 32(R11)(R14*1), Y9
	VMOVUPS (R11)(R14*2), Y10
	VMOVUPS 32(R11)(R14*2), Y11
	LEAQ (R11)(R14*2), R13
	ADDQ R14, R13

	LEAQ (SI)(R8*2), DI
	ADDQ R8, DI
	MOVQ SI, R15
	MOVQ DX, BX
	MOVQ R12, CX
	SUBQ $4, CX
	JLT  rest

four:
	STEP(0, 0)
	STEP(4, 64)
	STEP(8, 128)
	STEP(12, 192)
	ADDQ $16, SI
	ADDQ $16, DI
	ADDQ $256, BX
	SUBQ $4, CX
	JGE  four

rest:
	ADDQ $4, CX
	JZ   store

one:
	STEP(0, 0)
	ADDQ $4, SI
	ADDQ $4, DI
	ADDQ $64, BX
	DECQ CX
	JNZ  one

store:
	LEAQ (R9)(R10*2), R11
	ADDQ R10, R11
	VMOVUPS Y0, (R9)
	VMOVUPS Y1, 32(R9)
	VMOVUPS Y2, (R9)(R10*1)
	VMOVUPS Y3, 32(R9)(R10*1)
	VMOVUPS Y4, (R9)(R10*2)
	VMOVUPS Y5, 32(R9)(R10*2)
	VMOVUPS Y6, (R11)
	VMOVUPS Y7, 32(R11)
	VMOVUPS Y8, (R11)(R10*1)
	VMOVUPS Y9, 32(R11)(R10*1)
	VMOVUPS Y10, (R11)(R10*2)
	VMOVUPS Y11, 32(R11)(R10*2)

	// Six rows on: 3 + 3 of each.
	LEAQ (R11)(R10*2), R9
	ADDQ R10, R9
	LEAQ (R8)(R8*2), R11
	LEAQ (R15)(R11*2), SI
	DECQ AX
	JNZ  tile

	VZEROUPPER
	RET

// func dequantizeGroups(panel *float32, codes *int8, scales *float32, groups int)
//
// Y0, Y1 hold the scales of 16 columns for the 64 rows of a group.
TEXT ·dequantizeGroups(SB), NOSPLIT, $0-32
	MOVQ panel+0(FP), DI
	MOVQ codes+8(FP), SI
	MOVQ scales+16(FP), DX
	MOVQ groups+24(FP), AX

group:
	VMOVUPS (DX), Y0
	VMOVUPS 32(DX), Y1
	MOVQ    $16, CX

rows:
	VPMOVSXBD (SI), Y2
	VPMOVSXBD 8(SI), Y3
	VPMOVSXBD 16(SI), Y4
	VPMOVSXBD 24(SI), Y5
	VPMOVSXBD 32(SI), Y6
	VPMOVSXBD 40(SI), Y7
	VPMOVSXBD 48(SI), Y8
	VPMOVSXBD 56(SI), Y9
	VCVTDQ2PS Y2, Y2
	VCVTDQ2PS Y3, Y3
	VCVTDQ2PS Y4, Y4
	VCVTDQ2PS Y5, Y5
	VCVTDQ2PS Y6, Y6
	VCVTDQ2PS Y7, Y7
	VCVTDQ2PS Y8, Y8
	VCVTDQ2PS Y9, Y9
	VMULPS    Y0, Y2, Y2
	VMULPS    Y1, Y3, Y3
	VMULPS    Y0, Y4, Y4
	VMULPS    Y1, Y5, Y5
	VMULPS    Y0, Y6, Y6
	VMULPS    Y1, Y7, Y7
	VMULPS    Y0, Y8, Y8
	VMULPS    Y1, Y9, Y9
	VMOVUPS   Y2, (DI)
	VMOVUPS   Y3, 32(DI)
	VMOVUPS   Y4, 64(DI)
	VMOVUPS   Y5, 96(DI)
	VMOVUPS   Y6, 128(DI)
	VMOVUPS   Y7, 160(DI)
	VMOVUPS   Y8, 192(DI)
	VMOVUPS   Y9, 224(DI)
	ADDQ      $64, SI
	ADDQ      $256, DI
	DECQ      CX
	JNZ       rows

	ADDQ $64, DX
	DECQ AX
	JNZ  group

	VZEROUPPER
	RET
