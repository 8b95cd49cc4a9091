namespace TrainingCluster.Chaos;

/// <summary>The faults by the words of the command line.</summary>
public static class FaultCatalog
{
    private static readonly (FaultKind Kind, string What)[] s_all =
    [
        (FaultKind.Kill, "SIGKILL to a worker, which starts again under its name"),
        (FaultKind.Outage, "SIGKILL to several, all but one or all workers at once; each starts again"),
        (FaultKind.Stop, "SIGSTOP to a worker, SIGCONT 2 to 8 s later"),
        (FaultKind.Join, "one more worker starts"),
        (FaultKind.Leave, "SIGTERM to a worker, which must end with status 0 in time; maybe another starts"),
        (FaultKind.Coordinator, "SIGKILL to the coordinator, which starts again after 1 to 5 s"),
        (FaultKind.Power, "SIGKILL to every process; all start again"),
        (FaultKind.Damage, "power, and meanwhile a bit of the newest checkpoint flips, or a file is cut or lost"),
        (FaultKind.Slow, "a worker runs a tenth of the time for some seconds"),
        (FaultKind.Disk, "the coordinator's disk is full, or read-only, for some checkpoints (root)"),
        (FaultKind.Partition, "links cut for some seconds: of workers, of the coordinator, among workers (root)"),
        (FaultKind.Narrow, "a worker's link has little bandwidth and a short queue for some seconds (root)"),
        (FaultKind.Lossy, "a worker's link delays, loses, repeats and reorders packets for some seconds (root)"),
        (FaultKind.Garbage, "strangers send garbage, cut-off and late messages to every port of every process"),
        (FaultKind.Clock, "the wall clock of one process or of all goes an hour forward or back for some seconds (libfaketime)"),
    ];

    /// <summary>All faults.</summary>
    public static IReadOnlyList<FaultKind> All { get; } = [.. s_all.Select(fault => fault.Kind)];

    /// <summary>The faults as lines of help.</summary>
    public static string Help { get; } = string.Join('\n', s_all.Select(fault => $"  {Word(fault.Kind), -12}{fault.What}"));

    /// <summary>"kill".</summary>
    public static string Word(FaultKind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>True: the processes need links of their own.</summary>
    public static bool NeedsNetwork(FaultKind kind) => kind is FaultKind.Partition or FaultKind.Narrow or FaultKind.Lossy;

    /// <summary>Reads "kill,stop".</summary>
    /// <returns>The faults, each once, and the words that are none.</returns>
    public static (IReadOnlyList<FaultKind> Kinds, IReadOnlyList<string> Unknown) Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var words = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return (
            [.. s_all.Select(fault => fault.Kind).Where(kind => words.Contains(Word(kind), StringComparer.OrdinalIgnoreCase))],
            [
                .. words
                    .Where(word => !s_all.Any(fault => string.Equals(Word(fault.Kind), word, StringComparison.OrdinalIgnoreCase)))
                    .Distinct(),
            ]
        );
    }
}
