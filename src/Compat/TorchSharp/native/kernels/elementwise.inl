// Dropout, cross entropy, layer normalisation, column sums.

namespace {

// Element n takes the low 16 bits of counter (n / 16) * 8 + n % 8 when n % 16 < 8, the high 16 bits otherwise.
void dropout(const float* in, float* out, int64_t begin, int64_t end, DropoutKey key) {
  const VecI threshold = (VecI)splat_u(key.threshold);
  const Vec scale = splat(key.scale);
  int64_t i = begin;
  for (; i + 16 <= end; i += 16) {
    VecU bits = random_bits(counters((uint32_t)(i / 2)), key.seed_low, key.seed_high);
    VecI low = (VecI)(bits & splat_u(0xffffu)), high = (VecI)(bits >> 16);
    VecI keep_low = low >= threshold, keep_high = high >= threshold;
    store(out + i, as_float(as_int(load(in + i) * scale) & keep_low));
    store(out + i + 8, as_float(as_int(load(in + i + 8) * scale) & keep_high));
  }
  if (i < end) {
    float buffer[16], result[16];
    for (int64_t j = 0; j < 16; j++) buffer[j] = i + j < end ? in[i + j] : 0.0f;
    VecU bits = random_bits(counters((uint32_t)(i / 2)), key.seed_low, key.seed_high);
    VecI low = (VecI)(bits & splat_u(0xffffu)), high = (VecI)(bits >> 16);
    store(result, as_float(as_int(load(buffer) * scale) & (low >= threshold)));
    store(result + 8, as_float(as_int(load(buffer + 8) * scale) & (high >= threshold)));
    for (int64_t j = 0; i + j < end; j++) out[i + j] = result[j];
  }
}

// 1. the row's maximum, 2. the sum of exponentials and of logits.
void cross_entropy(const float* logits, const int64_t* target, float* loss, float* logsumexp, int64_t begin,
                   int64_t end, int64_t classes, int64_t row_stride, int64_t ignore, float smoothing) {
  for (int64_t i = begin; i < end; i++) {
    const float* row = logits + i * row_stride;
    if (target[i] == ignore) {
      loss[i] = 0;
      logsumexp[i] = 0;
      continue;
    }
    int64_t whole = classes / kWidth * kWidth;
    Vec m0 = splat(-__builtin_inff()), m1 = m0;
    int64_t j = 0;
    for (; j + 16 <= whole; j += 16) {
      m0 = vmax(m0, load(row + j));
      m1 = vmax(m1, load(row + j + 8));
    }
    for (; j < whole; j += 8) m0 = vmax(m0, load(row + j));
    if (j < classes) m1 = vmax(m1, load_part(row + j, classes - j, -__builtin_inff()));
    float top = max(vmax(m0, m1));
    Vec e0 = splat(0), e1 = splat(0), s0 = splat(0), s1 = splat(0);
    const Vec shift = splat(top);
    j = 0;
    for (; j + 16 <= whole; j += 16) {
      Vec a = load(row + j), b = load(row + j + 8);
      e0 += vexp(a - shift);
      e1 += vexp(b - shift);
      s0 += a;
      s1 += b;
    }
    for (; j < whole; j += 8) {
      Vec a = load(row + j);
      e0 += vexp(a - shift);
      s0 += a;
    }
    if (j < classes) {
      e1 += vexp(load_part(row + j, classes - j, -__builtin_inff()) - shift);
      s1 += load_part(row + j, classes - j, 0);
    }
    float lse = top + __builtin_logf(sum(e0 + e1));
    logsumexp[i] = lse;
    loss[i] = lse - (1.0f - smoothing) * row[target[i]];
    if (smoothing != 0) loss[i] -= smoothing / (float)classes * sum(s0 + s1);
  }
}

void cross_entropy_backward(const float* logits, const int64_t* target, const float* logsumexp, const float* weights,
                            int64_t weight_stride, float factor, float* grad, int64_t begin, int64_t end,
                            int64_t classes, int64_t row_stride, int64_t ignore, float smoothing) {
  for (int64_t i = begin; i < end; i++) {
    const float* row = logits + i * row_stride;
    float* out = grad + i * classes;
    if (target[i] == ignore) {
      std::memset(out, 0, sizeof(float) * (size_t)classes);
      continue;
    }
    float weight = weights[i * weight_stride] * factor;
    const Vec w = splat(weight), shift = splat(logsumexp[i]), spread = splat(smoothing / (float)classes);
    int64_t whole = classes / kWidth * kWidth, j = 0;
    for (; j < whole; j += 8) store(out + j, w * (vexp(load(row + j) - shift) - spread));
    if (j < classes) {
      Vec x = load_part(row + j, classes - j, 0);
      store_part(out + j, w * (vexp(x - shift) - spread), classes - j);
    }
    out[target[i]] -= weight * (1.0f - smoothing);
  }
}

void layer_norm(const float* in, const float* weight, const float* bias, float* out, float* mean, float* rstd,
                int64_t begin, int64_t end, int64_t width, float eps) {
  int64_t whole = width / kWidth * kWidth, rest = width - whole;
  for (int64_t i = begin; i < end; i++) {
    const float* x = in + i * width;
    float* y = out + i * width;
    Vec s0 = splat(0), s1 = splat(0);
    int64_t j = 0;
    for (; j + 16 <= whole; j += 16) {
      s0 += load(x + j);
      s1 += load(x + j + 8);
    }
    for (; j < whole; j += 8) s0 += load(x + j);
    if (rest) s1 += load_part(x + j, rest, 0);
    float mu = sum(s0 + s1) / (float)width;
    const Vec centre = splat(mu);
    s0 = s1 = splat(0);
    for (j = 0; j + 16 <= whole; j += 16) {
      Vec a = load(x + j) - centre, b = load(x + j + 8) - centre;
      s0 += a * a;
      s1 += b * b;
    }
    for (; j < whole; j += 8) {
      Vec a = load(x + j) - centre;
      s0 += a * a;
    }
    if (rest) {
      Vec a = load_part(x + j, rest, mu) - centre;
      s1 += a * a;
    }
    float r = 1.0f / __builtin_sqrtf(sum(s0 + s1) / (float)width + eps);
    mean[i] = mu;
    rstd[i] = r;
    const Vec inverse = splat(r);
    for (j = 0; j < whole; j += 8) {
      Vec v = (load(x + j) - centre) * inverse;
      if (weight) v = v * load(weight + j);
      if (bias) v = v + load(bias + j);
      store(y + j, v);
    }
    if (rest) {
      Vec v = (load_part(x + j, rest, 0) - centre) * inverse;
      if (weight) v = v * load_part(weight + j, rest, 0);
      if (bias) v = v + load_part(bias + j, rest, 0);
      store_part(y + j, v, rest);
    }
  }
}

// With n = (x - mean) * rstd and g = grad * weight: dx = rstd * (g - mean(g) - n * mean(g * n)).
void layer_norm_backward(const float* grad, const float* in, const float* weight, const float* mean, const float* rstd,
                         float* grad_in, float* grad_weight, float* grad_bias, int64_t begin, int64_t end,
                         int64_t width) {
  int64_t whole = width / kWidth * kWidth, rest = width - whole;
  for (int64_t i = begin; i < end; i++) {
    const float* x = in + i * width;
    const float* dy = grad + i * width;
    const Vec centre = splat(mean[i]), inverse = splat(rstd[i]);
    Vec sum_g = splat(0), sum_gn = splat(0);
    for (int64_t j = 0; j < width; j += kWidth) {
      bool part = j >= whole;
      Vec d = part ? load_part(dy + j, rest, 0) : load(dy + j);
      Vec n = ((part ? load_part(x + j, rest, mean[i]) : load(x + j)) - centre) * inverse;
      Vec g = d;
      if (weight) g = g * (part ? load_part(weight + j, rest, 0) : load(weight + j));
      sum_g += g;
      sum_gn += g * n;
      if (grad_weight) {
        if (part) store_part(grad_weight + j, load_part(grad_weight + j, rest, 0) + d * n, rest);
        else store(grad_weight + j, load(grad_weight + j) + d * n);
      }
      if (grad_bias) {
        if (part) store_part(grad_bias + j, load_part(grad_bias + j, rest, 0) + d, rest);
        else store(grad_bias + j, load(grad_bias + j) + d);
      }
    }
    if (!grad_in) continue;
    float* dx = grad_in + i * width;
    const Vec mean_g = splat(sum(sum_g) / (float)width), mean_gn = splat(sum(sum_gn) / (float)width);
    for (int64_t j = 0; j < width; j += kWidth) {
      bool part = j >= whole;
      Vec d = part ? load_part(dy + j, rest, 0) : load(dy + j);
      Vec n = ((part ? load_part(x + j, rest, 0) : load(x + j)) - centre) * inverse;
      if (weight) d = d * (part ? load_part(weight + j, rest, 0) : load(weight + j));
      Vec v = inverse * (d - mean_g - n * mean_gn);
      if (part) store_part(dx + j, v, rest);
      else store(dx + j, v);
    }
  }
}

void column_sums(const float* in, float* sums, int64_t begin, int64_t end, int64_t width) {
  int64_t j = 0;
  for (; j + 32 <= width; j += 32) {
    Vec a = load(sums + j), b = load(sums + j + 8), c = load(sums + j + 16), d = load(sums + j + 24);
    for (int64_t i = begin; i < end; i++) {
      const float* row = in + i * width + j;
      a += load(row);
      b += load(row + 8);
      c += load(row + 16);
      d += load(row + 24);
    }
    store(sums + j, a);
    store(sums + j + 8, b);
    store(sums + j + 16, c);
    store(sums + j + 24, d);
  }
  for (; j < width; j++) {
    float s = sums[j];
    for (int64_t i = begin; i < end; i++) s += in[i * width + j];
    sums[j] = s;
  }
}

}  // namespace
