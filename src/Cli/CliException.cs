namespace TrainingCluster.Cli;

/// <summary>Ends the command with a message for people and an exit status. The message names the input and the fix.</summary>
public sealed class CliException : Exception
{
    /// <summary>A failure without a message.</summary>
    public CliException()
        : this("the command failed") { }

    /// <summary>A failure of the work itself.</summary>
    public CliException(string message)
        : base(message) { }

    /// <summary>A failure of the work itself, and what made it so.</summary>
    public CliException(string message, Exception? innerException)
        : base(message, innerException) { }

    /// <summary>The exit status; see <see cref="ExitCodes"/>.</summary>
    public int ExitCode { get; init; } = ExitCodes.Failed;

    /// <summary>A command line, or something that it names, that cannot be used.</summary>
    public static CliException BadUsage(string message, Exception? inner = null) => new(message, inner) { ExitCode = ExitCodes.BadUsage };
}
