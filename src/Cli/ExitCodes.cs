namespace TrainingCluster.Cli;

/// <summary>What the process' exit status says. A command ended by a signal returns 128 + the signal's number.</summary>
public static class ExitCodes
{
    /// <summary>Done; a followed job succeeded.</summary>
    public const int Succeeded = 0;

    /// <summary>The followed job failed, or the command could not do its work. Trying again changes nothing.</summary>
    public const int Failed = 1;

    /// <summary>The command line or what it names cannot be used; nothing was done.</summary>
    public const int BadUsage = 2;

    /// <summary>The followed job was cancelled.</summary>
    public const int Cancelled = 3;

    /// <summary>No coordinator answers there, or it has no room now. Trying again later may help.</summary>
    public const int Unavailable = 4;

    /// <summary>An answer did not come in time. Trying again may help.</summary>
    public const int TimedOut = 5;

    /// <summary>The table, for people who ask for help.</summary>
    internal const string Help = """
        Exit status:
          0      done; the job succeeded
          1      failed: the job, or the command's work
          2      the command line or what it names cannot be used; nothing was done
          3      the job was cancelled
          4      no coordinator answers, or it has no room now: try again later
          5      no answer in time: try again
          128+n  ended by signal n (130: Ctrl-C)
        With --json a failure is one JSON object on standard error: code, exitCode, message, help, violations.
        """;
}
