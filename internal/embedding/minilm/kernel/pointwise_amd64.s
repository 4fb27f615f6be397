#include "textflag.h"

// Exp, GELU and AddNorm for AVX2 and FMA, eight numbers a step. Constants are
// broadcast from memory; the formulas are those of portable.go.

// Offsets in consts. Each is one float32.
#define LOG2E   0
#define LEAST   4
#define LN2HI   8
#define LN2LO   12
#define E0      16
#define E1      20
#define E2      24
#define E3      28
#define E4      32
#define E5      36
#define ONE     40
#define HALF    44
#define SQRT1_2 48
#define FOUR    52
#define MINUS4  56
#define P13     60
#define P11     64
#define P9      68
#define P7      72
#define P5      76
#define P3      80
#define P1      84
#define Q8      88
#define Q6      92
#define Q4      96
#define Q2      100
#define Q0      104
#define EPSILON 108

DATA consts<>+0(SB)/4, $1.44269504088896341
DATA consts<>+4(SB)/4, $-87.33654
DATA consts<>+8(SB)/4, $0.693359375
DATA consts<>+12(SB)/4, $-2.12194440e-4
DATA consts<>+16(SB)/4, $1.9875691500e-4
DATA consts<>+20(SB)/4, $1.3981999507e-3
DATA consts<>+24(SB)/4, $8.3334519073e-3
DATA consts<>+28(SB)/4, $4.1665795894e-2
DATA consts<>+32(SB)/4, $1.6666665459e-1
DATA consts<>+36(SB)/4, $5.0000001201e-1
DATA consts<>+40(SB)/4, $1.0
DATA consts<>+44(SB)/4, $0.5
DATA consts<>+48(SB)/4, $0.70710678118654752
DATA consts<>+52(SB)/4, $4.0
DATA consts<>+56(SB)/4, $-4.0
DATA consts<>+60(SB)/4, $-2.72614225801306e-10
DATA consts<>+64(SB)/4, $2.77068142495902e-08
DATA consts<>+68(SB)/4, $-2.10102402082508e-06
DATA consts<>+72(SB)/4, $-5.69250639462346e-05
DATA consts<>+76(SB)/4, $-7.34990630326855e-04
DATA consts<>+80(SB)/4, $-2.95459980854025e-03
DATA consts<>+84(SB)/4, $-1.60960333262415e-02
DATA consts<>+88(SB)/4, $-1.45660718464996e-05
DATA consts<>+92(SB)/4, $-2.13374055278905e-04
DATA consts<>+96(SB)/4, $-1.68282697438203e-03
DATA consts<>+100(SB)/4, $-7.37332916720468e-03
DATA consts<>+104(SB)/4, $-1.42647390514189e-02
DATA consts<>+108(SB)/4, $1.0e-12
GLOBL consts<>(SB), RODATA|NOPTR, $112

#define CONST(NAME, REG) VBROADCASTSS consts<>+NAME(SB), REG

// HADD sums the eight lanes of Y into the lowest of X (its low half), using XT.
#define HADD(Y, X, XT) \
	VEXTRACTF128 $1, Y, XT; \
	VADDPS       XT, X, X; \
	VHADDPS      X, X, X; \
	VHADDPS      X, X, X

// func expSum(x *float32, n int) float32
//
// Y0 largest, then the sum; Y1 x, then r; Y2 n; Y3 the polynomial; Y4 scratch;
// Y5…Y15 constants.
TEXT ·expSum(SB), NOSPLIT, $0-20
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), DX

	MOVQ    SI, DI
	MOVQ    DX, CX
	VMOVUPS (DI), Y0

largest:
	VMAXPS (DI), Y0, Y0
	ADDQ   $32, DI
	SUBQ   $8, CX
	JNZ    largest

	// The largest of the eight lanes, into all lanes of Y5.
	VEXTRACTF128 $1, Y0, X1
	VMAXPS       X1, X0, X0
	VPERMILPS    $0x4E, X0, X1
	VMAXPS       X1, X0, X0
	VPERMILPS    $0xB1, X0, X1
	VMAXPS       X1, X0, X0
	VBROADCASTSS X0, Y5

	CONST(LEAST, Y6)
	CONST(LOG2E, Y7)
	CONST(LN2HI, Y8)
	CONST(LN2LO, Y9)
	CONST(E0, Y10)
	CONST(E1, Y11)
	CONST(E2, Y12)
	CONST(E3, Y13)
	CONST(E4, Y14)
	CONST(E5, Y15)
	VXORPS Y0, Y0, Y0

