// Element-wise arithmetic, comparisons, reductions and products.
#include "api.h"

using namespace ct;

#define CT_UNARY(name) \
  CT_API Handle ct_##name(Handle a) { return guard([&] { return view(a).name(); }); }
#define CT_UNARY_INPLACE(name) \
  CT_API Handle ct_##name(Handle a) { return guard([&] { return at::Tensor(view(a)).name(); }); }
#define CT_UNARY_BOTH(name) CT_UNARY(name) CT_UNARY_INPLACE(name##_)
#define CT_BINARY(name) \
  CT_API Handle ct_##name(Handle a, Handle b) { return guard([&] { return view(a).name(view(b)); }); }
#define CT_BINARY_INPLACE(name) \
  CT_API Handle ct_##name(Handle a, Handle b) { return guard([&] { return at::Tensor(view(a)).name(view(b)); }); }
#define CT_SCALAR(name) \
  CT_API Handle ct_##name##_scalar(Handle a, Scalar b) { return guard([&] { return view(a).name(at::Scalar(b)); }); }
#define CT_SCALAR_INPLACE(name)                         \
  CT_API Handle ct_##name##_scalar(Handle a, Scalar b) { \
    return guard([&] { return at::Tensor(view(a)).name(at::Scalar(b)); }); \
  }
