// Views, joins, gathers: what moves elements or only their order.
#include "api.h"

using namespace ct;

CT_API Handle ct_view(Handle a, const int64_t* size, int32_t n) { return guard([&] { return view(a).view(ints(size, n)); }); }
CT_API Handle ct_reshape(Handle a, const int64_t* size, int32_t n) {
  return guard([&] { return view(a).reshape(ints(size, n)); });
}
CT_API Handle ct_permute(Handle a, const int64_t* dims, int32_t n) {
  return guard([&] { return view(a).permute(ints(dims, n)); });
}
CT_API Handle ct_expand(Handle a, const int64_t* size, int32_t n, int32_t implicit) {
  return guard([&] { return view(a).expand(ints(size, n), implicit != 0); });
}
CT_API Handle ct_repeat(Handle a, const int64_t* size, int32_t n) { return guard([&] { return view(a).repeat(ints(size, n)); }); }
CT_API Handle ct_tile(Handle a, const int64_t* size, int32_t n) { return guard([&] { return view(a).tile(ints(size, n)); }); }
CT_API Handle ct_flip(Handle a, const int64_t* dims, int32_t n) { return guard([&] { return view(a).flip(ints(dims, n)); }); }
CT_API Handle ct_roll(Handle a, const int64_t* shifts, int32_t ns, const int64_t* dims, int32_t nd) {
  return guard([&] { return view(a).roll(ints(shifts, ns), ints(dims, nd)); });
}
CT_API Handle ct_as_strided(Handle a, const int64_t* size, int32_t n, const int64_t* strides, int64_t offset) {
  return guard([&] { return view(a).as_strided(ints(size, n), ints(strides, n), offset); });
}
CT_API Handle ct_transpose(Handle a, int64_t d0, int64_t d1) { return guard([&] { return view(a).transpose(d0, d1); }); }
CT_API Handle ct_t(Handle a) { return guard([&] { return view(a).t(); }); }
CT_API Handle ct_flatten(Handle a, int64_t start, int64_t end) { return guard([&] { return view(a).flatten(start, end); }); }
CT_API Handle ct_unflatten(Handle a, int64_t dim, const int64_t* size, int32_t n) {
  return guard([&] { return view(a).unflatten(dim, ints(size, n)); });
}
CT_API Handle ct_squeeze(Handle a) { return guard([&] { return view(a).squeeze(); }); }
CT_API Handle ct_squeeze_dim(Handle a, int64_t dim) { return guard([&] { return view(a).squeeze(dim); }); }
CT_API Handle ct_unsqueeze(Handle a, int64_t dim) { return guard([&] { return view(a).unsqueeze(dim); }); }
CT_API Handle ct_narrow(Handle a, int64_t dim, int64_t start, int64_t length) {
  return guard([&] { return view(a).narrow(dim, start, length); });
}
CT_API Handle ct_slice(Handle a, int64_t dim, int64_t start, int64_t end, int64_t step) {
  return guard([&] { return view(a).slice(dim, start, end, step); });
}
CT_API Handle ct_select(Handle a, int64_t dim, int64_t index) { return guard([&] { return view(a).select(dim, index); }); }
CT_API Handle ct_contiguous(Handle a) { return guard([&] { return view(a).contiguous(); }); }
CT_API Handle ct_clone(Handle a) { return guard([&] { return view(a).clone(); }); }
CT_API Handle ct_tril(Handle a, int64_t diagonal) { return guard([&] { return view(a).tril(diagonal); }); }
CT_API Handle ct_tril_(Handle a, int64_t diagonal) { return guard([&] { return at::Tensor(view(a)).tril_(diagonal); }); }
CT_API Handle ct_triu(Handle a, int64_t diagonal) { return guard([&] { return view(a).triu(diagonal); }); }
CT_API Handle ct_triu_(Handle a, int64_t diagonal) { return guard([&] { return at::Tensor(view(a)).triu_(diagonal); }); }
CT_API Handle ct_diag(Handle a, int64_t diagonal) { return guard([&] { return view(a).diag(diagonal); }); }
CT_API Handle ct_unfold(Handle a, int64_t dim, int64_t size, int64_t step) {
  return guard([&] { return view(a).unfold(dim, size, step); });
}
CT_API Handle ct_repeat_interleave(Handle a, int64_t repeats, int32_t has_dim, int64_t dim) {
  return guard([&] {
    return at::repeat_interleave(view(a), repeats, has_dim ? Optional<int64_t>(dim) : Optional<int64_t>());
  });
}

