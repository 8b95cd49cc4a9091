// Eight floats at a time, in GCC's vector extension: one AVX2 register, or two SSE ones. All names are local to the
// including file, which is compiled once for each instruction set.
#pragma once

#include <cstdint>
#include <cstring>

namespace {

#define CT_INLINE inline __attribute__((always_inline))

typedef float Vec __attribute__((vector_size(32)));
typedef int32_t VecI __attribute__((vector_size(32)));
typedef uint32_t VecU __attribute__((vector_size(32)));
typedef float VecLoose __attribute__((vector_size(32), aligned(4), may_alias));

constexpr int64_t kWidth = 8;

CT_INLINE int64_t round_up(int64_t n) { return (n + kWidth - 1) / kWidth * kWidth; }
CT_INLINE Vec load(const float* p) { return *reinterpret_cast<const VecLoose*>(p); }
CT_INLINE void store(float* p, Vec v) { *reinterpret_cast<VecLoose*>(p) = v; }
CT_INLINE Vec splat(float x) { return Vec{x, x, x, x, x, x, x, x}; }
CT_INLINE VecU splat_u(uint32_t x) { return VecU{x, x, x, x, x, x, x, x}; }
CT_INLINE Vec vmax(Vec a, Vec b) { return a > b ? a : b; }
CT_INLINE Vec vmin(Vec a, Vec b) { return a < b ? a : b; }
CT_INLINE Vec as_float(VecI v) { return reinterpret_cast<Vec>(v); }
CT_INLINE VecI as_int(Vec v) { return reinterpret_cast<VecI>(v); }

// The first `count` (0 to 7) floats, the rest filled.
CT_INLINE Vec load_part(const float* p, int64_t count, float fill) {
  float buffer[8];
  for (int64_t i = 0; i < 8; i++) buffer[i] = i < count ? p[i] : fill;
  return load(buffer);
}
CT_INLINE void store_part(float* p, Vec v, int64_t count) {
  float buffer[8];
  store(buffer, v);
  for (int64_t i = 0; i < count; i++) p[i] = buffer[i];
}

CT_INLINE float sum(Vec v) {
  float b[8];
  store(b, v);
  return ((b[0] + b[4]) + (b[1] + b[5])) + ((b[2] + b[6]) + (b[3] + b[7]));
}
CT_INLINE float max(Vec v) {
  float b[8];
  store(b, v);
  float m = b[0];
  for (int i = 1; i < 8; i++) m = b[i] > m ? b[i] : m;
  return m;
}

// e^x to about 1 ulp (Cephes' reduction and polynomial); 0 below -87.3, so that -inf gives exactly 0.
CT_INLINE Vec vexp(Vec x) {
  const Vec low = splat(-87.33654f);
  VecI live = x > low;
  x = vmin(vmax(x, low), splat(88.37626f));
  const Vec magic = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to a whole number
  Vec shifted = x * splat(1.44269504088896341f) + magic;
  Vec n = shifted - magic;
  VecI exponent = (as_int(shifted) - as_int(magic) + 127) << 23;
  Vec r = x - n * splat(0.693359375f);
  r = r - n * splat(-2.12194440e-4f);
  Vec p = splat(1.9875691500e-4f);
  p = p * r + splat(1.3981999507e-3f);
  p = p * r + splat(8.3334519073e-3f);
  p = p * r + splat(4.1665795894e-2f);
  p = p * r + splat(1.6666665459e-1f);
  p = p * r + splat(5.0000001201e-1f);
  p = p * (r * r) + r + splat(1.0f);
  return as_float(as_int(p * as_float(exponent)) & live);
}

// 32 random bits for each of eight counters: two rounds of a full-avalanche integer hash, the seed in between.
CT_INLINE VecU random_bits(VecU counter, uint32_t seed_low, uint32_t seed_high) {
  VecU x = counter ^ splat_u(seed_low);
  x ^= x >> 16;
  x *= splat_u(0x7feb352du);
  x ^= x >> 15;
  x *= splat_u(0x846ca68bu);
  x ^= x >> 16;
  x += splat_u(seed_high);
  x *= splat_u(0x9e3779b1u);
  x ^= x >> 15;
  x *= splat_u(0x85ebca77u);
  x ^= x >> 16;
  return x;
}

CT_INLINE VecU counters(uint32_t start) {
  return splat_u(start) + VecU{0, 1, 2, 3, 4, 5, 6, 7};
}

}  // namespace
