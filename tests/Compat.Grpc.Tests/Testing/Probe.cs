using Grpc.Core;

namespace Compat.Grpc.Tests.Testing;

/// <summary>What a test learns from within a service.</summary>
public sealed class Probe
{
    private readonly TaskCompletionSource<ServerCallContext> _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The first call that reached the service.</summary>
    public Task<ServerCallContext> Begun => _begun.Task;

    /// <summary>Completes when the token of a waiting call fires.</summary>
    public Task Cancelled => _cancelled.Task;

    public void Seen(ServerCallContext context) => _begun.TrySetResult(context);

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
