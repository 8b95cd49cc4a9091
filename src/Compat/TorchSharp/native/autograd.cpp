// Gradients: flags, backward, gradient modes, and functions whose two passes are written in managed code.
#include "api.h"

#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

using namespace ct;

CT_API int32_t ct_requires_grad(Handle a) { return view(a).requires_grad(); }
CT_API int32_t ct_set_requires_grad(Handle a, int32_t value) {
  return guard_status([&] { view(a).set_requires_grad(value != 0); });
}
CT_API int32_t ct_is_leaf(Handle a) { return view(a).is_leaf(); }
CT_API int32_t ct_retain_grad(Handle a) { return guard_status([&] { view(a).retain_grad(); }); }
CT_API Handle ct_grad(Handle a) { return guard([&] { return view(a).grad(); }); }
CT_API int32_t ct_set_grad(Handle a, Handle grad) {
  return guard_status([&] { at::Tensor(view(a)).mutable_grad() = maybe(grad); });
}
CT_API Handle ct_detach(Handle a) { return guard([&] { return view(a).detach(); }); }
CT_API Handle ct_detach_(Handle a) { return guard([&] { return at::Tensor(view(a)).detach_(); }); }

CT_API int32_t ct_grad_enabled() { return at::GradMode::is_enabled(); }
CT_API void ct_set_grad_enabled(int32_t enabled) { at::GradMode::set_enabled(enabled != 0); }
CT_API void* ct_inference_mode_new(int32_t enabled) { return new c10::InferenceMode(enabled != 0); }
CT_API void ct_inference_mode_delete(void* mode) { delete static_cast<c10::InferenceMode*>(mode); }
CT_API int32_t ct_inference_mode_enabled() { return c10::InferenceMode::is_enabled(); }

// `retain` below zero means: as `create_graph` says.
CT_API int32_t ct_backward(const Handle* roots, int64_t root_count, const Handle* grads, int64_t grad_count,
                           int32_t retain, int32_t create_graph, const Handle* inputs, int64_t input_count) {
  return guard_status([&] {
    torch::autograd::backward(borrow_list(roots, root_count), borrow_list(grads, grad_count),
                              retain < 0 ? Optional<bool>() : Optional<bool>(retain != 0), create_graph != 0,
                              borrow_list(inputs, input_count));
  });
}

CT_API int32_t ct_autograd_grad(const Handle* outputs, int64_t output_count, const Handle* inputs, int64_t input_count,
                                const Handle* grads, int64_t grad_count, int32_t retain, int32_t create_graph,
                                int32_t allow_unused, HandleList* out) {
  return guard_status([&] {
    *out = release_list(torch::autograd::grad(
        borrow_list(outputs, output_count), borrow_list(inputs, input_count), borrow_list(grads, grad_count),
        retain < 0 ? Optional<bool>() : Optional<bool>(retain != 0), create_graph != 0, allow_unused != 0));
  });
}

// ---- Functions written in managed code -------------------------------------------------------------------------

// What a managed forward or backward hands back. The arrays belong to the managed side and live until the next call
// into it by this thread; the tensors in them are borrowed.
struct FunctionResult {
  const Handle* outputs;
  int64_t output_count;
  const Handle* saved;
  int64_t saved_count;
  const Handle* dirty;
  int64_t dirty_count;
  const Handle* constant;  // outputs that take no gradient
  int64_t constant_count;
  int32_t materialize;
  int32_t padding;
};

struct FunctionCallbacks {
  int32_t (*forward)(void* state, FunctionResult* result);
  int32_t (*backward)(void* state, void* context, const Handle* grads, int64_t count, FunctionResult* result);
  void (*release)(void* state);
};

static FunctionCallbacks callbacks;

CT_API void ct_function_init(FunctionCallbacks table) { callbacks = table; }

namespace {

// Frees the managed state when the graph's node dies.
struct StateHolder : torch::CustomClassHolder {
  void* state;
  explicit StateHolder(void* s) : state(s) {}
  ~StateHolder() override { callbacks.release(state); }
};

struct ManagedFunction : torch::autograd::Function<ManagedFunction> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* ctx, at::TensorList inputs,
                                                int64_t state) {
    ctx->saved_data["state"] = c10::IValue::make_capsule(c10::make_intrusive<StateHolder>((void*)state));
    FunctionResult result{};
    result.materialize = 1;
    if (callbacks.forward((void*)state, &result) != 0) throw std::runtime_error("the forward function failed");
    ctx->set_materialize_grads(result.materialize != 0);
    ctx->save_for_backward(borrow_list(result.saved, result.saved_count));
    if (result.dirty_count) ctx->mark_dirty(borrow_list(result.dirty, result.dirty_count));
    if (result.constant_count) ctx->mark_non_differentiable(borrow_list(result.constant, result.constant_count));
    return borrow_list(result.outputs, result.output_count);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    auto holder = c10::static_intrusive_pointer_cast<StateHolder>(ctx->saved_data["state"].toCapsule());
    std::vector<Handle> handles;
    for (auto& grad : grads) handles.push_back(grad.defined() ? grad.unsafeGetTensorImpl() : nullptr);
    FunctionResult result{};
    if (callbacks.backward(holder->state, ctx, handles.data(), (int64_t)handles.size(), &result) != 0)
      throw std::runtime_error("the backward function failed");
    auto inputs = borrow_list(result.outputs, result.output_count);
    inputs.emplace_back();  // the state is an argument too
    return inputs;
  }
};

}  // namespace

CT_API int32_t ct_function_apply(const Handle* inputs, int64_t count, void* state, HandleList* out) {
  return guard_status([&] {
    auto list = borrow_list(inputs, count);
    *out = release_list(ManagedFunction::apply(at::TensorList(list), (int64_t)state));
  });
}

CT_API int32_t ct_function_saved(void* context, HandleList* out) {
  return guard_status([&] {
    *out = release_list(static_cast<torch::autograd::AutogradContext*>(context)->get_saved_variables());
  });
}
