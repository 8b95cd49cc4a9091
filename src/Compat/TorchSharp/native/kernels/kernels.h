// Arithmetic on plain float arrays, apart from libtorch. Every kernel is compiled twice, for AVX2 with FMA and for
// baseline x86-64; the table of the better one is chosen when the library is first used.
// No kernel's result depends on the number of threads: work is cut into blocks of fixed size, sums added in order.
#pragma once

#include <cstdint>

namespace ct {

// Random bits are a function of (seed, element number): a pass can draw them again instead of storing a mask.
struct DropoutKey {
  uint32_t seed_low;
  uint32_t seed_high;
  uint32_t threshold;  // an element is dropped when its 16 random bits lie below; 0 keeps all
  float scale;         // of those kept: 65536 / (65536 - threshold)
};

// Strides of a [B, H, rows, width] operand in elements; the width is contiguous.
struct AttentionOperand {
  float* data;
  int64_t batch, head, row;
};

struct AttentionShape {
  int64_t batch, heads;
  int64_t targets, sources;  // T, S
  int64_t key_width, value_width;
  float scale;
  int32_t causal;
  // True takes part; null for none. Strides broadcast with 0.
  const uint8_t* mask;
  int64_t mask_batch, mask_head, mask_target, mask_source;
  DropoutKey dropout;
};

struct Kernels {
  // out = dropout(in), elements [begin, end) of a whole whose element numbers count from 0; begin is a multiple of 16.
  void (*dropout)(const float* in, float* out, int64_t begin, int64_t end, DropoutKey key);

  // Rows [begin, end) of -log softmax smoothed: loss and log-sum-exp a row. Ignored targets give loss 0.
  void (*cross_entropy)(const float* logits, const int64_t* target, float* loss, float* logsumexp, int64_t begin,
                        int64_t end, int64_t classes, int64_t row_stride, int64_t ignore, float smoothing);
  // grad[i, :] = weight_i * (softmax(logits[i, :]) - target distribution); weight_i = weights[i * weight_stride].
  void (*cross_entropy_backward)(const float* logits, const int64_t* target, const float* logsumexp,
                                 const float* weights, int64_t weight_stride, float factor, float* grad, int64_t begin,
                                 int64_t end, int64_t classes, int64_t row_stride, int64_t ignore, float smoothing);

  void (*layer_norm)(const float* in, const float* weight, const float* bias, float* out, float* mean, float* rstd,
                     int64_t begin, int64_t end, int64_t width, float eps);
  // Adds the rows' parts to grad_weight and grad_bias (either may be null); grad_in may be null.
  void (*layer_norm_backward)(const float* grad, const float* in, const float* weight, const float* mean,
                              const float* rstd, float* grad_in, float* grad_weight, float* grad_bias, int64_t begin,
                              int64_t end, int64_t width);

  // Floats of scratch that one (batch, head) needs, and floats of one saved row of weights.
  int64_t (*attention_scratch)(const AttentionShape& shape);
  int64_t (*attention_saved_width)(int64_t sources);
  // saved: [B, H, T, saved_width] softmax weights before dropout, or null when no gradient will be asked for.
  void (*attention)(const AttentionShape& shape, AttentionOperand q, AttentionOperand k, AttentionOperand v,
                    AttentionOperand out, float* saved, float* scratch, int64_t item);
  void (*attention_backward)(const AttentionShape& shape, AttentionOperand q, AttentionOperand k, AttentionOperand v,
                             AttentionOperand grad, const float* saved, AttentionOperand grad_q,
                             AttentionOperand grad_k, AttentionOperand grad_v, float* scratch, int64_t item);

  // column_sums += sum over rows [begin, end) of in.
  void (*column_sums)(const float* in, float* sums, int64_t begin, int64_t end, int64_t width);
};

const Kernels& kernels();

extern const Kernels kernels_baseline;
#if defined(__x86_64__)
extern const Kernels kernels_avx2;
#endif

}  // namespace ct
