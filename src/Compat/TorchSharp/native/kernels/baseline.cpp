#define CT_TABLE kernels_baseline
#include "isa.inl"
