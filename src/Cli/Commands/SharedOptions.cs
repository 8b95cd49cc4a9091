using System.CommandLine;

namespace TrainingCluster.Cli.Commands;

/// <summary>Options and arguments that mean the same in every command.</summary>
internal static class SharedOptions
{
    public const string DefaultCoordinator = "http://127.0.0.1:7070";

    public static Option<string> Coordinator() =>
        new("--coordinator", "-c")
        {
            Description = "The coordinator's gRPC address; $CLUSTER_COORDINATOR sets another default.",
            HelpName = "ADDRESS",
            DefaultValueFactory = _ =>
                Environment.GetEnvironmentVariable("CLUSTER_COORDINATOR") is { Length: > 0 } address ? address : DefaultCoordinator,
        };

    public static Option<bool> Json() => new("--json") { Description = "Print JSON for machines." };

    public static Argument<string> JobId() => new("ID") { Description = "The job's id, as 'submit' and 'jobs' print it." };

    public static Option<int> Workers(int defaultCount) =>
        Positive(
            new Option<int>("--workers", "-w")
            {
                Description = "Worker processes on this machine.",
                HelpName = "N",
                DefaultValueFactory = _ => defaultCount,
            }
        );

    public static Option<string?> Folder(string name, string description) => new(name) { Description = description, HelpName = "DIR" };

    /// <summary>Refuses numbers below 1.</summary>
    public static Option<T> Positive<T>(Option<T> option)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && long.TryParse(result.Tokens[0].Value, out var value) && value < 1)
            {
                result.AddError($"{option.Name} {value}: must be at least 1");
            }
        });
        return option;
    }
}
