using Microsoft.Extensions.Logging;

namespace TrainingCluster.Logging;

/// <summary>
/// A logger whose every line has the values of a scope. Not a scope of the thread: work for a job moves between threads of its own, peers'
/// calls and timers.
/// </summary>
/// <param name="inner">Writes the lines.</param>
/// <param name="scope">The values.</param>
public sealed class ScopedLogger(ILogger inner, LogScope scope) : ILogger
{
    /// <summary>The logger of a job's lines.</summary>
    /// <param name="inner">Writes them.</param>
    /// <param name="jobId">The job.</param>
    /// <param name="traceId">Of the call that submitted it; empty: not known.</param>
    public static ILogger OfJob(ILogger inner, string jobId, string traceId) =>
        new ScopedLogger(inner, new LogScope(("Job", jobId), (LogScope.TraceId, traceId)));

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => inner.BeginScope(state);

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

    /// <inheritdoc/>
    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        if (!inner.IsEnabled(logLevel))
        {
            return;
        }
        using (inner.BeginScope(scope))
        {
            inner.Log(logLevel, eventId, state, exception, formatter);
        }
    }
}
