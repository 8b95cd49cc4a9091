#pragma once

#include <torch/csrc/autograd/custom_function.h>

#include "../api.h"
#include "fused.h"

namespace ct {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The kernels' backward passes leave no graph behind, so a second derivative would silently be zero.
inline void once_differentiable(const char* name) {
  TORCH_CHECK(!at::GradMode::is_enabled(), name, " cannot be differentiated twice on the CPU in float32");
}

// An absent argument must reach Function::apply as an absent optional, not as an undefined tensor.
inline Optional<at::Tensor> given(const at::Tensor& t) { return t.defined() ? Optional<at::Tensor>(t) : Optional<at::Tensor>(); }

inline bool records(std::initializer_list<const at::Tensor*> inputs) {
  if (!at::GradMode::is_enabled()) return false;
  for (auto* t : inputs)
    if (t->defined() && t->requires_grad()) return true;
  return false;
}

}  // namespace ct
