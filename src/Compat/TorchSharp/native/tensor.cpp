// Birth, death, properties and bytes of a tensor.
#include "api.h"

#include <ATen/TensorIndexing.h>

#include <cstring>

using namespace ct;

static at::TensorOptions options(int32_t type, int32_t device_type, int32_t device_index, bool requires_grad) {
  auto result = at::TensorOptions().device(device(device_type, device_index)).requires_grad(false);
  if (type >= 0) result = result.dtype(static_cast<at::ScalarType>(type));
  return result;
}

// Factories make a leaf; asking for gradients afterwards keeps it one.
static at::Tensor leaf(at::Tensor tensor, int32_t requires_grad) {
  if (requires_grad) tensor.set_requires_grad(true);
  return tensor;
}

#define CT_OPTIONS options(type, device_type, device_index, false)
#define CT_OPTION_ARGS int32_t type, int32_t device_type, int32_t device_index, int32_t requires_grad

CT_API void ct_dispose(Handle handle) { c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(handle); }

CT_API Handle ct_alias(Handle a) { return release(view(a)); }

CT_API Handle ct_empty(const int64_t* size, int32_t n, CT_OPTION_ARGS) {
  return guard([&] { return leaf(at::empty(ints(size, n), CT_OPTIONS), requires_grad); });
}
CT_API Handle ct_zeros(const int64_t* size, int32_t n, CT_OPTION_ARGS) {
  return guard([&] { return leaf(at::zeros(ints(size, n), CT_OPTIONS), requires_grad); });
}
CT_API Handle ct_ones(const int64_t* size, int32_t n, CT_OPTION_ARGS) {
  return guard([&] { return leaf(at::ones(ints(size, n), CT_OPTIONS), requires_grad); });
}
CT_API Handle ct_full(const int64_t* size, int32_t n, Scalar value, CT_OPTION_ARGS) {
  return guard([&] { return leaf(at::full(ints(size, n), value, CT_OPTIONS), requires_grad); });
}
CT_API Handle ct_eye(int64_t rows, int64_t columns, CT_OPTION_ARGS) {
  return guard([&] { return leaf(at::eye(rows, columns, CT_OPTIONS), requires_grad); });
}
CT_API Handle ct_arange(Scalar start, Scalar stop, Scalar step, CT_OPTION_ARGS) {
  return guard([&] { return leaf(at::arange(start, stop, step, CT_OPTIONS), requires_grad); });
}
CT_API Handle ct_linspace(double start, double stop, int64_t steps, CT_OPTION_ARGS) {
  return guard([&] { return leaf(at::linspace(start, stop, steps, CT_OPTIONS), requires_grad); });
}

#define CT_GENERATOR \
  (generator ? Optional<at::Generator>(*static_cast<at::Generator*>(generator)) : Optional<at::Generator>())

CT_API Handle ct_rand(const int64_t* size, int32_t n, void* generator, CT_OPTION_ARGS) {
  return guard([&] { return leaf(at::rand(ints(size, n), CT_GENERATOR, CT_OPTIONS), requires_grad); });
}
CT_API Handle ct_randn(const int64_t* size, int32_t n, void* generator, CT_OPTION_ARGS) {
  return guard([&] { return leaf(at::randn(ints(size, n), CT_GENERATOR, CT_OPTIONS), requires_grad); });
}
CT_API Handle ct_randint(int64_t low, int64_t high, const int64_t* size, int32_t n, void* generator, CT_OPTION_ARGS) {
  return guard([&] { return leaf(at::randint(low, high, ints(size, n), CT_GENERATOR, CT_OPTIONS), requires_grad); });
}
CT_API Handle ct_randperm(int64_t count, void* generator, CT_OPTION_ARGS) {
  return guard([&] { return leaf(at::randperm(count, CT_GENERATOR, CT_OPTIONS), requires_grad); });
}
CT_API Handle ct_uniform_(Handle a, double from, double to, void* generator) {
  return guard([&] { return at::Tensor(view(a)).uniform_(from, to, CT_GENERATOR); });
}
CT_API Handle ct_normal_(Handle a, double mean, double std, void* generator) {
  return guard([&] { return at::Tensor(view(a)).normal_(mean, std, CT_GENERATOR); });
}
CT_API Handle ct_bernoulli_(Handle a, double p, void* generator) {
  return guard([&] { return at::Tensor(view(a)).bernoulli_(p, CT_GENERATOR); });
}
CT_API Handle ct_bernoulli(Handle a, void* generator) {
  return guard([&] { return view(a).bernoulli(CT_GENERATOR); });
}
CT_API Handle ct_multinomial(Handle a, int64_t count, int32_t replacement, void* generator) {
  return guard([&] { return view(a).multinomial(count, replacement != 0, CT_GENERATOR); });
}

// `kind`: 0 zeros, 1 ones, 2 empty, 3 rand, 4 randn. A type or device of -1 is the input's.
CT_API Handle ct_like(int32_t kind, Handle a, CT_OPTION_ARGS) {
  return guard([&] {
    auto o = view(a).options().requires_grad(false);
    if (type >= 0) o = o.dtype(static_cast<at::ScalarType>(type));
    if (device_type >= 0) o = o.device(device(device_type, device_index));
    at::Tensor made;
    switch (kind) {
      case 0: made = at::zeros_like(view(a), o); break;
      case 1: made = at::ones_like(view(a), o); break;
      case 2: made = at::empty_like(view(a), o); break;
      case 3: made = at::rand_like(view(a), o); break;
      default: made = at::randn_like(view(a), o); break;
    }
    return leaf(made, requires_grad);
  });
}
CT_API Handle ct_full_like(Handle a, Scalar value, CT_OPTION_ARGS) {
  return guard([&] {
    auto o = view(a).options().requires_grad(false);
    if (type >= 0) o = o.dtype(static_cast<at::ScalarType>(type));
    if (device_type >= 0) o = o.device(device(device_type, device_index));
    return leaf(at::full_like(view(a), value, o), requires_grad);
  });
}

