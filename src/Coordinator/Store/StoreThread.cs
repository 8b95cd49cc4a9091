using System.Threading.Channels;

namespace TrainingCluster.Coordinator.Store;

/// <summary>One connection, used by one task in turn: callers await and never hold a thread.</summary>
internal sealed class StoreThread : IAsyncDisposable
{
    private readonly Channel<Action<StoreConnection>> _queue = Channel.CreateUnbounded<Action<StoreConnection>>(
        new UnboundedChannelOptions { SingleReader = true }
    );
    private readonly StoreConnection _connection;
    private readonly Task _pump;

    public StoreThread(StoreConnection connection)
    {
        this._connection = connection;
        _pump = Task.Factory.StartNew(PumpAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    /// <summary>Runs <paramref name="work"/> in a transaction; the task completes once it is durable.</summary>
    public Task<T> RunAsync<T>(Func<StoreConnection, T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var accepted = _queue.Writer.TryWrite(c =>
        {
            try
            {
                done.SetResult(c.Transact(work));
            }
            catch (Exception e)
            {
                // Whatever it is, its caller is told, and the next one has its turn.
                done.SetException(e);
            }
        });
        return accepted ? done.Task : Task.FromException<T>(new ObjectDisposedException(nameof(JobStore)));
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _pump;
        await _connection.DisposeAsync();
    }

    private async Task PumpAsync()
    {
        await foreach (var work in _queue.Reader.ReadAllAsync())
        {
            work(_connection);
        }
    }
}
