using Grpc.Core;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Errors;

namespace TrainingCluster.Coordinator.Access;

/// <summary>How much clients may take. Null: as much as there is.</summary>
public sealed record Quotas
{
    private static readonly TimeSpan s_jobMayEnd = TimeSpan.FromMinutes(1);

    /// <summary>Bytes of one dataset.</summary>
    public long? DatasetBytes { get; init; }

    /// <summary>Bytes of one job's checkpoints and model, the one that is being stored among them.</summary>
    public long? JobBytes { get; init; }

    /// <summary>Bytes of all datasets and jobs.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>Jobs of one client that have not ended.</summary>
    public int? Jobs { get; init; }

    /// <summary>How many bytes a dataset may have now.</summary>
    internal long ForDataset(DataFolder data) => Math.Min(DatasetBytes ?? long.MaxValue, Left(data));

    /// <summary>How many bytes a job may store now.</summary>
    internal long ForJob(DataFolder data, string jobId) =>
        Math.Min(JobBytes is { } most ? most - Size(data.Job(jobId)) : long.MaxValue, Left(data));

    /// <summary>Refuses a job of a client that has as many as it may.</summary>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED.</exception>
    internal async Task RequireRoomForJobAsync(JobStore store, string name, Caller caller)
    {
        if (Jobs is { } most && await store.CountNotEndedAsync(name, caller.Name) >= most)
        {
            throw RpcErrors.Info(
                StatusCode.ResourceExhausted,
                "TOO_MANY_JOBS",
                $"{(caller.Name.Length > 0 ? caller.Name : "this client")} has {most} jobs in {name} that have not ended, and may not "
                    + "have more; wait for one, or cancel one",
                s_jobMayEnd
            );
        }
    }

    private long Left(DataFolder data) => TotalBytes is { } most ? most - Size(data.Datasets) - Size(data.Jobs) : long.MaxValue;

    private static long Size(string folder) =>
        Directory.Exists(folder)
            ? new DirectoryInfo(folder)
                .EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true })
                .Sum(Length)
            : 0;

    private static long Length(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (FileNotFoundException)
        {
            // An old checkpoint that goes at this moment.
            return 0;
        }
    }
}
