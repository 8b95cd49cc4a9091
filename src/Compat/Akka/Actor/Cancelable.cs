namespace Akka.Actor;

/// <summary>Something under way that can be called off.</summary>
public interface ICancelable
{
    bool IsCancellationRequested { get; }
    CancellationToken Token { get; }
    void Cancel();
    void Cancel(bool throwOnFirstException);
    void CancelAfter(TimeSpan delay);
    void CancelAfter(int millisecondsDelay);
}

/// <summary>Cancels schedules.</summary>
public class Cancelable : ICancelable, IDisposable
{
    private readonly CancellationTokenSource _source = new();

    public Cancelable(IScheduler scheduler) => ArgumentNullException.ThrowIfNull(scheduler);

    public Cancelable(IScheduler scheduler, TimeSpan delay) : this(scheduler) => CancelAfter(delay);

    public bool IsCancellationRequested => _source.IsCancellationRequested;
    public CancellationToken Token => _source.Token;
    public bool IsDisposed { get; private set; }

    public void Cancel() => _source.Cancel();
    public void Cancel(bool throwOnFirstException) => _source.Cancel(throwOnFirstException);
    public void CancelAfter(TimeSpan delay) => _source.CancelAfter(delay);
    public void CancelAfter(int millisecondsDelay) => _source.CancelAfter(millisecondsDelay);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (!disposing || IsDisposed) return;
        IsDisposed = true;
        _source.Dispose();
    }
}

/// <summary>Calls off what <see cref="ICancelable"/> stands for.</summary>
public static class CancelableExtensions
{
    public static void CancelIfNotNull(this ICancelable cancelable) => cancelable?.Cancel();
}
