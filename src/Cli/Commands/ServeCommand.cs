using System.CommandLine;
using System.Text.Json;
using TrainingCluster.Cli.Local;
using TrainingCluster.Hosting;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>serve</c>: a server of translations on this machine that stays up.</summary>
internal static class ServeCommand
{
    private const string Name = "serve";

    public static Command Create(Terminal terminal)
    {
        var model = new Option<string[]>("--model", "-m")
        {
            Description =
                "A model folder that training left, or the id of a job; may be given several times. Default: every job of the coordinator "
                + "that has succeeded or has a checkpoint, loaded when it is called.",
            HelpName = "DIR|JOB",
            DefaultValueFactory = _ => [],
        };
        var coordinator = SharedOptions.Coordinator();
        var data = SharedOptions.Folder("--data", "Keep fetched models here. Default: a temporary folder, removed at the end.");
        var host = new Option<string>("--host") { Description = "The address to listen on.", DefaultValueFactory = _ => "127.0.0.1" };
        var grpc = SharedOptions.Port("--grpc-port", 7090, "gRPC, for applications");
        var http = SharedOptions.Port("--http-port", 7091, "HTTP/JSON, metrics and health");
        var threads = new NumberOption<int>("--threads", 1, SharedOptions.MostParallel)
        {
            Description =
                $"Batches to translate at a time, each with one thread, 1 to {SharedOptions.MostParallel}. Default: as many as there are "
                + "processors.",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        var set = new Option<string[]>("--set")
        {
            Description = "Set a limit of the server, such as Models:MaxLoaded=10; docs/configuration.md has all.",
            HelpName = "SECTION:NAME=VALUE",
            DefaultValueFactory = _ => [],
        };
        var libtorch = ProgramOptions.LibtorchFolder();
        var tls = new Option<string?>("--tls")
        {
            Description = "Folder of certificates and tokens ('./cluster certs' makes it): TLS on all ports, and no stranger is let in.",
            HelpName = "DIR",
        };
        var insecure = ProgramOptions.Insecure();
        var json = SharedOptions.Json();
        var command = new Command(Name, "Answer applications with translations by trained models, over gRPC and HTTP/JSON, until Ctrl-C.")
        {
            model,
            coordinator,
            data,
            host,
            grpc,
            http,
            threads,
            set,
            libtorch,
            tls,
            insecure,
            json,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                var models = parsed.GetValue(model)!;
                string[] arguments =
                [
                    .. models.SelectMany(name => new[] { "--model", name }),
                    .. ServerProgram.Given("--data", parsed.GetValue(data)),
                    .. ServerProgram.Given("--coordinator", parsed.GetValue(coordinator)),
                    "--host",
                    parsed.GetValue(host)!,
                    "--grpc-port",
                    $"{parsed.GetValue(grpc)}",
                    "--http-port",
                    $"{parsed.GetValue(http)}",
                    "--threads",
                    $"{parsed.GetValue(threads)}",
                    .. parsed.GetValue(set)!.SelectMany(setting => new[] { "--set", setting }),
                    .. ServerProgram.Given("--libtorch", parsed.GetValue(libtorch)),
                    .. LocalCertificates.ServingFlags(parsed.GetValue(tls)),
                    .. parsed.GetValue(insecure) ? [ProgramOptions.InsecureFlag] : Array.Empty<string>(),
                ];
                return RunAsync(terminal, arguments, parsed.GetValue(json), cancellationToken);
            }
        );
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, string[] arguments, bool json, CancellationToken cancellationToken)
    {
        await using var server = ServerProgram.Start(arguments, terminal.Time);
        try
        {
            await PrintAsync(terminal, await server.ReadyAsync(cancellationToken), server.Log, json);
            await server.EndedAsync(cancellationToken);
            throw server.Ended();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // This is how it is meant to end.
            await server.StopAsync();
            await terminal.Error.WriteLineAsync("stopped");
            return ExitCodes.Succeeded;
        }
    }

    private static async Task PrintAsync(Terminal terminal, ReadyFile server, string log, bool json)
    {
        await terminal.Out.WriteLineAsync(
            json
                ? JsonSerializer.Serialize(
                    new
                    {
                        server.Grpc,
                        server.Http,
                        server.Pid,
                        Log = log,
                    },
                    JsonSerializerOptions.Web
                )
                : $"""
                serving  {server.Grpc} (gRPC)  {server.Http} (HTTP/JSON, /metrics)
                log      {log}
                Ctrl-C stops it, after it has answered what it has taken.
                """
        );
        await terminal.Out.FlushAsync();
    }
}
