using System.CommandLine;
using TrainingCluster.Access;
using TrainingCluster.Hosting;
using TrainingCluster.Logging;
using TrainingCluster.Modeling.Native;
using TrainingCluster.Serving.Hosting;
using TrainingCluster.Settings;
using TrainingCluster.Transport;

NativeSettings.Apply();
var model = new Option<string[]>("--model", "-m")
{
    Description =
        "A model folder that training left, or the id of a job; may be given several times. Default: every job of the coordinator that "
        + "has succeeded or has a checkpoint, loaded when it is called.",
    HelpName = "DIR|JOB",
    DefaultValueFactory = _ => [],
};
var coordinator = new Option<string?>("--coordinator", "-c")
{
    Description =
        $"gRPC address of the coordinator that has the jobs. ${ClientAccess.AuthoritiesVariable} and ${ClientAccess.TokenFileVariable} say "
        + "whom to trust and what to show, as for ./cluster.",
    HelpName = "ADDRESS",
};
var data = new Option<string?>("--data")
{
    Description = "Keep fetched models here. Default: a temporary folder, removed at the end.",
    HelpName = "DIR",
};
var threads = new Option<int>("--threads") { Description = "Threads to compute with.", DefaultValueFactory = _ => 1 };
threads.Validators.Add(result =>
{
    if (result.GetValueOrDefault<int>() < 1)
    {
        result.AddError("--threads: give 1 or more.");
    }
});
var host = ProgramOptions.Host();
var advertise = ProgramOptions.Advertise();
var grpcPort = ProgramOptions.Port("--grpc-port", new ServerOptions().GrpcPort, "gRPC (HTTP/2)");
var httpPort = ProgramOptions.Port("--http-port", new ServerOptions().HttpPort, "HTTP/JSON, metrics and health");
var libtorch = ProgramOptions.LibtorchFolder();
var tls = ProgramOptions.Tls();
var insecure = ProgramOptions.Insecure();
var access = new AccessCommandOptions();
var readyFile = ProgramOptions.ReadyFile();
var parentPid = ProgramOptions.ParentPid();
var logging = new LoggingCommandOptions();
var set = ProgramSettings.Option(ServingSections.All);
var command = new RootCommand("A server of translations: it answers gRPC and HTTP/JSON with the models that training has left.")
{
    model,
    coordinator,
    data,
    threads,
    host,
    advertise,
    grpcPort,
    httpPort,
    libtorch,
    tls,
    insecure,
    access.Tokens,
    access.Issuer,
    access.Audience,
    access.Keys,
    readyFile,
    parentPid,
    logging.Format,
    logging.Levels,
    set,
};
command.SetAction(
    (parsed, _) =>
        ProgramExit.RunAsync(
            "serve",
            () =>
            {
                Libtorch.Load(parsed.GetValue(libtorch));
                return ServingHost.RunAsync(
                    new ServerOptions
                    {
                        Models = parsed.GetValue(model)!,
                        Coordinator = parsed.GetValue(coordinator),
                        Data = parsed.GetValue(data),
                        Threads = parsed.GetValue(threads),
                        Host = parsed.GetRequiredValue(host),
                        Advertise = parsed.GetValue(advertise),
                        GrpcPort = parsed.GetValue(grpcPort),
                        HttpPort = parsed.GetValue(httpPort),
                        Tls = parsed.GetValue(tls),
                        Insecure = parsed.GetValue(insecure),
                        Access = access.Of(parsed),
                        ReadyFile = parsed.GetValue(readyFile),
                        ParentPid = parsed.GetValue(parentPid),
                        Settings = ProgramSettings.Read([.. parsed.GetValue(set)!, .. logging.Settings(parsed)]),
                    }
                );
            }
        )
);
return await ProgramOptions.InvokeAsync(command, args);