// Copies `bytes` bytes of elements of type `source_type` into a new tensor of that type, then converts and moves it.
CT_API Handle ct_from_data(const void* data, int64_t bytes, int32_t source_type, const int64_t* size, int32_t n,
                           CT_OPTION_ARGS) {
  return guard([&] {
    auto made = at::empty(ints(size, n), at::TensorOptions().dtype(static_cast<at::ScalarType>(source_type)));
    TORCH_CHECK((int64_t)made.nbytes() == bytes, "mismatched total size creating a tensor from an array");
    if (bytes) std::memcpy(made.data_ptr(), data, bytes);
    auto target = type >= 0 ? static_cast<at::ScalarType>(type) : made.scalar_type();
    return leaf(made.to(device(device_type, device_index), target), requires_grad);
  });
}

CT_API int64_t ct_dim(Handle a) { return view(a).dim(); }
CT_API int64_t ct_numel(Handle a) { return view(a).numel(); }
CT_API int64_t ct_element_size(Handle a) { return (int64_t)view(a).element_size(); }
CT_API int32_t ct_dtype(Handle a) { return (int32_t)view(a).scalar_type(); }
CT_API int32_t ct_device_type(Handle a) { return (int32_t)view(a).device().type(); }
CT_API int32_t ct_device_index(Handle a) { return (int32_t)view(a).device().index(); }
CT_API void ct_sizes(Handle a, int64_t* out) {
  auto sizes = view(a).sizes();
  std::memcpy(out, sizes.data(), sizes.size() * sizeof(int64_t));
}
CT_API void ct_strides(Handle a, int64_t* out) {
  auto strides = view(a).strides();
  std::memcpy(out, strides.data(), strides.size() * sizeof(int64_t));
}
CT_API int64_t ct_size(Handle a, int64_t dim) {
  try {
    return view(a).size(dim);
  } catch (...) {
    set_current_exception();
    return -1;
  }
}
CT_API int64_t ct_storage_offset(Handle a) { return view(a).storage_offset(); }
CT_API int32_t ct_is_contiguous(Handle a) { return view(a).is_contiguous(); }
CT_API int32_t ct_is_sparse(Handle a) { return view(a).is_sparse(); }
CT_API void* ct_data_ptr(Handle a) {
  try {
    return view(a).data_ptr();
  } catch (...) {
    set_current_exception();
    return nullptr;
  }
}
// Writes one element of any type to `out` (at most 16 bytes), wherever the tensor lives.
CT_API int32_t ct_item(Handle a, void* out) {
  return guard_status([&] {
    TORCH_CHECK(view(a).numel() == 1, "a Tensor with ", view(a).numel(), " elements cannot be converted to Scalar");
    auto cpu = view(a).is_cpu() ? view(a) : view(a).detach().to(at::kCPU);
    std::memcpy(out, cpu.data_ptr(), cpu.element_size());
  });
}

CT_API Handle ct_to(Handle a, int32_t device_type, int32_t device_index, int32_t type, int32_t copy) {
  return guard([&] {
    auto target = device_type < 0 ? view(a).device() : device(device_type, device_index);
    auto scalar = type < 0 ? view(a).scalar_type() : static_cast<at::ScalarType>(type);
    return view(a).to(target, scalar, false, copy != 0);
  });
}

// One entry of an indexing expression; `kind` as TensorIndex.Kind on the managed side.
struct IndexEntry {
  int32_t kind;
  int32_t padding;
  int64_t start, stop, step;
  Handle tensor;
};

static std::vector<at::indexing::TensorIndex> decode(const IndexEntry* entries, int32_t count) {
  namespace ix = at::indexing;
  // Slice takes symbolic integers from libtorch 2.0 on, plain ones before.
  using Sym = Optional<c10::SymInt>;
  using Bound = std::conditional_t<std::is_constructible_v<ix::Slice, Sym, Sym, Sym>, Sym, Optional<int64_t>>;
  auto bound = [](int64_t v) { return v == INT64_MIN ? Bound() : Bound(v); };
  std::vector<ix::TensorIndex> result;
  result.reserve(count);
  for (int32_t i = 0; i < count; i++) {
    auto& e = entries[i];
    switch (e.kind) {
      case 0:
      case 2: result.emplace_back(ix::None); break;
      case 1: result.emplace_back(e.start); break;
      case 3: result.emplace_back(ix::Ellipsis); break;
      case 4: result.emplace_back(e.start != 0); break;
      case 5: result.emplace_back(view(e.tensor)); break;
      default: result.emplace_back(ix::Slice(bound(e.start), bound(e.stop), bound(e.step))); break;
    }
  }
  return result;
}

CT_API Handle ct_index(Handle a, const IndexEntry* entries, int32_t count) {
  return guard([&] { return view(a).index(decode(entries, count)); });
}
CT_API Handle ct_index_put_(Handle a, const IndexEntry* entries, int32_t count, Handle value) {
  return guard([&] { return at::Tensor(view(a)).index_put_(decode(entries, count), view(value)); });
}
CT_API Handle ct_index_put_scalar_(Handle a, const IndexEntry* entries, int32_t count, Scalar value) {
  return guard([&] { return at::Tensor(view(a)).index_put_(decode(entries, count), at::Scalar(value)); });
}
