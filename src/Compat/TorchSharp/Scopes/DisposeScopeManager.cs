namespace TorchSharp;

/// <summary>
/// Knows the calling thread's dispose scopes. Each thread has its own: a scope opened on one thread never sees tensors
/// made on another, so nothing may be awaited inside one.
/// </summary>
public class DisposeScopeManager
{
    [ThreadStatic] private static DisposeScopeManager? _threadSingleton;

    internal static DisposeScopeManager ThreadSingleton => _threadSingleton ??= new DisposeScopeManager();

    internal ThreadDisposeScopeStatistics StatisticsInstance { get; } = new();

    internal DisposeScope? Current { get; private set; }

    /// <summary>Counts of tensors made and disposed on the calling thread.</summary>
    public static ThreadDisposeScopeStatistics Statistics => ThreadSingleton.StatisticsInstance;

    internal DisposeScope Push() => Current = new DisposeScope(this, Current);

    internal void Remove(DisposeScope scope)
    {
        if (Current == scope)
        {
            Current = scope.Outer;
            return;
        }
        for (var inner = Current; inner is not null; inner = inner.Outer)
        {
            if (inner.Outer != scope) continue;
            inner.Outer = scope.Outer;
            return;
        }
    }
}
