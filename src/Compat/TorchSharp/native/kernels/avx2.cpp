// Compiled with -mavx2 -mfma.
#define CT_TABLE kernels_avx2
#include "isa.inl"
