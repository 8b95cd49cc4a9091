namespace TrainingCluster.Modeling.Native;

/// <summary>
/// Gives free memory back to the kernel when a process has grown. <see cref="Malloc.KeepMemory"/> lets freed blocks stay, and batches
/// of ever other sizes leave holes that fit no later block: without this a worker grows for hours.
/// </summary>
/// <param name="residentBytes">Memory of this process that is in RAM.</param>
/// <param name="trim">Gives back what is free.</param>
public sealed class ResidentMemory(Func<long> residentBytes, Action trim)
{
    /// <summary>How much a process may grow, in bytes, before it gives back what is free. 256 MiB.</summary>
    public const long Growth = 256L << 20;

    // Null after a trim: a step fills again what it needs itself, and growth counts from the end of the next one. The first step
    // trims, for what loading and warming up have left.
    private long? _base = 0;

    /// <summary>Of this process.</summary>
    public ResidentMemory()
        : this(() => Environment.WorkingSet, TensorMemory.Trim) { }

    /// <summary>Call between two steps, when their tensors are freed.</summary>
    /// <returns>Whether memory was given back.</returns>
    public bool AfterStep()
    {
        var now = residentBytes();
        if (_base is not { } start)
        {
            _base = now;
            return false;
        }

        if (now <= start + Growth)
        {
            return false;
        }
        GiveBack();
        return true;
    }

    /// <summary>Gives back what is free, however little a process has grown.</summary>
    public void GiveBack()
    {
        trim();
        _base = null;
    }
}
