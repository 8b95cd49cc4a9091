using System.CommandLine;
using TrainingCluster.Access;
using TrainingCluster.Hosting;
using TrainingCluster.Modeling.Native;
using TrainingCluster.Serving.Hosting;
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
var threads = new Option<int>("--threads")
{
    Description = "Batches to translate at a time, each with one thread. Default: as many as there are processors.",
    DefaultValueFactory = _ => Environment.ProcessorCount,
};
threads.Validators.Add(result =>
{
    if (result.GetValueOrDefault<int>() < 1)
    {
        result.AddError("--threads: give 1 or more.");
    }
});
var libtorch = ProgramOptions.LibtorchFolder();
var access = new AccessCommandOptions();
var process = new ProcessCommandOptions(
    (ServerOptions.UsualGrpcPort, "gRPC (HTTP/2)"),
    (ServerOptions.UsualHttpPort, "HTTP/JSON, metrics and health"),
    ServingSections.All
);
var command = new RootCommand("A server of translations: it answers gRPC and HTTP/JSON with the models that training has left.")
{
    model,
    coordinator,
    data,
    threads,
    libtorch,
    access.Tokens,
    access.Issuer,
    access.Audience,
    access.Keys,
};
process.AddTo(command);
command.SetAction(
    (parsed, _) =>
        ProgramExit.RunAsync(
            "serve",
            () =>
            {
                Libtorch.Load(parsed.GetValue(libtorch));
                return ServingHost.RunAsync(
                    process.Of(
                        parsed,
                        new ServerOptions
                        {
                            Models = parsed.GetValue(model)!,
                            Coordinator = parsed.GetValue(coordinator),
                            Data = parsed.GetValue(data),
                            Threads = parsed.GetValue(threads),
                            Access = access.Of(parsed),
                        }
                    )
                );
            }
        )
);
return await ProgramOptions.InvokeAsync(command, args);
