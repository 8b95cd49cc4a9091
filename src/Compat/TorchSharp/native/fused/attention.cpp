#include <ATen/Parallel.h>

#include <cmath>

#include "autograd.h"

namespace ct {
namespace {

AttentionOperand operand(const at::Tensor& t) { return {t.data_ptr<float>(), t.stride(0), t.stride(1), t.stride(2)}; }

// [B, H, rows, width] over memory of [B, rows, H, width]: what a model makes of it next, transpose(1, 2) and a view
// as [B, rows, H * width], then costs nothing.
at::Tensor interleaved(const at::Tensor& like, int64_t batch, int64_t heads, int64_t rows, int64_t width) {
  return at::empty({batch, rows, heads, width}, like.options().requires_grad(false)).transpose(1, 2);
}

AttentionShape shape_of(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& mask,
                        bool causal, DropoutKey key) {
  AttentionShape s{};
  s.batch = q.size(0);
  s.heads = q.size(1);
  s.targets = q.size(2);
  s.sources = k.size(2);
  s.key_width = q.size(3);
  s.value_width = v.size(3);
  s.scale = (float)(1.0 / std::sqrt((double)q.size(3)));
  s.causal = causal;
  if (mask.defined()) {
    s.mask = reinterpret_cast<const uint8_t*>(mask.data_ptr<bool>());
    s.mask_batch = mask.stride(0);
    s.mask_head = mask.stride(1);
    s.mask_target = mask.stride(2);
    s.mask_source = mask.stride(3);
  }
  s.dropout = key;
  return s;
}

template <typename F>
void each_head(const AttentionShape& s, F&& function) {
  int64_t floats = kernels().attention_scratch(s);
  at::parallel_for(0, s.batch * s.heads, 1, [&](int64_t begin, int64_t end) {
    auto scratch = at::empty({floats}, at::TensorOptions().dtype(at::kFloat));
    for (int64_t item = begin; item < end; item++) function(scratch.data_ptr<float>(), item);
  });
}

at::Tensor run(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttentionShape& s, float* saved) {
  auto out = interleaved(q, s.batch, s.heads, s.targets, s.value_width);
  auto qo = operand(q), ko = operand(k), vo = operand(v), oo = operand(out);
  each_head(s, [&](float* scratch, int64_t item) { kernels().attention(s, qo, ko, vo, oo, saved, scratch, item); });
  return out;
}

struct Attention : torch::autograd::Function<Attention> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const Optional<at::Tensor>& mask, double p, bool causal) {
    auto key = p > 0 ? draw_dropout(p) : DropoutKey{0, 0, 0, 1.0f};
    auto s = shape_of(q, k, v, mask.value_or(at::Tensor()), causal, key);
    auto saved = at::empty({s.batch, s.heads, s.targets, kernels().attention_saved_width(s.sources)},
                           q.options().requires_grad(false));
    auto out = run(q, k, v, s, saved.data_ptr<float>());
    ctx->save_for_backward({q, k, v, saved});
    ctx->saved_data["seed"] = (int64_t)(((uint64_t)key.seed_high << 32) | key.seed_low);
    ctx->saved_data["p"] = p;
    return out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    once_differentiable("scaled_dot_product_attention");
    auto saved = ctx->get_saved_variables();
    auto &q = saved[0], &k = saved[1], &v = saved[2];
    auto p = ctx->saved_data["p"].toDouble();
    auto seed = (uint64_t)ctx->saved_data["seed"].toInt();
    DropoutKey key{(uint32_t)seed, (uint32_t)(seed >> 32), (uint32_t)std::lround(p * 65536.0), (float)(1.0 / (1.0 - p))};
    auto s = shape_of(q, k, v, at::Tensor(), false, key);  // what the mask hid has weight 0 in `saved`
    auto grad = grads[0].stride(-1) == 1 ? grads[0] : grads[0].contiguous();
    auto grad_q = interleaved(q, s.batch, s.heads, s.targets, s.key_width);
    auto grad_k = interleaved(k, s.batch, s.heads, s.sources, s.key_width);
    auto grad_v = interleaved(v, s.batch, s.heads, s.sources, s.value_width);
    auto qo = operand(q), ko = operand(k), vo = operand(v), go = operand(grad);
    auto gq = operand(grad_q), gk = operand(grad_k), gv = operand(grad_v);
    const float* weights = saved[3].data_ptr<float>();
    each_head(s, [&](float* scratch, int64_t item) {
      kernels().attention_backward(s, qo, ko, vo, go, weights, gq, gk, gv, scratch, item);
    });
    return {grad_q, grad_k, grad_v, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

// For other types and devices, other ranks, and masks that are added to the scores.
at::Tensor composed(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& mask, double p,
                    bool causal) {
  auto scores = at::matmul(q * (1.0 / std::sqrt((double)q.size(-1))), k.transpose(-2, -1));
  at::Tensor allowed = mask;
  if (causal) allowed = at::ones({q.size(-2), k.size(-2)}, q.options().dtype(at::kBool).requires_grad(false)).tril();
  at::Tensor weights;
  if (allowed.defined() && allowed.scalar_type() == at::kBool) {
    auto none = allowed.any(-1, true).logical_not();
    scores = scores.masked_fill(allowed.logical_not(), -INFINITY).masked_fill(none, 0.0);
    weights = at::softmax(scores, -1).masked_fill(none, 0.0);
  } else {
    weights = at::softmax(allowed.defined() ? scores + allowed : scores, -1);
  }
  return at::matmul(p > 0 ? at::dropout(weights, p, true) : weights, v);
}

}  // namespace

at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const at::Tensor& mask,
                     double p, bool causal) {
  TORCH_CHECK(query.dim() >= 2 && key.dim() >= 2 && value.dim() >= 2,
              "scaled_dot_product_attention: query, key and value must have at least 2 dimensions");
  TORCH_CHECK(!causal || !mask.defined(),
              "scaled_dot_product_attention: explicit attn_mask should not be set when is_casual=true");
  TORCH_CHECK(p >= 0 && p < 1, "scaled_dot_product_attention: dropout probability has to lie in [0, 1), but got ", p);
  bool bits = !mask.defined() || (mask.scalar_type() == at::kBool && mask.device().is_cpu() && mask.dim() <= 4);
  bool fused = plain(query) && plain(key) && plain(value) && query.dim() == 4 && key.dim() == 4 && value.dim() == 4 &&
               query.size(0) == key.size(0) && query.size(1) == key.size(1) && query.size(3) == key.size(3) &&
               value.size(0) == key.size(0) && value.size(1) == key.size(1) && value.size(2) == key.size(2) && bits &&
               query.numel() > 0 && key.numel() > 0 && value.numel() > 0;
  if (!fused) return composed(query, key, value, mask, p, causal);
  auto rows = [](const at::Tensor& t) { return t.stride(3) == 1 ? t : t.contiguous(); };
  auto q = rows(query), k = rows(key), v = rows(value);
  Optional<at::Tensor> allowed;
  if (mask.defined()) allowed = mask.expand({q.size(0), q.size(1), q.size(2), k.size(2)});
  if (records({&q, &k, &v})) return Attention::apply(q, k, v, allowed, p, causal);
  auto drop = p > 0 ? draw_dropout(p) : DropoutKey{0, 0, 0, 1.0f};
  return run(q, k, v, shape_of(q, k, v, allowed.value_or(at::Tensor()), causal, drop), nullptr);
}

}  // namespace ct
