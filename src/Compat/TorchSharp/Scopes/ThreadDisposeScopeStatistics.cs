namespace TorchSharp;

/// <summary>Counts of tensors made and disposed on one thread, within dispose scopes and without.</summary>
public class ThreadDisposeScopeStatistics
{
    /// <summary>Tensors made on this thread while no scope was open.</summary>
    public long CreatedOutsideScopeCount { get; internal set; }

    /// <summary>Tensors disposed on this thread that no scope held.</summary>
    internal long DisposedOutsideScopeCount { get; set; }

    /// <summary>Tensors made on this thread inside a scope.</summary>
    public long CreatedInScopeCount { get; internal set; }

    /// <summary>Tensors disposed on this thread that a scope held.</summary>
    public long DisposedInScopeCount { get; internal set; }

    /// <summary>Tensors taken out of every scope.</summary>
    public long DetachedFromScopeCount { get; internal set; }

    /// <summary>Tensors made on this thread less those disposed on it.</summary>
    public long ThreadTotalLiveCount =>
        CreatedInScopeCount - DisposedInScopeCount + (CreatedOutsideScopeCount - DisposedOutsideScopeCount);

    /// <summary>Starts counting from zero.</summary>
    public void Reset()
    {
        CreatedOutsideScopeCount = 0;
        DisposedOutsideScopeCount = 0;
        CreatedInScopeCount = 0;
        DisposedInScopeCount = 0;
        DetachedFromScopeCount = 0;
    }

    /// <summary>All counts on one line.</summary>
    public override string ToString() =>
        $"ThreadTotalLiveCount: {ThreadTotalLiveCount}; CreatedOutsideScopeCount: {CreatedOutsideScopeCount}; " +
        $"CreatedInScopeCount: {CreatedInScopeCount}; " +
        $"DisposedInScopeCount: {DisposedInScopeCount}; DetachedFromScopeCount: {DetachedFromScopeCount}";
}
