using System.CommandLine;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Coordinator.Hosting;
using TrainingCluster.Coordinator.Kubernetes;
using TrainingCluster.Coordinator.Web;
using TrainingCluster.Hosting;
using TrainingCluster.Logging;
using TrainingCluster.Settings;

var data = ProgramOptions.Data("Folder of jobs, datasets, checkpoints and models; made where it is missing.");
var host = ProgramOptions.Host();
var advertise = ProgramOptions.Advertise();
var grpcPort = ProgramOptions.Port("--grpc-port", 7070, "gRPC (HTTP/2)");
var httpPort = ProgramOptions.Port("--http-port", 7080, "metrics, health and the page");
var clusterPort = ProgramOptions.Port("--cluster-port", 7071, "the actors");
var tls = ProgramOptions.Tls();
var insecure = ProgramOptions.Insecure();
var access = new AccessCommandOptions();
var quotas = new QuotaCommandOptions();
var kubernetes = new KubernetesCommandOptions();
var translate = PageSettings.TranslateOption();
var readyFile = ProgramOptions.ReadyFile();
var parentPid = ProgramOptions.ParentPid();
var logging = new LoggingCommandOptions();
var set = ProgramSettings.Option(CoordinatorSections.All);
var command = new RootCommand("The coordinator of a training cluster: it queues jobs, keeps their files and holds their workers together.")
{
    data,
    host,
    advertise,
    grpcPort,
    httpPort,
    clusterPort,
    tls,
    insecure,
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
    readyFile,
    parentPid,
    logging.Format,
    logging.Levels,
    set,
};
command.SetAction(
    (parsed, _) =>
        ProgramExit.RunAsync(
            "coordinator",
            () =>
                CoordinatorHost.RunAsync(
                    new CoordinatorOptions
                    {
                        Data = parsed.GetRequiredValue(data),
                        Host = parsed.GetRequiredValue(host),
                        Advertise = parsed.GetValue(advertise),
                        GrpcPort = parsed.GetValue(grpcPort),
                        HttpPort = parsed.GetValue(httpPort),
                        ClusterPort = parsed.GetValue(clusterPort),
                        Tls = parsed.GetValue(tls),
                        Insecure = parsed.GetValue(insecure),
                        Access = access.Of(parsed),
                        Quotas = quotas.Of(parsed),
                        Kubernetes = kubernetes.Of(parsed),
                        TranslateAt = PageSettings.Read(parsed.GetValue(translate)),
                        ReadyFile = parsed.GetValue(readyFile),
                        ParentPid = parsed.GetValue(parentPid),
                        Settings = ProgramSettings.Read([.. parsed.GetValue(set)!, .. logging.Settings(parsed)]),
                    }
                )
        )
);
return await ProgramOptions.InvokeAsync(command, args);
