using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Errors;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Datasets;

/// <summary>
/// The datasets with what is on record of them. A client of one namespace deals with those that clients of its namespace brought or used;
/// the same content may be another namespace's too.
/// </summary>
public sealed class DatasetCatalog(DatasetLibrary library, JobStore store)
{
    private const int MostNamed = 10;

    /// <summary>All that are there, newest first.</summary>
    /// <param name="confinement">As clients of this namespace see them; null: all, those besides that nobody has on record.</param>
    internal async Task<IReadOnlyList<DatasetUse>> ListAsync(string? confinement)
    {
        var recorded = await store.DatasetsAsync(null, confinement);
        var there = library.Folders().ToDictionary(folder => folder.Fingerprint, folder => folder.Created, StringComparer.Ordinal);
        var list = recorded.Where(use => there.ContainsKey(use.Fingerprint)).ToList();
        if (confinement is null)
        {
            var known = recorded.Select(use => use.Fingerprint).ToHashSet(StringComparer.Ordinal);
            list.AddRange(
                there
                    .Where(folder => !known.Contains(folder.Key))
                    .Select(folder => new DatasetUse(folder.Key, folder.Value, folder.Value, []))
            );
        }
        return
        [
            .. list.OrderByDescending(use => use.Created.ToUnixTimeMilliseconds()).ThenBy(use => use.Fingerprint, StringComparer.Ordinal),
        ];
    }

    /// <summary>A dataset as clients see it.</summary>
    internal async Task<DatasetInfo> DescribeAsync(DatasetUse use, CancellationToken cancellationToken) =>
        WithUse(await library.InfoAsync(use.Fingerprint, cancellationToken), use);

    /// <summary>Fills in what is on record.</summary>
    internal async Task<DatasetInfo> DescribeAsync(DatasetInfo info, string? confinement) =>
        (await store.DatasetsAsync(info.Fingerprint, confinement)) is [var use] ? WithUse(info, use) : info;

    /// <summary>Deletes a dataset.</summary>
    /// <returns>What that gave back; 0: another namespace keeps it.</returns>
    /// <exception cref="RpcException">NOT_FOUND; FAILED_PRECONDITION: a job needs it.</exception>
    internal async Task<long> DeleteAsync(string fingerprint, string? confinement, CancellationToken cancellationToken)
    {
        using var held = await library.HoldAsync(cancellationToken);
        if ((await ListAsync(confinement)).All(use => use.Fingerprint != fingerprint))
        {
            throw RpcErrors.NotFound("dataset", fingerprint, "list the datasets with ListDatasets");
        }
        var (neededBy, isKept) = await store.RemoveDatasetAsync(fingerprint, confinement);
        if (neededBy.Count > 0)
        {
            throw RpcErrors.Precondition(
                "DATASET_NEEDED",
                $"dataset {fingerprint} is needed by {Names(neededBy)}; cancel {(neededBy.Count == 1 ? "that job" : "those jobs")}, or "
                    + "wait for the end"
            );
        }
        return isKept ? 0 : library.Delete(fingerprint);
    }

    /// <summary>Deletes all that no job needs and that were last used before a time.</summary>
    internal async Task<PruneDatasetsResponse> PruneAsync(
        DateTimeOffset before,
        bool dryRun,
        string? confinement,
        CancellationToken cancellationToken
    )
    {
        using var held = await library.HoldAsync(cancellationToken);
        var response = new PruneDatasetsResponse();
        foreach (var use in (await ListAsync(confinement)).Where(use => use.NeededBy.Count == 0 && use.LastUsed < before))
        {
            var info = await DescribeAsync(use, cancellationToken);
            if (dryRun)
            {
                response.Datasets.Add(info);
                response.FreedBytes += info.SizeBytes;
                continue;
            }
            // No job comes in between: the library is held.
            if (await store.RemoveDatasetAsync(use.Fingerprint, confinement) is { NeededBy.Count: 0, IsKept: var isKept })
            {
                response.Datasets.Add(info);
                response.FreedBytes += isKept ? 0 : library.Delete(use.Fingerprint);
            }
        }
        return response;
    }

    private static DatasetInfo WithUse(DatasetInfo info, DatasetUse use)
    {
        (info.CreateTime, info.LastUseTime) = (Timestamp.FromDateTimeOffset(use.Created), Timestamp.FromDateTimeOffset(use.LastUsed));
        info.NeededByJobIds.Add(use.NeededBy);
        return info;
    }

    private static string Names(IReadOnlyList<string> jobs) =>
        jobs.Count > MostNamed
            ? $"{string.Join(", ", jobs.Take(MostNamed))} and {jobs.Count - MostNamed} more jobs"
            : string.Join(", ", jobs);
}
