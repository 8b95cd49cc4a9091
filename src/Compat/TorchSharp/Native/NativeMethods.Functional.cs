using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>The exports of <c>native/functional.cpp</c>.</summary>
internal static unsafe partial class NativeMethods
{
    [LibraryImport(Library)] internal static partial nint ct_linear(nint input, nint weight, nint bias);
    [LibraryImport(Library)] internal static partial nint ct_embedding(nint weight, nint indices, long padding, int by_frequency, int sparse);
    [LibraryImport(Library)] internal static partial nint ct_layer_norm(nint input, long* shape, int n, nint weight, nint bias, double eps);
    [LibraryImport(Library)] internal static partial nint ct_dropout(nint input, double p, int training, int inplace);
    [LibraryImport(Library)] internal static partial nint ct_gelu(nint a);
    [LibraryImport(Library)] internal static partial nint ct_silu(nint a);
    [LibraryImport(Library)] internal static partial nint ct_one_hot(nint a, long classes);
    [LibraryImport(Library)] internal static partial nint ct_cross_entropy(nint input, nint target, nint weight, long reduction, long ignore_index, double smoothing);
    [LibraryImport(Library)] internal static partial nint ct_nll_loss(nint input, nint target, nint weight, long reduction, long ignore_index);
    [LibraryImport(Library)] internal static partial nint ct_mse_loss(nint input, nint target, long reduction);
    [LibraryImport(Library)] internal static partial nint ct_pad(nint a, long* pad, int n, double value);
    [LibraryImport(Library)] internal static partial nint ct_attention(nint q, nint k, nint v, nint mask, double p, int causal);
    [LibraryImport(Library)] internal static partial nint ct_gru(nint input, nint h0, nint* weights, long count, int bias, long layers, double dropout, int training, int bidirectional, int batch_first, nint* hn);
    [LibraryImport(Library)] internal static partial nint ct_lstm(nint input, nint h0, nint c0, nint* weights, long count, int bias, long layers, double dropout, int training, int bidirectional, int batch_first, nint* hn, nint* cn);
    [LibraryImport(Library)] internal static partial nint ct_gru_cell(nint input, nint h0, nint wih, nint whh, nint bih, nint bhh);
    [LibraryImport(Library)] internal static partial nint ct_lstm_cell(nint input, nint h0, nint c0, nint wih, nint whh, nint bih, nint bhh, nint* cn);
}
