// Layers that libtorch computes in many passes, in few. Each takes float32 on the CPU through the kernels, and
// anything else (other types, other devices, rare options) through libtorch's own operations.
// None of the fused ones can be differentiated twice; asking for it is an error, not a wrong number.
#pragma once

#include <ATen/ATen.h>

#include "../kernels/kernels.h"

namespace ct {

// Float32 in ordinary CPU memory.
inline bool plain(const at::Tensor& t) {
  return t.defined() && t.device().is_cpu() && t.scalar_type() == at::kFloat && t.layout() == at::kStrided;
}

// Seeds drawn from the CPU's default generator: manual_seed decides all of them.
DropoutKey draw_dropout(double p);

at::Tensor layer_norm(const at::Tensor& input, at::IntArrayRef shape, const at::Tensor& weight, const at::Tensor& bias,
                      double eps);
at::Tensor dropout(const at::Tensor& input, double p, bool training);
at::Tensor cross_entropy(const at::Tensor& input, const at::Tensor& target, const at::Tensor& weight,
                         int64_t reduction, int64_t ignore_index, double smoothing);
// Boolean masks: true takes part; a row in which nothing does yields zeros.
at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const at::Tensor& mask,
                     double p, bool causal);

}  // namespace ct
