using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace TrainingCluster.Coordinator.Store;

/// <summary>One connection, used by one task in turn: callers await and never hold a thread.</summary>
internal sealed class StoreThread : IAsyncDisposable
{
    private readonly Channel<Action<SqliteConnection>> queue =
        Channel.CreateUnbounded<Action<SqliteConnection>>(new UnboundedChannelOptions { SingleReader = true });
    private readonly SqliteConnection connection;
    private readonly Task pump;

    public StoreThread(SqliteConnection connection)
    {
        this.connection = connection;
        pump = Task.Factory.StartNew(Pump, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    /// <summary>Runs <paramref name="work"/> in a transaction; the task completes once it is durable.</summary>
    public Task<T> Run<T>(Func<SqliteConnection, T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var accepted = queue.Writer.TryWrite(c =>
        {
            try
            {
                using var transaction = c.BeginTransaction();
                var result = work(c);
                transaction.Commit();
                done.SetResult(result);
            }
            catch (Exception e) when (e is SqliteException or IOException or InvalidOperationException)
            {
                done.SetException(e);
            }
        });
        return accepted ? done.Task : Task.FromException<T>(new ObjectDisposedException(nameof(JobStore)));
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await pump;
        await connection.DisposeAsync();
    }

    private async Task Pump()
    {
        await foreach (var work in queue.Reader.ReadAllAsync()) work(connection);
    }
}
