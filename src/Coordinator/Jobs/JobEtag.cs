using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;

namespace TrainingCluster.Coordinator.Jobs;

/// <summary>The etags of jobs: what they are made of changes with whatever a client could decide by, and not with every step.</summary>
internal static class JobEtag
{
    private const int Bytes = 8;

    /// <summary>The etag of a job as it is.</summary>
    public static string Of(StoredJob job)
    {
        var state = Encoding.UTF8.GetBytes($"{job.Id}\n{job.Record.Phase.ToJobState()}\n{JsonSerializer.Serialize(job.Labels)}\n");
        return Convert.ToHexStringLower(SHA256.HashData([.. state, .. job.Spec.ToByteArray()])[..Bytes]);
    }

    /// <summary>Whether a client that read <paramref name="etag"/> knows the job as it is; an empty one asks for nothing.</summary>
    public static bool IsCurrent(StoredJob job, string etag) => etag.Length == 0 || etag == Of(job);
}
