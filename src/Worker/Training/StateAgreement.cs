using System.Security.Cryptography;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Training;

/// <summary>
/// What members tell one another before they train on: a byte that says whether the evaluation due at this step is still missing, a
/// hash of what steps change, and a hash of what evaluations change.
/// </summary>
internal static class StateAgreement
{
    /// <summary>This worker's statement.</summary>
    public static byte[] Of(TrainingJob job)
    {
        var (steps, evaluations) = job.State.Fingerprints();
        return [(byte)(job.EvaluationIsDue ? 1 : 0), .. steps, .. evaluations];
    }

    /// <summary>
    /// Null if the members hold the same state. A generation that broke off during an evaluation leaves some with it and some
    /// without: then what evaluations change is compared among those of one kind only.
    /// </summary>
    public static CollectiveFailure? Check(CollectiveGroup group, byte[][] all)
    {
        var own = all[group.Plan.OwnRank];
        var compared = 1 + SHA256.HashSizeInBytes;
        var different = Enumerable
            .Range(0, all.Length)
            .Where(rank =>
                all[rank].Length != own.Length
                || !all[rank].AsSpan(1, SHA256.HashSizeInBytes).SequenceEqual(own.AsSpan(1, SHA256.HashSizeInBytes))
                || (all[rank][0] == own[0] && !all[rank].AsSpan(compared).SequenceEqual(own.AsSpan(compared)))
            )
            .ToList();
        return different.Count == 0 ? null : group.Diverge(different);
    }

    /// <summary>Whether any member still lacks the evaluation.</summary>
    public static bool EvaluationIsMissing(byte[][] all) => all.Any(statement => statement[0] == 1);
}
