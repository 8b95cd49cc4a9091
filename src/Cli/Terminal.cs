using System.Text;
using TrainingCluster.Cli.Display;

namespace TrainingCluster.Cli;

/// <summary>Where a command reads and writes: results to <see cref="Out"/>, everything said meanwhile to <see cref="Error"/>.</summary>
public sealed record Terminal
{
    private readonly TextWriter _error = TextWriter.Null;

    /// <summary>Standard input, undecoded.</summary>
    public required Stream In { get; init; }

    /// <summary>Results.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Progress, notes and errors.</summary>
    public required TextWriter Error
    {
        get => Json && !IsLive ? TextWriter.Null : _error;
        init => _error = value;
    }

    /// <summary>True: progress is drawn in place; false: it is written as plain lines.</summary>
    public bool IsLive => Screen is not null;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Columns of the terminal that <see cref="Out"/> writes to, now. Null: there is none, or it does not say.</summary>
    public Func<int?> OutColumns { get; init; } = () => null;

    /// <summary>Where progress is drawn in place. Null: nowhere.</summary>
    internal LiveScreen? Screen { get; init; }

    /// <summary>Standard error, for the failure that ends the command.</summary>
    internal TextWriter Failures => _error;

    /// <summary>
    /// True: a program reads the outputs. Unless somebody looks on, standard error has nothing but the failure that ends the command.
    /// </summary>
    internal bool Json { get; set; }

    /// <summary>The terminal of this process.</summary>
    public static Terminal OfProcess()
    {
        Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        var isLive = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
        var screen = isLive ? new LiveScreen(Console.Error, WindowSize.OfError) : null;
        return new Terminal
        {
            In = Console.OpenStandardInput(),
            // What goes to the same screen makes way for the line of progress.
            Out = screen is null || Console.IsOutputRedirected ? Console.Out : new ScreenWriter(screen, Console.Out),
            Error = screen is null ? Console.Error : new ScreenWriter(screen, Console.Error),
            Screen = screen,
            OutColumns = Console.IsOutputRedirected ? () => null : WindowSize.OfOutput,
        };
    }
}
