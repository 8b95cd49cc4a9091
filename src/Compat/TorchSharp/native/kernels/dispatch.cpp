#include "kernels.h"

namespace ct {

const Kernels& kernels() {
#if defined(__x86_64__)
  static const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2) return kernels_avx2;
#endif
  return kernels_baseline;
}

}  // namespace ct
