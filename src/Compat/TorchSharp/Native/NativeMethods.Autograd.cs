using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>The exports of <c>native/autograd.cpp</c>.</summary>
internal static unsafe partial class NativeMethods
{
    [LibraryImport(Library)] internal static partial int ct_requires_grad(nint a);
    [LibraryImport(Library)] internal static partial int ct_set_requires_grad(nint a, int value);
    [LibraryImport(Library)] internal static partial int ct_is_leaf(nint a);
    [LibraryImport(Library)] internal static partial int ct_retain_grad(nint a);
    [LibraryImport(Library)] internal static partial nint ct_grad(nint a);
    [LibraryImport(Library)] internal static partial int ct_set_grad(nint a, nint grad);
    [LibraryImport(Library)] internal static partial nint ct_detach(nint a);
    [LibraryImport(Library)] internal static partial nint ct_detach_(nint a);
    [LibraryImport(Library)] internal static partial int ct_grad_enabled();
    [LibraryImport(Library)] internal static partial void ct_set_grad_enabled(int enabled);
    [LibraryImport(Library)] internal static partial nint ct_inference_mode_new(int enabled);
    [LibraryImport(Library)] internal static partial void ct_inference_mode_delete(nint mode);
    [LibraryImport(Library)] internal static partial int ct_inference_mode_enabled();
    [LibraryImport(Library)] internal static partial int ct_backward(nint* roots, long root_count, nint* grads, long grad_count, int retain, int create_graph, nint* inputs, long input_count);
    [LibraryImport(Library)] internal static partial int ct_autograd_grad(nint* outputs, long output_count, nint* inputs, long input_count, nint* grads, long grad_count, int retain, int create_graph, int allow_unused, HandleList* result);
    [LibraryImport(Library)] internal static partial void ct_function_init(FunctionCallbacks table);
    [LibraryImport(Library)] internal static partial int ct_function_apply(nint* inputs, long count, nint state, HandleList* result);
    [LibraryImport(Library)] internal static partial int ct_function_saved(nint context, HandleList* result);
}
