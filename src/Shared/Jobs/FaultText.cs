using System.Globalization;
using TrainingCluster.V1;

namespace TrainingCluster.Jobs;

/// <summary>Faults as people read them.</summary>
public static class FaultText
{
    /// <summary>One line: "generation 3, step 120: worker-2 (rank 1, 10.0.0.5): its actor ended; done: …; lost: …".</summary>
    public static string Line(this Fault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        var workers = fault.Workers.Count > 0 ? $"{fault.WorkersText()}: " : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"generation {fault.Generation}, step {fault.Step}: {workers}{fault.Cause}; done: {fault.Done}; lost: {fault.LostText()}"
        );
    }

    /// <summary>"worker-2 (rank 1, 10.0.0.5), worker-3".</summary>
    public static string WorkersText(this Fault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        return string.Join(", ", fault.Workers.Select(Of));
    }

    /// <summary>What it cost.</summary>
    public static string LostText(this Fault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        return fault.Lost.Length > 0 ? fault.Lost : "nothing";
    }

    /// <summary>Each of its parts, for a log: names as in messages.</summary>
    public static IEnumerable<(string Name, object Value)> Values(this Fault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        return
        [
            ("Fault", fault.Kind.ToString()),
            ("Generation", fault.Generation),
            ("Step", fault.Step),
            ("Worker", string.Join(",", fault.Workers.Select(w => w.Id))),
            ("Rank", string.Join(",", fault.Workers.Where(w => w.HasRank).Select(w => w.Rank))),
            ("Host", string.Join(",", fault.Workers.Select(w => w.Host).Where(host => host.Length > 0).Distinct())),
            ("Cause", fault.Cause),
            ("Done", fault.Done),
            ("Lost", fault.LostText()),
        ];
    }

    private static string Of(FaultWorker worker)
    {
        string[] known =
        [
            .. worker.HasRank ? [string.Create(CultureInfo.InvariantCulture, $"rank {worker.Rank}")] : Array.Empty<string>(),
            .. worker.Host.Length > 0 ? [worker.Host] : Array.Empty<string>(),
        ];
        return known.Length == 0 ? worker.Id : $"{worker.Id} ({string.Join(", ", known)})";
    }
}
