// Everything a kernel table holds, compiled for the instruction set of the including file.
#include "kernels.h"
#include "vector.h"

using ct::AttentionOperand;
using ct::AttentionShape;
using ct::DropoutKey;

#include "elementwise.inl"
#include "attention.inl"

namespace ct {

extern const Kernels CT_TABLE = {
    dropout,
    cross_entropy,
    cross_entropy_backward,
    layer_norm,
    layer_norm_backward,
    attention_scratch,
    attention_saved_width,
    attention,
    attention_backward,
    column_sums,
};

}  // namespace ct
