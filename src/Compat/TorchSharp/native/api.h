// What every exported function shares: how tensors cross the border, how scalars and lists do, how errors do.
//
// A handle is the bare c10::TensorImpl* with one reference owned by the managed Tensor, so that borrowing it costs
// nothing. A null handle is an undefined tensor. A function that fails returns null (or -1) and leaves its message
// in ct_last_error of the calling thread.
#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/api/include/torch/version.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#define CT_API extern "C" __attribute__((visibility("default")))

namespace ct {

using Handle = c10::TensorImpl*;
static_assert(sizeof(at::Tensor) == sizeof(Handle), "at::Tensor must be one pointer to be borrowed from a handle");

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)
template <typename T> using Optional = std::optional<T>;
#else
template <typename T> using Optional = c10::optional<T>;
#endif

// Reads a handle as a tensor without touching its reference count. The handle must not be null.
inline const at::Tensor& view(const Handle& handle) { return reinterpret_cast<const at::Tensor&>(handle); }

// The same for an argument that may be absent.
inline at::Tensor maybe(const Handle& handle) { return handle ? view(handle) : at::Tensor(); }

inline Optional<at::Tensor> optional(const Handle& handle) {
  return handle ? Optional<at::Tensor>(view(handle)) : Optional<at::Tensor>();
}

// Gives the tensor's reference to the caller.
inline Handle release(at::Tensor tensor) { return tensor.defined() ? tensor.unsafeReleaseTensorImpl() : nullptr; }

// A number with the kind it had in the program: 0 floating point, 1 integer, 2 boolean.
struct Scalar {
  int32_t kind;
  int32_t padding;
  union {
    double real;
    int64_t integer;
  };
  operator at::Scalar() const {
    switch (kind) {
      case 0: return at::Scalar(real);
      case 1: return at::Scalar(integer);
      default: return at::Scalar(integer != 0);
    }
  }
};

// Scalar type, or -1 for "as the default" / "as the input".
inline Optional<at::ScalarType> dtype(int32_t type) {
  return type < 0 ? Optional<at::ScalarType>() : Optional<at::ScalarType>(static_cast<at::ScalarType>(type));
}

inline at::Device device(int32_t type, int32_t index) {
  return at::Device(static_cast<at::DeviceType>(type), static_cast<at::DeviceIndex>(index));
}

void set_error(const char* message);
void set_current_exception();

// Runs a function that returns a tensor; what it throws becomes the thread's last error.
template <typename F> Handle guard(F&& function) noexcept {
  try {
    return release(function());
  } catch (...) {
    set_current_exception();
    return nullptr;
  }
}

// The same for functions without a tensor to return: 0 or -1.
template <typename F> int32_t guard_status(F&& function) noexcept {
  try {
    function();
    return 0;
  } catch (...) {
    set_current_exception();
    return -1;
  }
}

// A list of handles on its way to the managed side, which frees it with ct_free.
struct HandleList {
  Handle* items;
  int64_t count;
};

HandleList release_list(const std::vector<at::Tensor>& tensors);

inline std::vector<at::Tensor> borrow_list(const Handle* handles, int64_t count) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(count);
  for (int64_t i = 0; i < count; i++) tensors.push_back(maybe(handles[i]));
  return tensors;
}

inline at::IntArrayRef ints(const int64_t* values, int32_t count) { return at::IntArrayRef(values, count); }

}  // namespace ct
