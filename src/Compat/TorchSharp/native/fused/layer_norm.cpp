#include <ATen/Parallel.h>

#include "autograd.h"

namespace ct {
namespace {

// Rows whose parts of the parameters' gradients are added together first, whatever the number of threads.
constexpr int64_t kRows = 256;

const float* data(const at::Tensor& t) { return t.defined() ? t.data_ptr<float>() : nullptr; }

void run(const at::Tensor& in, const at::Tensor& weight, const at::Tensor& bias, at::Tensor& out, at::Tensor& mean,
         at::Tensor& rstd, int64_t width, double eps) {
  const float *x = data(in), *w = data(weight), *b = data(bias);
  float *y = out.data_ptr<float>(), *m = mean.data_ptr<float>(), *r = rstd.data_ptr<float>();
  at::parallel_for(0, in.numel() / width, kRows, [&](int64_t begin, int64_t end) {
    kernels().layer_norm(x, w, b, y, m, r, begin, end, width, (float)eps);
  });
}

struct LayerNorm : torch::autograd::Function<LayerNorm> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& input, const Optional<at::Tensor>& scale,
                            const Optional<at::Tensor>& shift, int64_t width, double eps) {
    auto weight = scale.value_or(at::Tensor()), bias = shift.value_or(at::Tensor());
    auto in = input.contiguous();
    auto out = at::empty_like(in);
    auto mean = at::empty({in.numel() / width}, in.options().requires_grad(false)), rstd = at::empty_like(mean);
    auto w = weight.defined() ? weight.contiguous() : weight;
    run(in, w, bias.defined() ? bias.contiguous() : bias, out, mean, rstd, width, eps);
    ctx->save_for_backward({in, w, mean, rstd});
    ctx->saved_data["width"] = width;
    ctx->saved_data["weight"] = weight.defined();
    ctx->saved_data["bias"] = bias.defined();
    return out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    once_differentiable("layer_norm");
    auto saved = ctx->get_saved_variables();
    auto width = ctx->saved_data["width"].toInt();
    auto grad = grads[0].contiguous();
    auto grad_in = at::empty_like(saved[0]);
    int64_t rows = grad.numel() / width, blocks = std::max<int64_t>((rows + kRows - 1) / kRows, 1);
    auto options = grad.options().requires_grad(false);
    at::Tensor parts_w, parts_b;
    if (ctx->saved_data["weight"].toBool()) parts_w = at::zeros({blocks, width}, options);
    if (ctx->saved_data["bias"].toBool()) parts_b = at::zeros({blocks, width}, options);
    const float *g = data(grad), *x = data(saved[0]), *w = data(saved[1]), *m = data(saved[2]), *r = data(saved[3]);
    float* dx = grad_in.data_ptr<float>();
    float* dw = parts_w.defined() ? parts_w.data_ptr<float>() : nullptr;
    float* db = parts_b.defined() ? parts_b.data_ptr<float>() : nullptr;
    at::parallel_for(0, blocks, 1, [&](int64_t first, int64_t last) {
      for (int64_t b = first; b < last; b++)
        kernels().layer_norm_backward(g, x, w, m, r, dx, dw ? dw + b * width : nullptr, db ? db + b * width : nullptr,
                                      b * kRows, std::min(rows, (b + 1) * kRows), width);
    });
    auto total = [&](const at::Tensor& parts) {
      if (!parts.defined() || blocks == 1) return parts.defined() ? parts[0] : parts;
      auto sum = at::zeros({width}, options);
      kernels().column_sums(parts.data_ptr<float>(), sum.data_ptr<float>(), 0, blocks, width);
      return sum;
    };
    return {grad_in, total(parts_w), total(parts_b), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor layer_norm(const at::Tensor& input, at::IntArrayRef shape, const at::Tensor& weight, const at::Tensor& bias,
                      double eps) {
  auto one = [&](const at::Tensor& t) { return !t.defined() || (plain(t) && t.sizes() == shape); };
  // One normalised dimension, as models have it, so that the parameters' gradients are vectors.
  bool fused = plain(input) && shape.size() == 1 && shape[0] > 0 && input.dim() > 0 && input.size(-1) == shape[0] &&
               one(weight) && one(bias);
  if (!fused) return at::layer_norm(input, shape, weight, bias, eps);
  if (records({&input, &weight, &bias})) return LayerNorm::apply(input, given(weight), given(bias), shape[0], eps);
  auto in = input.contiguous();
  auto out = at::empty_like(in);
  auto mean = at::empty({in.numel() / shape[0]}, in.options().requires_grad(false)), rstd = at::empty_like(mean);
  run(in, weight.defined() ? weight.contiguous() : weight, bias.defined() ? bias.contiguous() : bias, out, mean, rstd,
      shape[0], eps);
  return out;
}

}  // namespace ct