#define CT_ARITHMETIC(name) \
  CT_BINARY(name) CT_BINARY_INPLACE(name##_) CT_SCALAR(name) CT_SCALAR_INPLACE(name##_)

CT_UNARY_BOTH(abs)
CT_UNARY_BOTH(neg)
CT_UNARY_BOTH(exp)
CT_UNARY_BOTH(expm1)
CT_UNARY_BOTH(log)
CT_UNARY_BOTH(log2)
CT_UNARY_BOTH(log10)
CT_UNARY_BOTH(log1p)
CT_UNARY_BOTH(sqrt)
CT_UNARY_BOTH(rsqrt)
CT_UNARY_BOTH(reciprocal)
CT_UNARY(square)
CT_UNARY_BOTH(sin)
CT_UNARY_BOTH(cos)
CT_UNARY_BOTH(tan)
CT_UNARY_BOTH(asin)
CT_UNARY_BOTH(acos)
CT_UNARY_BOTH(atan)
CT_UNARY_BOTH(sinh)
CT_UNARY_BOTH(cosh)
CT_UNARY_BOTH(tanh)
CT_UNARY_BOTH(sigmoid)
CT_UNARY_BOTH(relu)
CT_UNARY_BOTH(sign)
CT_UNARY_BOTH(floor)
CT_UNARY_BOTH(ceil)
CT_UNARY_BOTH(round)
CT_UNARY_BOTH(trunc)
CT_UNARY_BOTH(frac)
CT_UNARY_BOTH(erf)
CT_UNARY_BOTH(logical_not)
CT_UNARY_BOTH(bitwise_not)
CT_UNARY(isfinite)
CT_UNARY(isnan)
CT_UNARY(isinf)
CT_UNARY(nonzero)
CT_UNARY(argmax)
CT_UNARY(argmin)
CT_UNARY(median)
CT_UNARY(max)
CT_UNARY(min)
CT_UNARY(all)
CT_UNARY(any)
CT_UNARY(trace)

CT_ARITHMETIC(mul)
CT_ARITHMETIC(eq)
CT_ARITHMETIC(ne)
CT_ARITHMETIC(lt)
CT_ARITHMETIC(le)
CT_ARITHMETIC(gt)
CT_ARITHMETIC(ge)
CT_ARITHMETIC(pow)
CT_ARITHMETIC(remainder)
CT_ARITHMETIC(fmod)
CT_ARITHMETIC(floor_divide)
CT_BINARY(maximum)
CT_BINARY(minimum)
CT_BINARY(atan2)
CT_BINARY(logical_and)
CT_BINARY(logical_or)
CT_BINARY(logical_xor)
CT_BINARY_INPLACE(logical_and_)
CT_BINARY_INPLACE(logical_or_)
CT_BINARY_INPLACE(logical_xor_)
CT_BINARY(bitwise_and)
CT_BINARY(bitwise_or)
CT_BINARY(bitwise_xor)
CT_BINARY_INPLACE(bitwise_and_)
CT_BINARY_INPLACE(bitwise_or_)
CT_BINARY_INPLACE(bitwise_xor_)
CT_BINARY(matmul)
CT_BINARY(mm)
CT_BINARY(bmm)
CT_BINARY(mv)
CT_BINARY(dot)
CT_BINARY(outer)

CT_API Handle ct_add(Handle a, Handle b, Scalar alpha) { return guard([&] { return view(a).add(view(b), alpha); }); }
CT_API Handle ct_add_(Handle a, Handle b, Scalar alpha) {
  return guard([&] { return at::Tensor(view(a)).add_(view(b), alpha); });
}
CT_API Handle ct_add_scalar(Handle a, Scalar b, Scalar alpha) {
  return guard([&] { return view(a).add(at::Scalar(b), alpha); });
}
CT_API Handle ct_add_scalar_(Handle a, Scalar b, Scalar alpha) {
  return guard([&] { return at::Tensor(view(a)).add_(at::Scalar(b), alpha); });
}
CT_API Handle ct_sub(Handle a, Handle b) { return guard([&] { return view(a).sub(view(b)); }); }
CT_API Handle ct_sub_(Handle a, Handle b) { return guard([&] { return at::Tensor(view(a)).sub_(view(b)); }); }
CT_API Handle ct_sub_scalar(Handle a, Scalar b) { return guard([&] { return view(a).sub(at::Scalar(b)); }); }
CT_API Handle ct_sub_scalar_(Handle a, Scalar b) { return guard([&] { return at::Tensor(view(a)).sub_(at::Scalar(b)); }); }
CT_API Handle ct_rsub_scalar(Handle a, Scalar b) { return guard([&] { return at::rsub(view(a), at::Scalar(b)); }); }

// `rounding`: 0 none, 1 towards zero, 2 down.
static Optional<c10::string_view> rounding_mode(int32_t rounding) {
  if (rounding == 1) return Optional<c10::string_view>("trunc");
  if (rounding == 2) return Optional<c10::string_view>("floor");
  return {};
}
CT_API Handle ct_div(Handle a, Handle b, int32_t rounding) {
  return guard([&] { return view(a).div(view(b), rounding_mode(rounding)); });
}
CT_API Handle ct_div_(Handle a, Handle b, int32_t rounding) {
  return guard([&] { return at::Tensor(view(a)).div_(view(b), rounding_mode(rounding)); });
}
CT_API Handle ct_div_scalar(Handle a, Scalar b, int32_t rounding) {
  return guard([&] { return view(a).div(at::Scalar(b), rounding_mode(rounding)); });
}
CT_API Handle ct_div_scalar_(Handle a, Scalar b, int32_t rounding) {
  return guard([&] { return at::Tensor(view(a)).div_(at::Scalar(b), rounding_mode(rounding)); });
}

CT_API Handle ct_addcmul(Handle a, Handle b, Handle c, Scalar value) {
  return guard([&] { return view(a).addcmul(view(b), view(c), value); });
}
CT_API Handle ct_addcmul_(Handle a, Handle b, Handle c, Scalar value) {
  return guard([&] { return at::Tensor(view(a)).addcmul_(view(b), view(c), value); });
}
CT_API Handle ct_addcdiv(Handle a, Handle b, Handle c, Scalar value) {
  return guard([&] { return view(a).addcdiv(view(b), view(c), value); });
}
CT_API Handle ct_addcdiv_(Handle a, Handle b, Handle c, Scalar value) {
  return guard([&] { return at::Tensor(view(a)).addcdiv_(view(b), view(c), value); });
}
CT_API Handle ct_addmm(Handle a, Handle b, Handle c, double beta, double alpha) {
  return guard([&] { return view(a).addmm(view(b), view(c), beta, alpha); });
}
CT_API Handle ct_addmm_(Handle a, Handle b, Handle c, double beta, double alpha) {
  return guard([&] { return at::Tensor(view(a)).addmm_(view(b), view(c), beta, alpha); });
}
CT_API Handle ct_baddbmm(Handle a, Handle b, Handle c, double beta, double alpha) {
  return guard([&] { return view(a).baddbmm(view(b), view(c), beta, alpha); });
}
CT_API Handle ct_lerp(Handle a, Handle b, Handle w) { return guard([&] { return view(a).lerp(view(b), view(w)); }); }
CT_API Handle ct_lerp_(Handle a, Handle b, Handle w) {
  return guard([&] { return at::Tensor(view(a)).lerp_(view(b), view(w)); });
}

// Bounds are absent when their flag (1 lower, 2 upper) is not set.
CT_API Handle ct_clamp(Handle a, int32_t which, Scalar low, Scalar high, int32_t inplace) {
  return guard([&] {
    auto lower = which & 1 ? Optional<at::Scalar>(low) : Optional<at::Scalar>();
    auto upper = which & 2 ? Optional<at::Scalar>(high) : Optional<at::Scalar>();
    return inplace ? at::Tensor(view(a)).clamp_(lower, upper) : view(a).clamp(lower, upper);
  });
}
CT_API Handle ct_clamp_tensor(Handle a, Handle low, Handle high, int32_t inplace) {
  return guard([&] {
    return inplace ? at::Tensor(view(a)).clamp_(optional(low), optional(high))
                   : view(a).clamp(optional(low), optional(high));
  });
}

CT_API Handle ct_sum(Handle a, const int64_t* dims, int32_t n, int32_t keep, int32_t type) {
  return guard([&] { return n == 0 ? view(a).sum(dtype(type)) : view(a).sum(ints(dims, n), keep != 0, dtype(type)); });
}
CT_API Handle ct_mean(Handle a, const int64_t* dims, int32_t n, int32_t keep, int32_t type) {
  return guard([&] { return n == 0 ? view(a).mean(dtype(type)) : view(a).mean(ints(dims, n), keep != 0, dtype(type)); });
}
CT_API Handle ct_prod(Handle a, int32_t has_dim, int64_t dim, int32_t keep, int32_t type) {
  return guard([&] { return has_dim ? view(a).prod(dim, keep != 0, dtype(type)) : view(a).prod(dtype(type)); });
}
// `kind`: 0 variance, 1 standard deviation.
CT_API Handle ct_var(Handle a, int32_t kind, const int64_t* dims, int32_t n, int32_t unbiased, int32_t keep) {
  return guard([&] {
    if (n == 0) return kind ? view(a).std(unbiased != 0) : view(a).var(unbiased != 0);
    auto over = ints(dims, n);
    return kind ? view(a).std(over, unbiased != 0, keep != 0) : view(a).var(over, unbiased != 0, keep != 0);
  });
}
CT_API Handle ct_amax(Handle a, const int64_t* dims, int32_t n, int32_t keep) {
  return guard([&] { return view(a).amax(ints(dims, n), keep != 0); });
}
CT_API Handle ct_amin(Handle a, const int64_t* dims, int32_t n, int32_t keep) {
  return guard([&] { return view(a).amin(ints(dims, n), keep != 0); });
}
CT_API Handle ct_argmax_dim(Handle a, int64_t dim, int32_t keep) {
  return guard([&] { return view(a).argmax(dim, keep != 0); });
}
CT_API Handle ct_argmin_dim(Handle a, int64_t dim, int32_t keep) {
  return guard([&] { return view(a).argmin(dim, keep != 0); });
}
CT_API Handle ct_all_dim(Handle a, int64_t dim, int32_t keep) { return guard([&] { return view(a).all(dim, keep != 0); }); }
CT_API Handle ct_any_dim(Handle a, int64_t dim, int32_t keep) { return guard([&] { return view(a).any(dim, keep != 0); }); }
CT_API Handle ct_norm(Handle a, double p, int32_t has_dim, int64_t dim, int32_t keep) {
  return guard([&] {
    if (!has_dim) return view(a).norm(at::Scalar(p));
    return view(a).norm(Optional<at::Scalar>(at::Scalar(p)), at::IntArrayRef(dim), keep != 0);
  });
}
CT_API Handle ct_cumsum(Handle a, int64_t dim, int32_t type) { return guard([&] { return view(a).cumsum(dim, dtype(type)); }); }
CT_API Handle ct_cumprod(Handle a, int64_t dim, int32_t type) {
  return guard([&] { return view(a).cumprod(dim, dtype(type)); });
}
CT_API Handle ct_logsumexp(Handle a, int64_t dim, int32_t keep) {
  return guard([&] { return view(a).logsumexp(dim, keep != 0); });
}
CT_API Handle ct_softmax(Handle a, int64_t dim, int32_t type) { return guard([&] { return view(a).softmax(dim, dtype(type)); }); }
CT_API Handle ct_log_softmax(Handle a, int64_t dim, int32_t type) {
  return guard([&] { return view(a).log_softmax(dim, dtype(type)); });
}
CT_API int32_t ct_allclose(Handle a, Handle b, double rtol, double atol, int32_t equal_nan) {
  try {
    return view(a).allclose(view(b), rtol, atol, equal_nan != 0) ? 1 : 0;
  } catch (...) {
    set_current_exception();
    return -1;
  }
}
CT_API Handle ct_isclose(Handle a, Handle b, double rtol, double atol, int32_t equal_nan) {
  return guard([&] { return view(a).isclose(view(b), rtol, atol, equal_nan != 0); });
}
CT_API int32_t ct_equal(Handle a, Handle b) {
  try {
    return view(a).equal(view(b)) ? 1 : 0;
  } catch (...) {
    set_current_exception();
    return -1;
  }
}
CT_API Handle ct_einsum(const char* equation, const Handle* tensors, int64_t count) {
  return guard([&] { return at::einsum(equation, borrow_list(tensors, count)); });
}

// Pairs: the second tensor goes to `second`.
template <typename F> static Handle pair(Handle* second, F&& function) {
  return guard([&] {
    auto both = function();
    *second = release(std::get<1>(both));
    return std::get<0>(both);
  });
}
CT_API Handle ct_max_dim(Handle a, int64_t dim, int32_t keep, Handle* indices) {
  return pair(indices, [&] { return view(a).max(dim, keep != 0); });
}
CT_API Handle ct_min_dim(Handle a, int64_t dim, int32_t keep, Handle* indices) {
  return pair(indices, [&] { return view(a).min(dim, keep != 0); });
}
CT_API Handle ct_topk(Handle a, int64_t k, int64_t dim, int32_t largest, int32_t sorted, Handle* indices) {
  return pair(indices, [&] { return view(a).topk(k, dim, largest != 0, sorted != 0); });
}
CT_API Handle ct_sort(Handle a, int64_t dim, int32_t descending, int32_t stable, Handle* indices) {
  return pair(indices, [&] { return view(a).sort(Optional<bool>(stable != 0), dim, descending != 0); });
}
CT_API Handle ct_argsort(Handle a, int64_t dim, int32_t descending) {
  return guard([&] { return view(a).argsort(dim, descending != 0); });
}
