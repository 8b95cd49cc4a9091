using System.CommandLine;
using System.Text.Json;
using TrainingCluster.Cli.Local;
using TrainingCluster.Hosting;
using TrainingCluster.Logging;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>up</c>: a local cluster that stays up.</summary>
internal static class UpCommand
{
    public static Command Create(Terminal terminal)
    {
        var workers = SharedOptions.Workers(2);
        var data = SharedOptions.Folder(
            "--data",
            "Keep jobs, datasets and logs here, and find them again at the next start. Default: a temporary folder, removed at the end."
        );
        var host = new Option<string>("--host") { Description = "The address to listen on.", DefaultValueFactory = _ => "127.0.0.1" };
        var grpc = SharedOptions.Port("--grpc-port", 7070, "The coordinator's gRPC port, for clients");
        var http = SharedOptions.Port("--http-port", 7080, "The coordinator's port for metrics, health and the page");
        var cluster = SharedOptions.Port("--cluster-port", 7071, "The coordinator's port for its workers' actors");
        var device = Device();
        var libtorch = ProgramOptions.LibtorchFolder();
        var tls = new Option<string?>("--tls")
        {
            Description = "Folder of certificates and tokens ('./cluster certs' makes it): TLS on all ports, and no stranger is let in.",
            HelpName = "DIR",
        };
        var insecure = ProgramOptions.Insecure();
        var logging = new LoggingCommandOptions();
        var json = SharedOptions.Json();
        var command = new Command("up", "Start a coordinator and workers on this machine and keep them up until Ctrl-C or SIGTERM.")
        {
            workers,
            data,
            host,
            grpc,
            http,
            cluster,
            device,
            libtorch,
            tls,
            insecure,
            logging.Format,
            logging.Levels,
            json,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                if (parsed.GetValue(data) is { } folder)
                {
                    OutputFolder.RequireWritable("--data", folder);
                }
                return RunAsync(
                    terminal,
                    parsed.GetValue(json),
                    new LocalClusterOptions
                    {
                        Workers = parsed.GetValue(workers),
                        Folder = parsed.GetValue(data),
                        Host = parsed.GetValue(host)!,
                        GrpcPort = parsed.GetValue(grpc),
                        HttpPort = parsed.GetValue(http),
                        ClusterPort = parsed.GetValue(cluster),
                        Device = parsed.GetValue(device)!,
                        Libtorch = parsed.GetValue(libtorch),
                        Tls = parsed.GetValue(tls),
                        Insecure = parsed.GetValue(insecure),
                        Logging = logging.Arguments(parsed),
                    },
                    cancellationToken
                );
            }
        );
        return command;
    }

    public static Option<string> Device() =>
        new("--device")
        {
            Description = "What workers compute on: cpu, or cuda:0 where libtorch has it.",
            DefaultValueFactory = _ => "cpu",
        };

    private static async Task<int> RunAsync(Terminal terminal, bool json, LocalClusterOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await terminal.Error.WriteLineAsync(
                $"starting a coordinator and {options.Workers} worker{(options.Workers == 1 ? "" : "s")} ..."
            );
            await using var cluster = await LocalCluster.StartAsync(options, terminal.Time, cancellationToken);
            await PrintAsync(terminal, cluster, json);
            return await cluster.WhileAliveAsync<int>(
                async token =>
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, terminal.Time, token);
                    return ExitCodes.Succeeded;
                },
                program => TellLost(terminal, program, json),
                cancellationToken
            );
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // This is how it is meant to end.
            await terminal.Error.WriteLineAsync("stopped");
            return ExitCodes.Succeeded;
        }
    }

    private static void TellLost(Terminal terminal, ChildProgram program, bool json)
    {
        if (json)
        {
            var lost = new
            {
                lost = program.Name,
                status = program.ExitCode,
                log = program.LogPath,
            };
            terminal.Out.WriteLine(JsonSerializer.Serialize(lost, JsonSerializerOptions.Web));
            terminal.Out.Flush();
            return;
        }
        terminal.Error.WriteLine($"{program.Name} ended with status {program.ExitCode}; its log: {program.LogPath}");
    }

    private static async Task PrintAsync(Terminal terminal, LocalCluster cluster, bool json)
    {
        var coordinator = cluster.Coordinator;
        if (json)
        {
            await terminal.Out.WriteLineAsync(
                JsonSerializer.Serialize(
                    new
                    {
                        coordinator,
                        workers = cluster.Workers,
                        folder = cluster.Folder,
                    },
                    JsonSerializerOptions.Web
                )
            );
        }
        else
        {
            await terminal.Out.WriteLineAsync($"coordinator  {coordinator.Grpc} (gRPC)  {coordinator.Http} (status, /metrics)");
            for (var i = 0; i < cluster.Workers.Count; i++)
            {
                await terminal.Out.WriteLineAsync(
                    $"worker-{i + 1}     {cluster.Workers[i].Grpc} (gRPC)  {cluster.Workers[i].Http} (/metrics)"
                );
            }
            await terminal.Out.WriteLineAsync($"logs         {Path.Combine(cluster.Folder, "logs")}");
            var address = coordinator.Grpc == SharedOptions.DefaultCoordinator ? "" : $" --coordinator {coordinator.Grpc}";
            await terminal.Out.WriteLineAsync($"Submit with: ./cluster submit job.yaml --wait{address}");
            await terminal.Out.WriteLineAsync("Ctrl-C stops everything.");
        }
        await terminal.Out.FlushAsync();
    }
}
