namespace TrainingCluster.Cli;

/// <summary>What the process' exit status says. A command ended by a signal returns 128 + the signal's number.</summary>
public static class ExitCodes
{
    /// <summary>Done; a followed job succeeded.</summary>
    public const int Succeeded = 0;

    /// <summary>The followed job failed, or the command could not do its work.</summary>
    public const int Failed = 1;

    /// <summary>The command line or what it names cannot be used; nothing was done.</summary>
    public const int BadUsage = 2;

    /// <summary>The followed job was cancelled.</summary>
    public const int Cancelled = 3;
}
