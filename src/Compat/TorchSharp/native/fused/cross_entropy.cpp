#include <ATen/Parallel.h>

#include "autograd.h"

namespace ct {
namespace {

constexpr int64_t kRows = 16;

struct CrossEntropy : torch::autograd::Function<CrossEntropy> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& input, const at::Tensor& target,
                            int64_t reduction, int64_t ignore, double smoothing) {
    int64_t rows = input.size(0), classes = input.size(1);
    auto logits = input.stride(1) == 1 ? input : input.contiguous();
    auto wanted = target.contiguous();
    auto loss = at::empty({rows}, input.options().requires_grad(false));
    auto logsumexp = at::empty_like(loss);
    const int64_t* t = wanted.data_ptr<int64_t>();
    int64_t counted = 0;
    for (int64_t i = 0; i < rows; i++) {
      if (t[i] == ignore) continue;
      TORCH_CHECK_INDEX(t[i] >= 0 && t[i] < classes, "Target ", t[i], " is out of bounds.");
      counted++;
    }
    const float* x = logits.data_ptr<float>();
    float* l = loss.data_ptr<float>();
    float* e = logsumexp.data_ptr<float>();
    int64_t stride = logits.stride(0);
    at::parallel_for(0, rows, kRows, [&](int64_t begin, int64_t end) {
      kernels().cross_entropy(x, t, l, e, begin, end, classes, stride, ignore, (float)smoothing);
    });
    ctx->save_for_backward({logits, wanted, logsumexp});
    ctx->saved_data["reduction"] = reduction;
    ctx->saved_data["ignore"] = ignore;
    ctx->saved_data["smoothing"] = smoothing;
    ctx->saved_data["counted"] = counted;
    if (reduction == at::Reduction::None) return loss;
    double total = 0;
    for (int64_t i = 0; i < rows; i++) total += l[i];
    if (reduction == at::Reduction::Mean) total /= (double)counted;
    return at::scalar_tensor(total, loss.options());
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    once_differentiable("cross_entropy");
    auto saved = ctx->get_saved_variables();
    auto& logits = saved[0];
    auto reduction = ctx->saved_data["reduction"].toInt();
    auto ignore = ctx->saved_data["ignore"].toInt();
    auto smoothing = (float)ctx->saved_data["smoothing"].toDouble();
    auto factor = reduction == at::Reduction::Mean ? 1.0 / (double)ctx->saved_data["counted"].toInt() : 1.0;
    int64_t rows = logits.size(0), classes = logits.size(1), stride = logits.stride(0);
    auto weights = grads[0].contiguous();
    auto grad = at::empty({rows, classes}, logits.options().requires_grad(false));
    const float* x = logits.data_ptr<float>();
    const int64_t* t = saved[1].data_ptr<int64_t>();
    const float* e = saved[2].data_ptr<float>();
    const float* w = weights.data_ptr<float>();
    float* out = grad.data_ptr<float>();
    int64_t step = reduction == at::Reduction::None ? 1 : 0;
    at::parallel_for(0, rows, kRows, [&](int64_t begin, int64_t end) {
      kernels().cross_entropy_backward(x, t, e, w, step, (float)factor, out, begin, end, classes, stride, ignore,
                                       smoothing);
    });
    return {grad, at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor cross_entropy(const at::Tensor& input, const at::Tensor& target, const at::Tensor& weight,
                         int64_t reduction, int64_t ignore_index, double smoothing) {
  bool fused = plain(input) && input.dim() == 2 && input.size(1) > 0 && !weight.defined() && target.dim() == 1 &&
               target.scalar_type() == at::kLong && target.size(0) == input.size(0) && smoothing >= 0 && smoothing <= 1;
  if (fused) return CrossEntropy::apply(input, target, reduction, ignore_index, smoothing);
  return at::cross_entropy_loss(input, target, weight, reduction, ignore_index, smoothing);
}

}  // namespace ct
