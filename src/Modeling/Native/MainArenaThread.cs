namespace TrainingCluster.Modeling.Native;

/// <summary>
/// A thread whose memory comes from malloc's main arena. The other arenas, one of which a thread gets by chance, consist of pieces of
/// 64 MiB: large tensors of ever other sizes leave holes in them, and a worker grows to several times what it needs.
/// </summary>
public static class MainArenaThread
{
    // More than malloc has arenas, which it hands out in turn.
    private const int Attempts = 64;

    /// <summary>Runs work on such a thread of its own. Where malloc has no arenas, any new thread will do.</summary>
    public static Task<T> RunAsync<T>(Func<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Start(work, result, new ManualResetEventSlim(), Attempts);
        return result.Task;
    }

    private static void Start<T>(Func<T> work, TaskCompletionSource<T> result, ManualResetEventSlim found, int attempts) =>
        new Thread(() => Run(work, result, found, attempts)) { IsBackground = true }.Start();

    private static void Run<T>(Func<T> work, TaskCompletionSource<T> result, ManualResetEventSlim found, int attempts)
    {
        if (attempts > 0 && !Malloc.IsInMainArena())
        {
            Start(work, result, found, attempts - 1);
            // While this thread lives its arena is in use, and the next thread gets another one.
            found.Wait();
            return;
        }

        found.Set();
        try
        {
            result.SetResult(work());
        }
        catch (OperationCanceledException e)
        {
            result.SetCanceled(e.CancellationToken);
        }
        catch (Exception e)
        {
            result.SetException(e);
        }
    }
}
