#include "textflag.h"

// Multiply for arm64's vectors of four: tiles of 6 rows by 16 columns.
//
// Register plan
//	V8…V31   the tile: row r in V(8+4r)…V(11+4r)
//	V0…V3    one row of b
//	V4…V7    one number of a, in all lanes
//	R9…R14   the six rows of a; R3 is a row's bytes
//	R15      b, walked from R4 once a tile
//	R19      k left; R5 is k
//	R0, R1   c, walked a row at a time, and its row's bytes
//	R7, R8   init, likewise
//	R6       tiles left; R2 row 0 of the next tile of a

// ROW adds one number of a, in A, times the row of b to the sums.
#define ROW(A, S0, S1, S2, S3) \
	VFMLA A, V0.S4, S0; \
	VFMLA A, V1.S4, S1; \
	VFMLA A, V2.S4, S2; \
	VFMLA A, V3.S4, S3

// func multiply6x16(c *float32, ldc int, a *float32, lda int, b *float32, k, tiles int, init *float32, ldinit int)
TEXT ·multiply6x16(SB), NOSPLIT, $0-72
	MOVD c+0(FP), R0
	MOVD ldc+8(FP), R1
	MOVD a+16(FP), R2
	MOVD lda+24(FP), R3
	MOVD b+32(FP), R4
	MOVD k+40(FP), R5
	MOVD tiles+48(FP), R6
	MOVD init+56(FP), R7
	MOVD ldinit+64(FP), R8
	LSL  $2, R1
	LSL  $2, R3
	LSL  $2, R8

tile:
	VLD1 (R7), [V8.S4, V9.S4, V10.S4, V11.S4]
	ADD  R8, R7
	VLD1 (R7), [V12.S4, V13.S4, V14.S4, V15.S4]
	ADD  R8, R7
	VLD1 (R7), [V16.S4, V17.S4, V18.S4, V19.S4]
	ADD  R8, R7
	VLD1 (R7), [V20.S4, V21.S4, V22.S4, V23.S4]
	ADD  R8, R7
	VLD1 (R7), [V24.S4, V25.S4, V26.S4, V27.S4]
	ADD  R8, R7
	VLD1 (R7), [V28.S4, V29.S4, V30.S4, V31.S4]
	ADD  R8, R7

	MOVD R2, R9
	ADD  R3, R9, R10
	ADD  R3, R10, R11
	ADD  R3, R11, R12
	ADD  R3, R12, R13
	ADD  R3, R13, R14
	ADD  R3, R14, R2
	MOVD R4, R15
	MOVD R5, R19

step:
	VLD1.P  64(R15), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1R.P 4(R9), [V4.S4]
	VLD1R.P 4(R10), [V5.S4]
	VLD1R.P 4(R11), [V6.S4]
	VLD1R.P 4(R12), [V7.S4]
	ROW(V4.S4, V8.S4, V9.S4, V10.S4, V11.S4)
	VLD1R.P 4(R13), [V4.S4]
	ROW(V5.S4, V12.S4, V13.S4, V14.S4, V15.S4)
	VLD1R.P 4(R14), [V5.S4]
	ROW(V6.S4, V16.S4, V17.S4, V18.S4, V19.S4)
	ROW(V7.S4, V20.S4, V21.S4, V22.S4, V23.S4)
	ROW(V4.S4, V24.S4, V25.S4, V26.S4, V27.S4)
	ROW(V5.S4, V28.S4, V29.S4, V30.S4, V31.S4)
	SUB     $1, R19
	CBNZ    R19, step

	VST1 [V8.S4, V9.S4, V10.S4, V11.S4], (R0)
	ADD  R1, R0
	VST1 [V12.S4, V13.S4, V14.S4, V15.S4], (R0)
	ADD  R1, R0
	VST1 [V16.S4, V17.S4, V18.S4, V19.S4], (R0)
	ADD  R1, R0
	VST1 [V20.S4, V21.S4, V22.S4, V23.S4], (R0)
	ADD  R1, R0
	VST1 [V24.S4, V25.S4, V26.S4, V27.S4], (R0)
	ADD  R1, R0
	VST1 [V28.S4, V29.S4, V30.S4, V31.S4], (R0)
	ADD  R1, R0
	SUB  $1, R6
	CBNZ R6, tile
	RET
