using System.Text;

namespace TrainingCluster.Cli;

/// <summary>Where a command reads and writes: results to <see cref="Out"/>, everything said meanwhile to <see cref="Error"/>.</summary>
public sealed record Terminal
{
    /// <summary>Standard input, undecoded.</summary>
    public required Stream In { get; init; }

    /// <summary>Results.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Progress, notes and errors.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>True: progress is drawn in place; false: it is written as plain lines.</summary>
    public required bool IsLive { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The terminal of this process.</summary>
    public static Terminal OfProcess()
    {
        Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        return new Terminal
        {
            In = Console.OpenStandardInput(),
            Out = Console.Out,
            Error = Console.Error,
            IsLive = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb"),
        };
    }
}
