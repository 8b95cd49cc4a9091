using System.Threading.Channels;

namespace TrainingCluster.Coordinator.Store;

/// <summary>Tells one watcher that a job's record has grown, or is gone, since it last asked. Take it before reading events.</summary>
public sealed class EventSignal : IDisposable
{
    private readonly Channel<bool> _raised = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }
    );
    private readonly Action<EventSignal> _forget;

    internal EventSignal(Action<EventSignal> forget) => this._forget = forget;

    /// <summary>Completes when something has been added since the last time, which may have been before this call.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken) => await _raised.Reader.ReadAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _forget(this);

    internal void Raise() => _raised.Writer.TryWrite(true);
}
