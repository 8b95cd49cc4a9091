using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>Turns what libtorch threw into <see cref="ExternalException"/>, as the package does.</summary>
internal static unsafe class NativeErrors
{
    /// <summary>What managed code called back from libtorch threw; it travels round the native frames.</summary>
    [ThreadStatic] private static ExceptionDispatchInfo? _pending;

    internal static void Remember(Exception exception) => _pending ??= ExceptionDispatchInfo.Capture(exception);

    /// <summary>Throws if the last call on this thread failed.</summary>
    internal static void Check()
    {
        var message = NativeMethods.ct_last_error();
        if (message == null) return;
        var pending = _pending;
        _pending = null;
        pending?.Throw();
        throw new ExternalException(Marshal.PtrToStringUTF8((nint)message));
    }

    /// <summary>For calls that report failure by a negative number.</summary>
    internal static int Check(int status)
    {
        if (status < 0) Check();
        return status;
    }

    /// <summary>For calls that return a tensor: a null one is a failure.</summary>
    internal static nint Check(nint handle)
    {
        if (handle == 0) Check();
        return handle;
    }
}
