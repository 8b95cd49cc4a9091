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

    /// <summary>What happened, for machines: UPPER_SNAKE_CASE. Null: the name of the exit status.</summary>
    public string? Code { get; init; }

    /// <summary>What helps. Null: what the message says after its first "; ".</summary>
    public string? Help { get; init; }

    /// <summary>The fields that are wrong, where the failure is about fields.</summary>
    public IReadOnlyList<FieldViolation> Violations { get; init; } = [];

    /// <summary>A command line, or something that it names, that cannot be used.</summary>
    public static CliException BadUsage(string message, Exception? inner = null) => new(message, inner) { ExitCode = ExitCodes.BadUsage };
}

/// <summary>One field that is wrong.</summary>
/// <param name="Field">Its path.</param>
/// <param name="Description">What is wrong, and what helps.</param>
/// <param name="Line">Its line in the job file, from 1; null: it has none.</param>
public sealed record FieldViolation(string Field, string Description, int? Line = null);
