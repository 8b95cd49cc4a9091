using System.CommandLine;
using TrainingCluster.Coordinator.Kubernetes.Decisions;

namespace TrainingCluster.Coordinator.Kubernetes;

/// <summary>The options of the command line that make the coordinator a controller of TrainingJobs.</summary>
internal sealed class KubernetesCommandOptions
{
    private const string NamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

    public Option<bool> Kubernetes { get; } =
        new("--kubernetes")
        {
            Description = "Carry out the TrainingJob objects of Kubernetes (docs/kubernetes.md), as the pod's service account.",
        };

    public Option<string?> Config { get; } =
        new("--kubeconfig") { Description = "Use this kubeconfig instead of the pod's service account.", HelpName = "FILE" };

    public Option<string?> Namespace { get; } =
        new("--kubernetes-namespace")
        {
            Description = "Only TrainingJobs of this namespace. Default: of all namespaces.",
            HelpName = "NAMESPACE",
        };

    public Option<string?> Home { get; } =
        new("--kubernetes-home")
        {
            Description = "Namespace of the coordinator's lease and of the workers. Default: the pod's own, else 'default'.",
            HelpName = "NAMESPACE",
        };

    public Option<string?> Volumes { get; } =
        new("--kubernetes-volumes")
        {
            Description = "Folder below which the volumes are mounted that a TrainingJob may take its text from. Default: none.",
            HelpName = "DIR",
        };

    public Option<WorkerBounds?> Workers { get; } =
        new("--kubernetes-workers")
        {
            Description =
                "Scale this StatefulSet by what the queue has work for, within these bounds: worker=0..8. Default: scale nothing.",
            HelpName = "NAME=MIN..MAX",
            CustomParser = result =>
            {
                if (WorkerBounds.Read(result.Tokens[0].Value) is { } bounds)
                {
                    return bounds;
                }
                result.AddError(
                    $"--kubernetes-workers {result.Tokens[0].Value}: give a StatefulSet with its least and greatest size: worker=0..8."
                );
                return null;
            },
        };

    /// <summary>What was said; null: no controller.</summary>
    public KubernetesAccess? Of(ParseResult parsed)
    {
        if (!parsed.GetValue(Kubernetes))
        {
            return null;
        }
        return new()
        {
            Config = parsed.GetValue(Config),
            Namespace = parsed.GetValue(Namespace),
            Home = parsed.GetValue(Home) ?? (File.Exists(NamespaceFile) ? File.ReadAllText(NamespaceFile).Trim() : "default"),
            Volumes = parsed.GetValue(Volumes),
            Workers = parsed.GetValue(Workers),
        };
    }
}
