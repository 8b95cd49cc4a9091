using System.CommandLine;
using Grpc.Core;
using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Completion;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>completion</c>: scripts with which shells complete commands, options and ids.</summary>
internal static class CompletionCommand
{
    private const int MostIds = 50;

    // Whoever presses Tab waits no longer.
    private static readonly TimeSpan s_answerWithin = TimeSpan.FromSeconds(1);

    /// <param name="terminal">Gets the script.</param>
    /// <param name="root">Gives the tree that is completed, this command in it.</param>
    public static Command Create(Terminal terminal, Func<RootCommand> root)
    {
        var command = new Command(
            "completion",
            "Print a script with which bash, zsh or fish completes commands, options and job ids: source <(./cluster completion bash)."
        )
        {
            Shell(terminal, root, "bash", BashCompletion.Script),
            Shell(terminal, root, "zsh", ZshCompletion.Script),
            Shell(terminal, root, "fish", FishCompletion.Script),
            Ids(terminal),
        };
        return command;
    }

    private static Command Shell(
        Terminal terminal,
        Func<RootCommand> root,
        string name,
        Func<IReadOnlyList<CompletedCommand>, string> script
    )
    {
        var command = new Command(name, $"The script for {name}.");
        command.SetAction((parsed, _) => WriteAsync(terminal, script(CommandTree.Of(root()))));
        return command;
    }

    private static async Task<int> WriteAsync(Terminal terminal, string script)
    {
        await terminal.Out.WriteAsync(script);
        return ExitCodes.Succeeded;
    }

    /// <summary>For the scripts: the newest jobs' ids. A shell that completes wants no errors.</summary>
    private static Command Ids(Terminal terminal)
    {
        var coordinator = SharedOptions.Coordinator();
        var command = new Command("ids", "The ids of the newest jobs, for the scripts.") { coordinator };
        command.Hidden = true;
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                try
                {
                    using var connection = new ClusterConnection(parsed.GetValue(coordinator)!, terminal.Time)
                    {
                        AnswerWithin = s_answerWithin,
                    };
                    var page = await connection.CallAsync(
                        options => connection.Jobs.ListJobsAsync(new ListJobsRequest { PageSize = MostIds }, options),
                        cancellationToken
                    );
                    foreach (var job in page.Jobs)
                    {
                        await terminal.Out.WriteLineAsync(job.Id);
                    }
                }
                catch (Exception exception) when (exception is CliException or RpcException)
                {
                    return ExitCodes.Unavailable;
                }
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }
}
