using Grpc.Core;

namespace Compat.Grpc.Tests.Testing;

/// <summary>What a service saw of a call; the call itself is gone when it has ended.</summary>
public sealed record SeenCall(string Method, string Host, string Peer, DateTime Deadline, Metadata RequestHeaders);

/// <summary>What a test learns from within a service.</summary>
public sealed class Probe
{
    private readonly TaskCompletionSource<SeenCall> _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The first call that reached the service.</summary>
    public Task<SeenCall> Begun => _begun.Task;

    /// <summary>Completes when the token of a waiting call fires.</summary>
    public Task Cancelled => _cancelled.Task;

    public void Seen(ServerCallContext context) => _begun.TrySetResult(
        new SeenCall(context.Method, context.Host, context.Peer, context.Deadline, context.RequestHeaders));

    public async Task WaitForEndAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
        finally
        {
            _cancelled.TrySetResult();
        }
    }
}
