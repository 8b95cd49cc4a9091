using System.CommandLine;
using TrainingCluster.Hosting;
using TrainingCluster.Modeling.Native;
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
var clusterPort = ProgramOptions.Port("--cluster-port", 0, "the actors");
var device = new Option<string>("--device")
{
    Description = "Where to compute: cpu, cuda:0, ...",
    DefaultValueFactory = _ => "cpu",
    HelpName = "DEVICE",
};
var libtorch = ProgramOptions.LibtorchFolder();
var sharedMemory = ProgramOptions.SharedMemory();
var dataConnections = ProgramOptions.DataConnections();
var process = new ProcessCommandOptions((0, "gRPC between workers"), (0, "metrics and health"), WorkerSections.All);
var command = new RootCommand("A worker of a training cluster: it trains its shards of a job together with its peers.")
{
    coordinator,
    data,
    name,
    clusterPort,
    device,
    sharedMemory,
    dataConnections,
    libtorch,
};
process.AddTo(command);
command.SetAction(
    (parsed, _) =>
        ProgramExit.RunAsync(
            "worker",
            () =>
            {
                Libtorch.Load(parsed.GetValue(libtorch));
                ComputeDevice.Require(parsed.GetRequiredValue(device));
                return WorkerHost.RunAsync(
                    process.Of(
                        parsed,
                        new WorkerOptions
                        {
                            Coordinator = ListenAddress.OneSpellingOf(parsed.GetRequiredValue(coordinator)),
                            Data = parsed.GetRequiredValue(data),
                            Name = parsed.GetValue(name),
                            ClusterPort = parsed.GetValue(clusterPort),
                            Device = parsed.GetRequiredValue(device),
                            SharedMemory = parsed.GetRequiredValue(sharedMemory) == ProgramOptions.On,
                            DataConnections = parsed.GetRequiredValue(dataConnections) == ProgramOptions.On,
                        }
                    )
                );
            }
        )
);
return await ProgramOptions.InvokeAsync(command, args);