CT_API Handle ct_gather(Handle a, int64_t dim, Handle index) { return guard([&] { return view(a).gather(dim, view(index)); }); }
CT_API Handle ct_scatter(Handle a, int64_t dim, Handle index, Handle source) {
  return guard([&] { return view(a).scatter(dim, view(index), view(source)); });
}
CT_API Handle ct_scatter_(Handle a, int64_t dim, Handle index, Handle source) {
  return guard([&] { return at::Tensor(view(a)).scatter_(dim, view(index), view(source)); });
}
CT_API Handle ct_scatter_add(Handle a, int64_t dim, Handle index, Handle source) {
  return guard([&] { return view(a).scatter_add(dim, view(index), view(source)); });
}
CT_API Handle ct_scatter_add_(Handle a, int64_t dim, Handle index, Handle source) {
  return guard([&] { return at::Tensor(view(a)).scatter_add_(dim, view(index), view(source)); });
}
CT_API Handle ct_index_select(Handle a, int64_t dim, Handle index) {
  return guard([&] { return view(a).index_select(dim, view(index)); });
}
CT_API Handle ct_index_add(Handle a, int64_t dim, Handle index, Handle source, Scalar alpha) {
  return guard([&] { return view(a).index_add(dim, view(index), view(source), alpha); });
}
CT_API Handle ct_index_add_(Handle a, int64_t dim, Handle index, Handle source, Scalar alpha) {
  return guard([&] { return at::Tensor(view(a)).index_add_(dim, view(index), view(source), alpha); });
}
CT_API Handle ct_index_copy_(Handle a, int64_t dim, Handle index, Handle source) {
  return guard([&] { return at::Tensor(view(a)).index_copy_(dim, view(index), view(source)); });
}
CT_API Handle ct_masked_fill(Handle a, Handle mask, Scalar value) {
  return guard([&] { return view(a).masked_fill(view(mask), at::Scalar(value)); });
}
CT_API Handle ct_masked_fill_(Handle a, Handle mask, Scalar value) {
  return guard([&] { return at::Tensor(view(a)).masked_fill_(view(mask), at::Scalar(value)); });
}
CT_API Handle ct_masked_select(Handle a, Handle mask) { return guard([&] { return view(a).masked_select(view(mask)); }); }
CT_API Handle ct_where(Handle condition, Handle a, Handle b) {
  return guard([&] { return at::where(view(condition), view(a), view(b)); });
}

CT_API Handle ct_fill_(Handle a, Scalar value) { return guard([&] { return at::Tensor(view(a)).fill_(at::Scalar(value)); }); }
CT_API Handle ct_zero_(Handle a) { return guard([&] { return at::Tensor(view(a)).zero_(); }); }
CT_API Handle ct_set_(Handle a, Handle source) { return guard([&] { return at::Tensor(view(a)).set_(view(source)); }); }
CT_API Handle ct_copy_(Handle a, Handle source, int32_t non_blocking) {
  return guard([&] { return at::Tensor(view(a)).copy_(view(source), non_blocking != 0); });
}

CT_API Handle ct_cat(const Handle* tensors, int64_t count, int64_t dim) {
  return guard([&] { return at::cat(borrow_list(tensors, count), dim); });
}
CT_API Handle ct_stack(const Handle* tensors, int64_t count, int64_t dim) {
  return guard([&] { return at::stack(borrow_list(tensors, count), dim); });
}
CT_API int32_t ct_split(Handle a, int64_t size, int64_t dim, HandleList* out) {
  return guard_status([&] { *out = release_list(view(a).split(size, dim)); });
}
CT_API int32_t ct_split_sizes(Handle a, const int64_t* sizes, int32_t n, int64_t dim, HandleList* out) {
  return guard_status([&] { *out = release_list(view(a).split_with_sizes(ints(sizes, n), dim)); });
}
CT_API int32_t ct_chunk(Handle a, int64_t chunks, int64_t dim, HandleList* out) {
  return guard_status([&] { *out = release_list(view(a).chunk(chunks, dim)); });
}
CT_API int32_t ct_unbind(Handle a, int64_t dim, HandleList* out) {
  return guard_status([&] { *out = release_list(view(a).unbind(dim)); });
}
