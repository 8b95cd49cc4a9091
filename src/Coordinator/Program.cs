using System.CommandLine;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Coordinator.Hosting;
using TrainingCluster.Coordinator.Kubernetes;
using TrainingCluster.Coordinator.Web;
using TrainingCluster.Hosting;

var data = ProgramOptions.Data("Folder of jobs, datasets, checkpoints and models; made where it is missing.");
var clusterPort = ProgramOptions.Port("--cluster-port", 7071, "the actors");
var access = new AccessCommandOptions();
var quotas = new QuotaCommandOptions();
var kubernetes = new KubernetesCommandOptions();
var translate = PageSettings.TranslateOption();
var process = new ProcessCommandOptions(
    (CoordinatorOptions.UsualGrpcPort, "gRPC (HTTP/2)"),
    (CoordinatorOptions.UsualHttpPort, "metrics, health and the page"),
    CoordinatorSections.All
);
var command = new RootCommand("The coordinator of a training cluster: it queues jobs, keeps their files and holds their workers together.")
{
    data,
    clusterPort,
    access.Tokens,
    access.Issuer,
    access.Audience,
    access.Keys,
    quotas.DatasetBytes,
    quotas.JobBytes,
    quotas.TotalBytes,
    quotas.Jobs,
    kubernetes.Kubernetes,
    kubernetes.Config,
    kubernetes.Namespace,
    kubernetes.Home,
    kubernetes.Volumes,
    kubernetes.Workers,
    translate,
};
process.AddTo(command);
command.SetAction(
    (parsed, _) =>
        ProgramExit.RunAsync(
            "coordinator",
            () =>
                CoordinatorHost.RunAsync(
                    process.Of(
                        parsed,
                        new CoordinatorOptions
                        {
                            Data = parsed.GetRequiredValue(data),
                            ClusterPort = parsed.GetValue(clusterPort),
                            Access = access.Of(parsed),
                            Quotas = quotas.Of(parsed),
                            Kubernetes = kubernetes.Of(parsed),
                            TranslateAt = PageSettings.Read(parsed.GetValue(translate)),
                        }
                    )
                )
        )
);
return await ProgramOptions.InvokeAsync(command, args);
