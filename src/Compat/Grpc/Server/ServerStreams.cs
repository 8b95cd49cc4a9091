using Grpc.Core;
using Grpc.Wire;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>A call's requests.</summary>
internal sealed class ServerStreamReader<T>(ServerCall call, Func<DeserializationContext, T> deserializer) : IAsyncStreamReader<T>
    where T : class
{
    private readonly FrameReader _frames = call.CreateReader();
    private T? _current;
    private bool _completed;

    public T Current => _current ?? throw new InvalidOperationException("No current message: MoveNext was not called, or found none.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_completed || call.Http.RequestAborted.IsCancellationRequested)
            throw new InvalidOperationException("Can't read messages after the request is complete.");
        _current = null;
        _current = await _frames.ReadAsync(deserializer, cancellationToken);
        return _current is not null;
    }

    public void Complete() => _completed = true;
}

/// <summary>A call's responses.</summary>
internal sealed class ServerStreamWriter<T>(ServerCall call, Action<T, SerializationContext> serializer) : IServerStreamWriter<T>
    where T : class
{
    private int _writing;
    private bool _completed;

    public WriteOptions? WriteOptions
    {
        get => call.WriteOptions;
        set => call.WriteOptions = value;
    }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        cancellationToken.ThrowIfCancellationRequested();
        if (_completed || call.Http.RequestAborted.IsCancellationRequested)
            throw new InvalidOperationException("Can't write the message because the request is complete.");
        if (Interlocked.Exchange(ref _writing, 1) != 0)
            throw new InvalidOperationException("Can't write the message because the previous write is in progress.");
        try
        {
            // Half a message cannot be taken back: who cancels a write cancels the call.
            await using var registration = cancellationToken.UnsafeRegister(static state => ((ServerCall)state!).Reset(), call);
            await call.WriteAsync(message, serializer, WriteOptions, cancellationToken);
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }

    public void Complete() => _completed = true;
}
