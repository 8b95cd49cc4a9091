using Microsoft.Data.Sqlite;

namespace TrainingCluster.Coordinator.Store;

/// <summary>The store's connection, and short ways to use it. Belongs to the store's thread.</summary>
internal sealed class StoreConnection(SqliteConnection connection) : IAsyncDisposable
{
    /// <summary>Sees each statement before it runs: tests hold against it what a task costs.</summary>
    public Action<SqliteCommand>? Observer { get; set; }

    /// <summary>A statement with its parameters.</summary>
    public SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }
        Observer?.Invoke(command);
        return command;
    }

    /// <summary>Runs a statement.</summary>
    /// <returns>How many rows it changed.</returns>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(sql, parameters);
        return command.ExecuteNonQuery();
    }

    /// <summary>Runs work in a transaction of its own.</summary>
    public T Transact<T>(Func<StoreConnection, T> work)
    {
        using var transaction = connection.BeginTransaction();
        var result = work(this);
        transaction.Commit();
        return result;
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
