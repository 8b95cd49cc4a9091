// torch.nn.functional.
#include "api.h"
#include "fused/fused.h"

using namespace ct;

CT_API Handle ct_linear(Handle input, Handle weight, Handle bias) {
  return guard([&] { return at::linear(view(input), view(weight), optional(bias)); });
}
CT_API Handle ct_embedding(Handle weight, Handle indices, int64_t padding, int32_t by_frequency, int32_t sparse) {
  return guard([&] { return at::embedding(view(weight), view(indices), padding, by_frequency != 0, sparse != 0); });
}
CT_API Handle ct_layer_norm(Handle input, const int64_t* shape, int32_t n, Handle weight, Handle bias, double eps) {
  return guard([&] { return ct::layer_norm(view(input), ints(shape, n), maybe(weight), maybe(bias), eps); });
}
CT_API Handle ct_dropout(Handle input, double p, int32_t training, int32_t inplace) {
  return guard([&] {
    if (inplace) return at::dropout_(const_cast<at::Tensor&>(view(input)), p, training != 0);
    return ct::dropout(view(input), p, training != 0);
  });
}
CT_API Handle ct_gelu(Handle a) { return guard([&] { return at::gelu(view(a)); }); }
CT_API Handle ct_silu(Handle a) { return guard([&] { return at::silu(view(a)); }); }
CT_API Handle ct_one_hot(Handle a, int64_t classes) { return guard([&] { return at::one_hot(view(a), classes); }); }
CT_API Handle ct_cross_entropy(Handle input, Handle target, Handle weight, int64_t reduction, int64_t ignore_index,
                               double smoothing) {
  return guard([&] { return ct::cross_entropy(view(input), view(target), maybe(weight), reduction, ignore_index, smoothing); });
}
CT_API Handle ct_nll_loss(Handle input, Handle target, Handle weight, int64_t reduction, int64_t ignore_index) {
  return guard([&] { return at::nll_loss_nd(view(input), view(target), optional(weight), reduction, ignore_index); });
}
CT_API Handle ct_mse_loss(Handle input, Handle target, int64_t reduction) {
  return guard([&] { return at::mse_loss(view(input), view(target), reduction); });
}
// Constant padding only.
CT_API Handle ct_pad(Handle a, const int64_t* pad, int32_t n, double value) {
  return guard([&] { return at::constant_pad_nd(view(a), ints(pad, n), value); });
}

CT_API Handle ct_attention(Handle q, Handle k, Handle v, Handle mask, double p, int32_t causal) {
  return guard([&] { return ct::attention(view(q), view(k), view(v), maybe(mask), p, causal != 0); });
}

// One or more recurrent layers over a sequence; the flat weights lie as torch.nn.GRU and LSTM keep them.
CT_API Handle ct_gru(Handle input, Handle h0, const Handle* weights, int64_t count, int32_t bias, int64_t layers,
                     double dropout, int32_t training, int32_t bidirectional, int32_t batch_first, Handle* hn) {
  return guard([&] {
    auto both = at::gru(view(input), view(h0), borrow_list(weights, count), bias != 0, layers, dropout, training != 0,
                        bidirectional != 0, batch_first != 0);
    *hn = release(std::get<1>(both));
    return std::get<0>(both);
  });
}
CT_API Handle ct_lstm(Handle input, Handle h0, Handle c0, const Handle* weights, int64_t count, int32_t bias,
                      int64_t layers, double dropout, int32_t training, int32_t bidirectional, int32_t batch_first,
                      Handle* hn, Handle* cn) {
  return guard([&] {
    std::vector<at::Tensor> state{view(h0), view(c0)};
    auto all = at::lstm(view(input), state, borrow_list(weights, count), bias != 0, layers, dropout, training != 0,
                        bidirectional != 0, batch_first != 0);
    *hn = release(std::get<1>(all));
    *cn = release(std::get<2>(all));
    return std::get<0>(all);
  });
}
CT_API Handle ct_gru_cell(Handle input, Handle h0, Handle wih, Handle whh, Handle bih, Handle bhh) {
  return guard([&] { return at::gru_cell(view(input), view(h0), view(wih), view(whh), maybe(bih), maybe(bhh)); });
}
CT_API Handle ct_lstm_cell(Handle input, Handle h0, Handle c0, Handle wih, Handle whh, Handle bih, Handle bhh, Handle* cn) {
  return guard([&] {
    std::vector<at::Tensor> state{view(h0), view(c0)};
    auto both = at::lstm_cell(view(input), state, view(wih), view(whh), optional(bih), optional(bhh));
    *cn = release(std::get<1>(both));
    return std::get<0>(both);
  });
}
