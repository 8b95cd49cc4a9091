using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Queueing;

/// <summary>Workers in groups that compute alike, to the bit: only such may train one job together.</summary>
internal static class AlikeWorkers
{
    private const int Named = 5;

    /// <summary>Whether a worker computes so.</summary>
    public static bool IsAlike(this WorkerSupply worker, Arithmetic? arithmetic) =>
        worker.Arithmetic.Fingerprint == arithmetic?.Fingerprint;

    /// <summary>The same by the fingerprint alone.</summary>
    public static bool Computes(this WorkerSupply worker, string? fingerprint) => worker.Arithmetic.Fingerprint == fingerprint;

    /// <summary>
    /// How the largest group computes; of equal ones the group of the worker that registered first. Null: there is no worker.
    /// </summary>
    public static Arithmetic? Largest(IEnumerable<WorkerSupply> workers) => Groups(workers).FirstOrDefault()?.First().Arithmetic;

    /// <summary>"worker-3 (a1b2c3d4e5f6: cpu Intel avx2, …); worker-4 and worker-5 (…)".</summary>
    public static string Describe(IEnumerable<WorkerSupply> workers) =>
        string.Join("; ", Groups(workers).Select(group => $"{Names([.. group.Select(w => w.Id)])} ({group.First().Arithmetic.ToText()})"));

    private static IEnumerable<IGrouping<string, WorkerSupply>> Groups(IEnumerable<WorkerSupply> workers) =>
        workers
            .OrderBy(w => w.Registered)
            .ThenBy(w => w.Id, StringComparer.Ordinal)
            .GroupBy(w => w.Arithmetic.Fingerprint, StringComparer.Ordinal)
            // Stable: of equal groups the one whose first worker registered first comes first.
            .OrderByDescending(group => group.Count());

    private static string Names(string[] ids) =>
        ids.Length <= Named ? string.Join(", ", ids) : $"{string.Join(", ", ids.Take(Named))} and {ids.Length - Named} more";
}
