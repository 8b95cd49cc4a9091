using TrainingCluster.Security;

namespace TrainingCluster.Coordinator.Access;

/// <summary>What each call needs. A call that stands nowhere needs the most.</summary>
internal static class AccessRules
{
    private const string Health = "/grpc.health.v1.Health/";
    private const string Reflection = "/grpc.reflection.";

    private static readonly Dictionary<string, AccessRule> s_rules = Rules();

    /// <summary>The rule of a call.</summary>
    /// <param name="method">Its full name, <c>/package.Service/Method</c>.</param>
    /// <returns>Null: nobody is asked.</returns>
    public static AccessRule? Of(string method) =>
        method.StartsWith(Health, StringComparison.Ordinal) ? null
        : method.StartsWith(Reflection, StringComparison.Ordinal) ? new(AccessRole.Viewer, false)
        : s_rules.GetValueOrDefault(method, new(AccessRole.Operator, false));

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
            "GetQueue"
        );
        Add(nameof(Jobs), new(AccessRole.Submitter, false), "CreateJob", "UpdateJob", "CancelJob", "SuspendJob", "ResumeJob", "DeleteJob");
        Add(nameof(Datasets), new(AccessRole.Submitter, false), "GetDataset", "UploadDataset");
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

/// <summary>What a call needs.</summary>
/// <param name="Role">The least role of a client; null: clients may not make it.</param>
/// <param name="Workers">Whether workers may make it.</param>
internal sealed record AccessRule(AccessRole? Role, bool Workers)
{
    public bool Admits(Caller caller) => (Workers && caller.IsWorker) || (Role is { } least && caller.Is(least));

    public string Needs =>
        string.Join(
            " or ",
            new[]
            {
                Role is { } least ? $"the role {AccessTokens.WordOf(least)}" : null,
                Workers ? "a worker's certificate" : null,
            }.OfType<string>()
        );
}