exp:
	VMOVUPS      (SI), Y1
	VSUBPS       Y5, Y1, Y1
	VMAXPS       Y6, Y1, Y1
	VMULPS       Y7, Y1, Y2
	VROUNDPS     $0, Y2, Y2
	VFNMADD231PS Y8, Y2, Y1
	VFNMADD231PS Y9, Y2, Y1
	VMOVAPS      Y10, Y3
	VFMADD213PS  Y11, Y1, Y3
	VFMADD213PS  Y12, Y1, Y3
	VFMADD213PS  Y13, Y1, Y3
	VFMADD213PS  Y14, Y1, Y3
	VFMADD213PS  Y15, Y1, Y3
	VMULPS       Y1, Y1, Y4
	VFMADD213PS  Y1, Y4, Y3
	CONST(ONE, Y4)
	VADDPS       Y4, Y3, Y3
	VCVTPS2DQ    Y2, Y2
	VPSLLD       $23, Y2, Y2
	VPADDD       Y2, Y3, Y3        // times 2^n
	VMOVUPS      Y3, (SI)
	VADDPS       Y3, Y0, Y0
	ADDQ         $32, SI
	SUBQ         $8, DX
	JNZ          exp

	HADD(Y0, X0, X1)
	VMOVSS X0, ret+16(FP)
	VZEROUPPER
	RET

// func gelu(x *float32, n int)
//
// Y0 x; Y1 x/sqrt(2), clamped; Y2 its square; Y3 p; Y4 q; Y5…Y15 constants,
// the three that do not fit are loaded each time.
TEXT ·gelu(SB), NOSPLIT, $0-16
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), DX
	CONST(P13, Y5)
	CONST(P11, Y6)
	CONST(P9, Y7)
	CONST(P7, Y8)
	CONST(P5, Y9)
	CONST(P3, Y10)
	CONST(P1, Y11)
	CONST(Q6, Y12)
	CONST(Q4, Y13)
	CONST(Q2, Y14)
	CONST(Q0, Y15)

next:
	VMOVUPS     (SI), Y0
	CONST(SQRT1_2, Y1)
	VMULPS      Y0, Y1, Y1
	CONST(FOUR, Y2)
	VMINPS      Y2, Y1, Y1
	CONST(MINUS4, Y2)
	VMAXPS      Y2, Y1, Y1
	VMULPS      Y1, Y1, Y2
	VMOVAPS     Y5, Y3
	CONST(Q8, Y4)
	VFMADD213PS Y6, Y2, Y3
	VFMADD213PS Y12, Y2, Y4
	VFMADD213PS Y7, Y2, Y3
	VFMADD213PS Y13, Y2, Y4
	VFMADD213PS Y8, Y2, Y3
	VFMADD213PS Y14, Y2, Y4
	VFMADD213PS Y9, Y2, Y3
	VFMADD213PS Y15, Y2, Y4
	VFMADD213PS Y10, Y2, Y3
	VFMADD213PS Y11, Y2, Y3
	VMULPS      Y1, Y3, Y3
	VDIVPS      Y4, Y3, Y3
	CONST(HALF, Y2)
	VMULPS      Y2, Y0, Y0
	VFMADD231PS Y3, Y0, Y0         // x/2 + x/2*erf
	VMOVUPS     Y0, (SI)
	ADDQ        $32, SI
	SUBQ        $8, DX
	JNZ         next

	VZEROUPPER
	RET

// func addNorm(x, y, gain, bias *float32, n int)
//
// Three passes over one row, which stays in the nearest cache: the sum, the
// squares of the differences from the mean, the result. Y0 sums, Y4 the mean,
// Y5 one over the deviation, in all lanes.
TEXT ·addNorm(SB), NOSPLIT, $0-40
	MOVQ x+0(FP), SI
	MOVQ y+8(FP), DI
	MOVQ gain+16(FP), R8
	MOVQ bias+24(FP), R9
	MOVQ n+32(FP), DX
	VCVTSI2SSQ DX, X6, X6

	XORQ   CX, CX
	VXORPS Y0, Y0, Y0

add:
	VMOVUPS (SI)(CX*4), Y1
	VADDPS  (DI)(CX*4), Y1, Y1
	VMOVUPS Y1, (SI)(CX*4)
	VADDPS  Y1, Y0, Y0
	ADDQ    $8, CX
	CMPQ    CX, DX
	JLT     add

	HADD(Y0, X0, X1)
	VDIVSS       X6, X0, X0
	VBROADCASTSS X0, Y4

	XORQ   CX, CX
	VXORPS Y0, Y0, Y0

square:
	VMOVUPS     (SI)(CX*4), Y1
	VSUBPS      Y4, Y1, Y1
	VFMADD231PS Y1, Y1, Y0
	ADDQ        $8, CX
	CMPQ        CX, DX
	JLT         square

	HADD(Y0, X0, X1)
	VDIVSS       X6, X0, X0
	VADDSS       consts<>+EPSILON(SB), X0, X0
	VSQRTSS      X0, X0, X0
	VMOVSS       consts<>+ONE(SB), X1
	VDIVSS       X0, X1, X0
	VBROADCASTSS X0, Y5

	XORQ CX, CX

scale:
	VMOVUPS     (SI)(CX*4), Y1
	VSUBPS      Y4, Y1, Y1
	VMULPS      Y5, Y1, Y1
	VMOVUPS     (R9)(CX*4), Y2
	VFMADD132PS (R8)(CX*4), Y2, Y1 // times gain, plus bias
	VMOVUPS     Y1, (SI)(CX*4)
	ADDQ        $8, CX
	CMPQ        CX, DX
	JLT         scale

	VZEROUPPER
	RET
