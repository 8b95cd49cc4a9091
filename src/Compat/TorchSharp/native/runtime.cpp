// Errors, threads, random numbers, memory: what belongs to the process, not to a tensor.
#include "api.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>
#include <dlfcn.h>
#include <malloc.h>

#include <cstdlib>
#include <cstring>

namespace ct {

static thread_local std::string last_error;
static thread_local bool has_error = false;

void set_error(const char* message) {
  last_error = message;
  has_error = true;
}

void set_current_exception() {
  try {
    throw;
  } catch (const c10::Error& e) {
    set_error(e.what_without_backtrace());
  } catch (const std::exception& e) {
    set_error(e.what());
  } catch (...) {
    set_error("an unknown native exception");
  }
}

HandleList release_list(const std::vector<at::Tensor>& tensors) {
  HandleList list{static_cast<Handle*>(std::malloc(sizeof(Handle) * (tensors.size() + 1))), (int64_t)tensors.size()};
  for (size_t i = 0; i < tensors.size(); i++) list.items[i] = release(tensors[i]);
  return list;
}

// Training frees and takes the same large blocks every step. By default glibc maps each of them anew and the kernel
// clears every page again; kept in the heap they cost nothing.
__attribute__((constructor)) static void keep_large_blocks() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 64 << 20);
}

}  // namespace ct

using namespace ct;

CT_API const char* ct_last_error() {
  if (!has_error) return nullptr;
  has_error = false;
  return last_error.c_str();
}

CT_API void ct_free(void* memory) { std::free(memory); }

CT_API const char* ct_version() { return TORCH_VERSION; }

CT_API int32_t ct_get_num_threads() { return at::get_num_threads(); }

CT_API int32_t ct_set_num_threads(int32_t count) {
  return guard_status([&] {
    at::set_num_threads(count);
    // OpenBLAS built on pthreads keeps a pool of its own, which libtorch does not know of.
    static auto set_blas = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
    if (set_blas) set_blas(count);
  });
}

CT_API int32_t ct_get_num_interop_threads() { return at::get_num_interop_threads(); }

CT_API int32_t ct_set_num_interop_threads(int32_t count) {
  return guard_status([&] { at::set_num_interop_threads(count); });
}

CT_API int32_t ct_cuda_is_available() { return at::hasCUDA() ? 1 : 0; }

CT_API int32_t ct_cuda_device_count() {
  return at::hasCUDA() ? (int32_t)c10::impl::VirtualGuardImpl(at::kCUDA).deviceCount() : 0;
}

CT_API int32_t ct_manual_seed(int64_t seed) {
  return guard_status([&] { at::manual_seed((uint64_t)seed); });
}

// Generators: a null pointer stands for the default one of the CPU.
CT_API void* ct_generator_new(uint64_t seed) { return new at::Generator(at::detail::createCPUGenerator(seed)); }

CT_API void* ct_generator_default() { return new at::Generator(at::detail::getDefaultCPUGenerator()); }

CT_API void ct_generator_delete(void* generator) { delete static_cast<at::Generator*>(generator); }

CT_API int32_t ct_generator_set_seed(void* generator, int64_t seed) {
  return guard_status([&] {
    auto& g = *static_cast<at::Generator*>(generator);
    std::lock_guard<std::mutex> lock(g.mutex());
    g.set_current_seed((uint64_t)seed);
  });
}

CT_API int64_t ct_generator_seed(void* generator) {
  auto& g = *static_cast<at::Generator*>(generator);
  std::lock_guard<std::mutex> lock(g.mutex());
  return (int64_t)g.seed();
}

CT_API int64_t ct_generator_initial_seed(void* generator) {
  return (int64_t)static_cast<at::Generator*>(generator)->current_seed();
}

CT_API Handle ct_generator_get_state(void* generator) {
  return guard([&] {
    auto& g = *static_cast<at::Generator*>(generator);
    std::lock_guard<std::mutex> lock(g.mutex());
    return g.get_state();
  });
}

CT_API int32_t ct_generator_set_state(void* generator, Handle state) {
  return guard_status([&] {
    auto& g = *static_cast<at::Generator*>(generator);
    std::lock_guard<std::mutex> lock(g.mutex());
    g.set_state(view(state));
  });
}
