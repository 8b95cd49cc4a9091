using TrainingCluster.Access;
using TrainingCluster.Security;

namespace TrainingCluster.Coordinator.Access;

/// <summary>What each call of the coordinator needs.</summary>
internal static class CoordinatorRules
{
    public static AccessRules All { get; } = new(Rules());

    private static Dictionary<string, AccessRule> Rules()
    {
        var rules = new Dictionary<string, AccessRule>(StringComparer.Ordinal);
        Add(
            nameof(Jobs),
            new(AccessRole.Viewer, false),
            "GetJob",
            "ListJobs",
            "WatchJob",
            "GetArtifacts",
            "GetCluster",
            "GetLedger",
            "GetQueue",
            "GetCurve"
        );
        Add(nameof(Jobs), new(AccessRole.Submitter, false), "CreateJob", "UpdateJob", "CancelJob", "SuspendJob", "ResumeJob", "DeleteJob");
        Add(
            nameof(Datasets),
            new(AccessRole.Submitter, false),
            "GetDataset",
            "UploadDataset",
            "PrepareDataset",
            "DeleteDataset",
            "PruneDatasets"
        );
        Add(nameof(Datasets), new(AccessRole.Viewer, false), "ListDatasets");
        // Datasets belong to no namespace: who knows a fingerprint does not thereby read the text.
        Add(nameof(Datasets), new(null, true), "DownloadDataset");
        Add(nameof(V1.Checkpoints), new(null, true), "StoreCheckpoint", "FetchCheckpoint", "StoreModel");
        Add(nameof(V1.Checkpoints), new(AccessRole.Viewer, true), "ListCheckpoints");
        return rules;

        void Add(string service, AccessRule rule, params ReadOnlySpan<string> methods)
        {
            foreach (var method in methods)
            {
                rules.Add($"/cluster.v1.{service}/{method}", rule);
            }
        }
    }
}
