using System.CommandLine;
using TrainingCluster.Transport;

namespace TrainingCluster.Cli.Commands;

/// <summary>Options and arguments that mean the same in every command.</summary>
internal static class SharedOptions
{
    private const string DefaultHost = "127.0.0.1:7070";

    /// <summary>Where commands look for a coordinator that nobody named.</summary>
    public const string DefaultCoordinator = $"http://{DefaultHost}";

    public static Option<string> Coordinator() =>
        new("--coordinator", "-c")
        {
            Description = "The coordinator's gRPC address; $CLUSTER_COORDINATOR sets another default.",
            HelpName = "ADDRESS",
            DefaultValueFactory = _ =>
                Environment.GetEnvironmentVariable("CLUSTER_COORDINATOR") is { Length: > 0 } address
                    ? address
                    : $"{ClientAccess.FromEnvironment().Scheme}://{DefaultHost}",
        };

    public static Option<bool> Json() => new("--json") { Description = "Print JSON for machines." };

    public static Argument<string> JobId() => new("ID") { Description = "The job's id, as 'submit' and 'jobs' print it." };

    /// <summary>
    /// So many processes, or threads, this machine is let to start: more than anybody gains by, and few enough that it still answers.
    /// </summary>
    public static int MostParallel { get; } = Math.Max(64, 4 * Environment.ProcessorCount);

    public static Option<int> Workers(int defaultCount)
    {
        var option = new NumberOption<int>("--workers", 1, MostParallel)
        {
            Description = $"Worker processes on this machine, 1 to {MostParallel}.",
            DefaultValueFactory = _ => defaultCount,
        };
        option.Aliases.Add("-w");
        return option;
    }

    public static Option<string?> Folder(string name, string description) => new(name) { Description = description, HelpName = "DIR" };

    public static NumberOption<int> Port(string name, int port, string what) =>
        new(name, 0, 65535)
        {
            Description = $"{what}. 0: any free one.",
            HelpName = "PORT",
            DefaultValueFactory = _ => port,
        };
}
