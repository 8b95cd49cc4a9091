using System.CommandLine;
using TrainingCluster.Hosting;
using TrainingCluster.Logging;
using TrainingCluster.Modeling.Native;
using TrainingCluster.Settings;
using TrainingCluster.Worker.Hosting;

NativeSettings.Apply();
var coordinator = new Option<string>("--coordinator")
{
    Description = "Where the coordinator's actors are.",
    Required = true,
    HelpName = "HOST:PORT",
};
coordinator.Validators.Add(result =>
{
    if (!WorkerOptions.IsHostPort(result.GetValueOrDefault<string>()))
    {
        result.AddError("--coordinator: give HOST:PORT, such as 127.0.0.1:7071.");
    }
});
var data = ProgramOptions.Data("Folder of datasets; made where it is missing.");
var name = new Option<string?>("--name") { Description = "Unique name. Default: machine and process.", HelpName = "NAME" };
var host = ProgramOptions.Host();
var advertise = ProgramOptions.Advertise();
var grpcPort = ProgramOptions.Port("--grpc-port", 0, "gRPC between workers");
var httpPort = ProgramOptions.Port("--http-port", 0, "metrics and health");
var clusterPort = ProgramOptions.Port("--cluster-port", 0, "the actors");
var device = new Option<string>("--device")
{
    Description = "Where to compute: cpu, cuda:0, ...",
    DefaultValueFactory = _ => "cpu",
    HelpName = "DEVICE",
};
var libtorch = ProgramOptions.LibtorchFolder();
var tls = ProgramOptions.Tls();
var insecure = ProgramOptions.Insecure();
var sharedMemory = ProgramOptions.SharedMemory();
var readyFile = ProgramOptions.ReadyFile();
var parentPid = ProgramOptions.ParentPid();
var logging = new LoggingCommandOptions();
var set = ProgramSettings.Option(WorkerSections.All);
var command = new RootCommand("A worker of a training cluster: it trains its shards of a job together with its peers.")
{
    coordinator,
    data,
    name,
    host,
    advertise,
    grpcPort,
    httpPort,
    clusterPort,
    device,
    sharedMemory,
    libtorch,
    tls,
    insecure,
    readyFile,
    parentPid,
    logging.Format,
    logging.Levels,
    set,
};
command.SetAction(
    (parsed, _) =>
        ProgramExit.RunAsync(
            "worker",
            () =>
            {
                Libtorch.Load(parsed.GetValue(libtorch));
                ComputeDevice.Require(parsed.GetRequiredValue(device));
                return WorkerHost.RunAsync(
                    new WorkerOptions
                    {
                        Coordinator = ListenAddress.OneSpellingOf(parsed.GetRequiredValue(coordinator)),
                        Data = parsed.GetRequiredValue(data),
                        Name = parsed.GetValue(name),
                        Host = parsed.GetRequiredValue(host),
                        Advertise = parsed.GetValue(advertise),
                        GrpcPort = parsed.GetValue(grpcPort),
                        HttpPort = parsed.GetValue(httpPort),
                        ClusterPort = parsed.GetValue(clusterPort),
                        Device = parsed.GetRequiredValue(device),
                        SharedMemory = parsed.GetRequiredValue(sharedMemory) == ProgramOptions.On,
                        Tls = parsed.GetValue(tls),
                        Insecure = parsed.GetValue(insecure),
                        ReadyFile = parsed.GetValue(readyFile),
                        ParentPid = parsed.GetValue(parentPid),
                        Settings = ProgramSettings.Read([.. parsed.GetValue(set)!, .. logging.Settings(parsed)]),
                    }
                );
            }
        )
);
return await ProgramOptions.InvokeAsync(command, args);
