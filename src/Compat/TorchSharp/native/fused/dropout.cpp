#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>

#include <cmath>
#include <mutex>

#include "autograd.h"

namespace ct {

DropoutKey draw_dropout(double p) {
  uint64_t seed;
  {
    auto generator = at::detail::getDefaultCPUGenerator();
    auto* impl = at::check_generator<at::CPUGeneratorImpl>(generator);
    std::lock_guard<std::mutex> lock(impl->mutex_);
    seed = impl->random64();
  }
  DropoutKey key;
  key.seed_low = (uint32_t)seed;
  key.seed_high = (uint32_t)(seed >> 32);
  key.threshold = (uint32_t)std::lround(p * 65536.0);
  key.scale = (float)(1.0 / (1.0 - p));
  return key;
}

namespace {

constexpr int64_t kGrain = 1 << 16;  // a multiple of 16, as the kernel wants

at::Tensor run(const at::Tensor& input, DropoutKey key) {
  auto source = input.contiguous();
  auto result = at::empty_like(source);
  const float* in = source.data_ptr<float>();
  float* out = result.data_ptr<float>();
  int64_t count = source.numel();
  at::parallel_for(0, (count + kGrain - 1) / kGrain, 1, [&](int64_t begin, int64_t end) {
    kernels().dropout(in, out, begin * kGrain, std::min(end * kGrain, count), key);
  });
  return result;
}

struct Dropout : torch::autograd::Function<Dropout> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& input, double p) {
    auto key = draw_dropout(p);
    ctx->saved_data["seed"] = (int64_t)(((uint64_t)key.seed_high << 32) | key.seed_low);
    ctx->saved_data["p"] = p;
    return run(input, key);
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    once_differentiable("dropout");
    auto seed = (uint64_t)ctx->saved_data["seed"].toInt();
    auto p = ctx->saved_data["p"].toDouble();
    DropoutKey key{(uint32_t)seed, (uint32_t)(seed >> 32), (uint32_t)std::lround(p * 65536.0), (float)(1.0 / (1.0 - p))};
    return {run(grads[0], key), at::Tensor()};
  }
};

}  // namespace

at::Tensor dropout(const at::Tensor& input, double p, bool training) {
  TORCH_CHECK(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got ", p);
  if (!training || p == 0 || p == 1 || !plain(input)) return at::dropout(input, p, training);
  return records({&input}) ? Dropout::apply(input, p) : run(input, draw_dropout(p));
}

}  // namespace ct
