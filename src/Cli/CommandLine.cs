using System.CommandLine;
using System.CommandLine.Help;
using Grpc.Core;
using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Commands;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Native;
using TrainingCluster.Modeling.Serialization;
using TrainingCluster.Settings;

namespace TrainingCluster.Cli;

/// <summary>The <c>cluster</c> command: all its subcommands, and what becomes of their errors.</summary>
public static class CommandLine
{
    /// <summary>Runs one command and returns its exit status.</summary>
    public static Task<int> RunAsync(IReadOnlyList<string> args, Terminal terminal) => RunAsync(Create(terminal), args, terminal);

    /// <summary>The same for another tree of commands, whose errors become of the same kind.</summary>
    public static async Task<int> RunAsync(RootCommand root, IReadOnlyList<string> args, Terminal terminal)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(terminal);
        using var interruption = new Interruption(terminal);
        var parsed = Arguments.Read(root, args);
        terminal.Json = FailureReport.WantsJson(parsed);
        var errors = Errors(parsed);
        if (errors.Count > 0 && parsed.Action is not HelpAction)
        {
            return Refuse(terminal, errors, PathOf(parsed.CommandResult.Command));
        }
        if (parsed.Action is HelpAction)
        {
            var settings = parsed.CommandResult.Command.Options.OfType<SettingOption>().ToList();
            settings.ForEach(setting => setting.Describe(settings));
        }
        var configuration = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
            Output = terminal.Out,
            Error = terminal.Error,
        };
        try
        {
            return await parsed.InvokeAsync(configuration, interruption.Token);
        }
        catch (Exception exception) when (interruption.ExitStatus != 0 && IsCancellation(exception))
        {
            FailureReport.Write(terminal, interruption.Failure((exception as InterruptedException)?.Message));
            return interruption.ExitStatus;
        }
        catch (Exception exception) when (Explain(exception, terminal.Json) is { } failure)
        {
            FailureReport.Write(terminal, failure);
            return failure.ExitCode;
        }
    }

    /// <summary>The tree of commands.</summary>
    public static RootCommand Create(Terminal terminal) =>
        new($"A training cluster for Transformers: submit jobs, follow them, translate with what they leave.\n\n{ExitCodes.Help}")
        {
            DemoCommand.Create(terminal),
            TrainCommand.Create(terminal),
            PrepareCommand.Create(terminal),
            TranslateCommand.Create(terminal),
            ServeCommand.Create(terminal),
            BleuCommand.Create(terminal),
            DatesCommand.Create(terminal),
            AttentionCommand.Create(terminal),
            PlotCommand.Create(terminal),
            UpCommand.Create(terminal),
            SubmitCommand.Create(terminal),
            JobsCommand.Create(terminal),
            QueueCommand.Create(terminal),
            GetCommand.Create(terminal),
            WatchCommand.Create(terminal),
            UpdateCommand.Create(terminal),
            CancelCommand.Create(terminal),
            SuspendCommand.Create(terminal),
            ResumeCommand.Create(terminal),
            DeleteCommand.Create(terminal),
            ArtifactsCommand.Create(terminal),
            LedgerCommand.Create(terminal),
            DatasetsCommand.Create(terminal),
            ExplainCommand.Create(terminal),
            CheckpointsCommand.Create(terminal),
            WorkersCommand.Create(terminal),
            CertsCommand.Create(terminal),
            TokenCommand.Create(terminal),
            DoctorCommand.Create(terminal),
            CompletionCommand.Create(terminal, () => Create(terminal)),
            ScriptCommands.Build(),
            ScriptCommands.Test(),
            ScriptCommands.Bench(),
            ScriptCommands.Chaos(),
        };

    private static bool IsCancellation(Exception exception) =>
        exception is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled };

    private static int Refuse(Terminal terminal, IReadOnlyList<string> errors, string path)
    {
        var help = $"./cluster {path}--help";
        FailureReport.Write(
            terminal,
            terminal.Json
                ? new(string.Join('\n', errors)) { ExitCode = ExitCodes.BadUsage, Help = help }
                : new(string.Join("\ncluster: ", errors.Append($"try '{help}'")))
        );
        return ExitCodes.BadUsage;
    }

    /// <summary>
    /// What is expected to go wrong, as a line for people. Null: a defect of ours, which may show its stack, but not to machines.
    /// </summary>
    private static CliException? Explain(Exception exception, bool json) =>
        exception switch
        {
            CliException known => known,
            DatasetException or ModelFolderException or LibtorchException or InvalidDataException => CliException.BadUsage(
                exception.Message
            ),
            RpcException rpc => RpcErrors.Explain(rpc, "the coordinator"),
            TimeoutException => new CliException(exception.Message) { ExitCode = ExitCodes.TimedOut },
            IOException or UnauthorizedAccessException => new CliException(exception.Message),
            _ when json => new CliException(exception.ToString()) { Code = "INTERNAL" },
            _ => null,
        };

    private static IReadOnlyList<string> Errors(ParseResult parsed)
    {
        if (parsed.CommandResult.Command is RootCommand root && parsed.UnmatchedTokens is [var word, ..])
        {
            return [$"there is no command '{word}'; there are {string.Join(", ", root.Subcommands.Select(command => command.Name))}"];
        }
        // What an empty value is no number or name for besides says nothing more.
        return EmptyValues.Of(parsed) is { Count: > 0 } empty ? empty : [.. parsed.Errors.Select(error => error.Message)];
    }

    private static string PathOf(Command command)
    {
        var path = "";
        for (Symbol? symbol = command; symbol is Command and not RootCommand; symbol = symbol.Parents.FirstOrDefault())
        {
            path = $"{symbol.Name} {path}";
        }
        return path;
    }
}
