using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>No gradients are recorded on this thread until the result is disposed.</summary>
    public static IDisposable no_grad() => new GradMode(false);

    public static IDisposable enable_grad(bool enabled = true) => new GradMode(enabled);

    public static IDisposable set_grad_enabled(bool mode = true) => new GradMode(mode);

    public static bool is_grad_enabled() => NativeMethods.ct_grad_enabled() != 0;

    /// <summary>As <see cref="no_grad"/>, and the tensors made can never take part in autograd: a little faster.</summary>
    public static IDisposable inference_mode(bool mode = true) => new InferenceMode(mode);

    public static bool is_inference_mode_enabled() => NativeMethods.ct_inference_mode_enabled() != 0;

    private sealed class GradMode : IDisposable
    {
        private readonly int _previous = NativeMethods.ct_grad_enabled();
        private bool _disposed;

        internal GradMode(bool enabled) => NativeMethods.ct_set_grad_enabled(Tensor.Flag(enabled));

        public void Dispose()
        {
            if (_disposed) return;
            _disposed = true;
            NativeMethods.ct_set_grad_enabled(_previous);
        }
    }

    private sealed class InferenceMode(bool enabled) : IDisposable
    {
        private nint _guard = NativeMethods.ct_inference_mode_new(Tensor.Flag(enabled));

        public void Dispose()
        {
            if (_guard != 0) NativeMethods.ct_inference_mode_delete(_guard);
            _guard = 0;
        }
    }
}
