using Grpc.Core;

namespace Compat.Grpc.Tests.Testing;

/// <summary>Calls of the raw service in one line each.</summary>
internal static class RawCalls
{
    /// <summary>Longer than any test takes: a call that hangs fails instead of holding up the run.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>A deadline that passes while a call waits, but not before the call has reached its service, over a connection that is there.</summary>
    public static readonly TimeSpan LongEnoughToArrive = TimeSpan.FromSeconds(4);

    public static AsyncUnaryCall<Blob> Unary(this CallInvoker invoker, byte[] request, CallOptions options = default) =>
        invoker.AsyncUnaryCall(Raw.Unary, null, options, new Blob(request));

    public static AsyncClientStreamingCall<Blob, Blob> Collect(this CallInvoker invoker, CallOptions options = default) =>
        invoker.AsyncClientStreamingCall(Raw.Collect, null, options);

    public static AsyncServerStreamingCall<Blob> Split(this CallInvoker invoker, byte[] request, CallOptions options = default) =>
        invoker.AsyncServerStreamingCall(Raw.Split, null, options, new Blob(request));

    public static AsyncDuplexStreamingCall<Blob, Blob> Chat(this CallInvoker invoker, CallOptions options = default) =>
        invoker.AsyncDuplexStreamingCall(Raw.Chat, null, options);

    /// <summary>What the service is to do: see <see cref="RawService"/>.</summary>
    public static CallOptions Do(string what) => new(headers: new Metadata { { "x-do", what } });

    public static DateTime DeadlineIn(TimeSpan time) => TimeProvider.System.GetUtcNow().UtcDateTime + time;

    public static async Task<RpcException> FailureAsync(Func<Task> call) =>
        await Assert.ThrowsAsync<RpcException>(() => call().WaitAsync(Patience));

    public static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }
}
