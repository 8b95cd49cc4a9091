using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace TrainingCluster.Coordinator.Tests.Web;

/// <summary>Every line that is logged, with the scopes that it stands in.</summary>
internal sealed class QueueLogging(ConcurrentQueue<string> lines) : ILoggerProvider, ISupportExternalScope
{
    private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

    public ILogger CreateLogger(string categoryName) => new Logger(this);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public void Dispose() { }

    private sealed class Logger(QueueLogging owner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => owner._scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            var scopes = new List<string>();
            owner._scopes.ForEachScope(
                (scope, list) =>
                    list.Add(
                        scope is IEnumerable<KeyValuePair<string, object?>> pairs
                            ? string.Join(' ', pairs.Select(p => p.Value))
                            : $"{scope}"
                    ),
                scopes
            );
            owner.Enqueue($"{formatter(state, exception)} [{string.Join(' ', scopes)}]");
        }
    }

    private void Enqueue(string line) => lines.Enqueue(line);
}
