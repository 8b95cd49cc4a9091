// Scaled dot-product attention of one (batch, head): small products, softmax and dropout without leaving the cache.
//
// Operands are first packed into rows padded with zeros to whole vectors. Targets are taken in blocks, so that a
// block's weights stay in the cache however long the sequences are.

namespace {

constexpr int64_t kTargetBlock = 64;

// C[MR, NV * 8] (+)= A · B, where A(i, k) lies at a[i * row + k * column].
template <int MR, int NV>
CT_INLINE void product_tile(const float* a, int64_t row, int64_t column, const float* b, int64_t ldb, float* c,
                            int64_t ldc, int64_t depth, bool add) {
  Vec acc[MR][NV];
  for (int i = 0; i < MR; i++)
    for (int j = 0; j < NV; j++) acc[i][j] = add ? load(c + i * ldc + j * 8) : splat(0);
  for (int64_t k = 0; k < depth; k++) {
    Vec w[NV];
    for (int j = 0; j < NV; j++) w[j] = load(b + k * ldb + j * 8);
    for (int i = 0; i < MR; i++) {
      Vec x = splat(a[i * row + k * column]);
      for (int j = 0; j < NV; j++) acc[i][j] += x * w[j];
    }
  }
  for (int i = 0; i < MR; i++)
    for (int j = 0; j < NV; j++) store(c + i * ldc + j * 8, acc[i][j]);
}

template <int NV>
CT_INLINE void product_strip(const float* a, int64_t row, int64_t column, const float* b, int64_t ldb, float* c,
                             int64_t ldc, int64_t rows, int64_t depth, bool add) {
  int64_t i = 0;
  for (; i + 4 <= rows; i += 4)
    product_tile<4, NV>(a + i * row, row, column, b, ldb, c + i * ldc, ldc, depth, add);
  for (; i < rows; i++) product_tile<1, NV>(a + i * row, row, column, b, ldb, c + i * ldc, ldc, depth, add);
}

// C[rows, columns] (+)= A[rows, depth] · B[depth, columns]; columns is a multiple of 8.
void product(const float* a, int64_t row, int64_t column, const float* b, int64_t ldb, float* c, int64_t ldc,
             int64_t rows, int64_t columns, int64_t depth, bool add) {
  int64_t j = 0;
  for (; j + 24 <= columns; j += 24) product_strip<3>(a, row, column, b + j, ldb, c + j, ldc, rows, depth, add);
  if (columns - j == 16) product_strip<2>(a, row, column, b + j, ldb, c + j, ldc, rows, depth, add);
  else if (columns - j == 8) product_strip<1>(a, row, column, b + j, ldb, c + j, ldc, rows, depth, add);
}

// Rows of `width` floats into rows of round_up(width), scaled.
void pack(const float* from, int64_t stride, float* to, int64_t rows, int64_t width, float scale) {
  int64_t padded = round_up(width), whole = width / kWidth * kWidth;
  const Vec s = splat(scale);
  for (int64_t i = 0; i < rows; i++) {
    int64_t j = 0;
    for (; j < whole; j += 8) store(to + i * padded + j, load(from + i * stride + j) * s);
    if (j < width) store(to + i * padded + j, load_part(from + i * stride + j, width - j, 0) * s);
  }
}

// The transpose: [rows, width] into [width, round_up(rows)].
void pack_transposed(const float* from, int64_t stride, float* to, int64_t rows, int64_t width) {
  int64_t padded = round_up(rows);
  for (int64_t i0 = 0; i0 < padded; i0 += 8) {
    int64_t live = rows - i0 < 8 ? rows - i0 : 8;
    for (int64_t j = 0; j < width; j++) {
      float buffer[8];
      for (int64_t i = 0; i < 8; i++) buffer[i] = i < live ? from[(i0 + i) * stride + j] : 0.0f;
      store(to + j * padded + i0, load(buffer));
    }
  }
}

void unpack(const float* from, float* to, int64_t stride, int64_t rows, int64_t width, float scale) {
  int64_t padded = round_up(width), whole = width / kWidth * kWidth;
  const Vec s = splat(scale);
  for (int64_t i = 0; i < rows; i++) {
    int64_t j = 0;
    for (; j < whole; j += 8) store(to + i * stride + j, load(from + i * padded + j) * s);
    if (j < width) store_part(to + i * stride + j, load(from + i * padded + j) * s, width - j);
  }
}

int64_t attention_saved_width(int64_t sources) { return round_up(sources); }

int64_t attention_scratch(const AttentionShape& s) {
  int64_t T = s.targets, S = s.sources, K = round_up(s.key_width), V = round_up(s.value_width), P = round_up(S);
  int64_t block = T < kTargetBlock ? T : kTargetBlock;
  // forward: q, kᵀ, v, weights, out; backward: q, k, vᵀ, grad, three gradients, two blocks of weights, mask row.
  return (s.key_width + s.value_width) * P + 2 * S * (K + V) + block * (2 * K + 2 * V + 3 * P) + P;
}

// Adds 0 to what takes part and -inf to the rest; false if nothing does.
CT_INLINE bool mask_row(const AttentionShape& s, int64_t batch, int64_t head, int64_t t, float* bias) {
  int64_t S = s.sources, padded = round_up(S);
  const float none = -__builtin_inff();
  int64_t visible = s.causal && t + 1 < S ? t + 1 : S;
  bool any = false;
  if (s.mask) {
    const uint8_t* m = s.mask + batch * s.mask_batch + head * s.mask_head + t * s.mask_target;
    for (int64_t j = 0; j < visible; j++) {
      bool live = m[j * s.mask_source] != 0;
      bias[j] = live ? 0.0f : none;
      any |= live;
    }
  } else {
    for (int64_t j = 0; j < visible; j++) bias[j] = 0.0f;
    any = visible > 0;
  }
  for (int64_t j = visible; j < padded; j++) bias[j] = none;
  return any;
}

// Dropout of weights: one 32-bit draw an element, of which 16 bits decide as everywhere.
CT_INLINE Vec drop(Vec x, uint32_t number, const DropoutKey& key) {
  VecU bits = random_bits(counters(number), key.seed_low, key.seed_high);
  VecI keep = (VecI)(bits >> 16) >= (VecI)splat_u(key.threshold);
  return as_float(as_int(x * splat(key.scale)) & keep);
}

void attention(const AttentionShape& s, AttentionOperand q, AttentionOperand k, AttentionOperand v,
               AttentionOperand out, float* saved, float* scratch, int64_t item) {
  int64_t batch = item / s.heads, head = item % s.heads;
  int64_t T = s.targets, S = s.sources, K = round_up(s.key_width), V = round_up(s.value_width), P = round_up(S);
  float* kt = scratch;               // [key_width, P]
  float* vp = kt + s.key_width * P;  // [S, V]
  float* qp = vp + S * V;            // [block, K]
  int64_t block = T < kTargetBlock ? T : kTargetBlock;
  float* weights = qp + block * K;      // [block, P]
  float* result = weights + block * P;  // [block, V]
  float* bias = result + block * V;     // [P]

  pack_transposed(k.data + batch * k.batch + head * k.head, k.row, kt, S, s.key_width);
  pack(v.data + batch * v.batch + head * v.head, v.row, vp, S, s.value_width, 1.0f);
  bool shared_mask = !s.causal && (!s.mask || s.mask_target == 0);
  bool any = shared_mask ? mask_row(s, batch, head, 0, bias) : false;

  for (int64_t t0 = 0; t0 < T; t0 += kTargetBlock) {
    int64_t rows = T - t0 < kTargetBlock ? T - t0 : kTargetBlock;
    pack(q.data + batch * q.batch + head * q.head + t0 * q.row, q.row, qp, rows, s.key_width, s.scale);
    product(qp, K, 1, kt, P, weights, P, rows, P, s.key_width, false);
    for (int64_t t = 0; t < rows; t++) {
      float* w = weights + t * P;
      if (!shared_mask) any = mask_row(s, batch, head, t0 + t, bias);
      if (!any) {
        std::memset(w, 0, sizeof(float) * (size_t)P);
        if (saved) std::memset(saved + (item * T + t0 + t) * P, 0, sizeof(float) * (size_t)P);
        continue;
      }
      Vec top = splat(-__builtin_inff());
      for (int64_t j = 0; j < P; j += 8) {
        Vec x = load(w + j) + load(bias + j);
        store(w + j, x);
        top = vmax(top, x);
      }
      const Vec shift = splat(max(top));
      Vec total = splat(0);
      for (int64_t j = 0; j < P; j += 8) {
        Vec e = vexp(load(w + j) - shift);
        store(w + j, e);
        total += e;
      }
      const Vec inverse = splat(1.0f / sum(total));
      uint32_t number = (uint32_t)((item * T + t0 + t) * P);
      for (int64_t j = 0; j < P; j += 8) {
        Vec p = load(w + j) * inverse;
        if (saved) store(saved + (item * T + t0 + t) * P + j, p);
        if (s.dropout.threshold) p = drop(p, number + (uint32_t)j, s.dropout);
        store(w + j, p);
      }
    }
    product(weights, P, 1, vp, V, result, V, rows, V, S, false);
    unpack(result, out.data + batch * out.batch + head * out.head + t0 * out.row, out.row, rows, s.value_width, 1.0f);
  }
}

// With D = dropout(P): dV = Dᵀ dO; dP = drop(dO Vᵀ); dS = P (dP - rowsum(P dP)); dQ = dS K scale; dK = dSᵀ Q scale.
void attention_backward(const AttentionShape& s, AttentionOperand q, AttentionOperand k, AttentionOperand v,
                        AttentionOperand grad, const float* saved, AttentionOperand grad_q, AttentionOperand grad_k,
                        AttentionOperand grad_v, float* scratch, int64_t item) {
  int64_t batch = item / s.heads, head = item % s.heads;
  int64_t T = s.targets, S = s.sources, K = round_up(s.key_width), V = round_up(s.value_width), P = round_up(S);
  int64_t block = T < kTargetBlock ? T : kTargetBlock;
  float* vt = scratch;                 // [value_width, P]
  float* kp = vt + s.value_width * P;  // [S, K]
  float* dk = kp + S * K;              // [S, K]
  float* dv = dk + S * K;              // [S, V]
  float* qp = dv + S * V;              // [block, K], scaled
  float* dq = qp + block * K;          // [block, K]
  float* go = dq + block * K;          // [block, V]
  float* dropped = go + block * V;     // [block, P]
  float* ds = dropped + block * P;     // [block, P]

  pack_transposed(v.data + batch * v.batch + head * v.head, v.row, vt, S, s.value_width);
  pack(k.data + batch * k.batch + head * k.head, k.row, kp, S, s.key_width, 1.0f);
  for (int64_t t0 = 0; t0 < T; t0 += kTargetBlock) {
    int64_t rows = T - t0 < kTargetBlock ? T - t0 : kTargetBlock;
    bool add = t0 > 0;
    pack(q.data + batch * q.batch + head * q.head + t0 * q.row, q.row, qp, rows, s.key_width, s.scale);
    pack(grad.data + batch * grad.batch + head * grad.head + t0 * grad.row, grad.row, go, rows, s.value_width, 1.0f);
    product(go, V, 1, vt, P, ds, P, rows, P, s.value_width, false);
    for (int64_t t = 0; t < rows; t++) {
      const float* p = saved + (item * T + t0 + t) * P;
      float* d = ds + t * P;
      uint32_t number = (uint32_t)((item * T + t0 + t) * P);
      Vec dot = splat(0);
      for (int64_t j = 0; j < P; j += 8) {
        Vec w = load(p + j), g = load(d + j);
        if (s.dropout.threshold) {
          g = drop(g, number + (uint32_t)j, s.dropout);
          store(d + j, g);
          store(dropped + t * P + j, drop(w, number + (uint32_t)j, s.dropout));
        } else {
          store(dropped + t * P + j, w);
        }
        dot += w * g;
      }
      const Vec mean = splat(sum(dot));
      for (int64_t j = 0; j < P; j += 8) store(d + j, load(p + j) * (load(d + j) - mean));
    }
    product(dropped, 1, P, go, V, dv, V, S, V, rows, add);
    product(ds, P, 1, kp, K, dq, K, rows, K, S, false);
    product(ds, 1, P, qp, K, dk, K, S, K, rows, add);
    unpack(dq, grad_q.data + batch * grad_q.batch + head * grad_q.head + t0 * grad_q.row, grad_q.row, rows, s.key_width,
           s.scale);
  }
  unpack(dk, grad_k.data + batch * grad_k.batch + head * grad_k.head, grad_k.row, S, s.key_width, 1.0f);
  unpack(dv, grad_v.data + batch * grad_v.batch + head * grad_v.head, grad_v.row, S, s.value_width, 1.0f);
}

}  // namespace
