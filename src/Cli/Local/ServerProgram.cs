using TrainingCluster.Hosting;

namespace TrainingCluster.Cli.Local;

/// <summary>A server of translations as a process on this machine, which ends with this object.</summary>
internal sealed class ServerProgram : IAsyncDisposable
{
    private const string Name = "serve";

    // A named model is loaded after that; a machine that does much else takes its time.
    private static readonly TimeSpan s_startWithin = TimeSpan.FromMinutes(5);

    // Longer than a server may take to answer what it has (Calls:DrainTimeout), where nobody has set another time.
    private static readonly TimeSpan s_stopWithin = TimeSpan.FromSeconds(40);

    private readonly TemporaryFolder _folder = new();
    private readonly ChildProgram _program;

    private ServerProgram(IEnumerable<string> arguments, TimeProvider time) =>
        _program = ChildProgram.Start(Name, ProgramFiles.Serving, [.. arguments, "--ready-file", ReadyPath], Log, time);

    /// <summary>Its log.</summary>
    public string Log => Path.Combine(_folder.Path, $"{Name}.log");

    private string ReadyPath => Path.Combine(_folder.Path, "ready.json");

    /// <summary>Starts it.</summary>
    public static ServerProgram Start(IEnumerable<string> arguments, TimeProvider time) => new(arguments, time);

    /// <summary>An option, where it has a value.</summary>
    public static string[] Given(string option, string? value) => value is null ? [] : [option, value];

    /// <summary>Its addresses, once it listens and has its models.</summary>
    public Task<ReadyFile> ReadyAsync(CancellationToken cancellationToken) =>
        _program.ReadyAsync(ReadyPath, s_startWithin, cancellationToken);

    /// <summary>Completes when it has ended by itself.</summary>
    public Task EndedAsync(CancellationToken cancellationToken) => _program.EndedAsync(cancellationToken);

    /// <summary>Says that it has ended, and why.</summary>
    public CliException Ended() => _program.Ended();

    /// <summary>Asks it to end, and waits until it has answered what it has taken.</summary>
    public Task StopAsync() => _program.StopAsync(s_stopWithin);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _program.DisposeAsync();
        _folder.Dispose();
    }
}
