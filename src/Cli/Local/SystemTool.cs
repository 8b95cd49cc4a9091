using System.ComponentModel;
using System.Diagnostics;

namespace TrainingCluster.Cli.Local;

/// <summary>Runs a program of the system (ip, tc, mount) to its end.</summary>
internal static class SystemTool
{
    /// <summary>How it ended and what it said.</summary>
    public sealed record Result(int ExitCode, string Output, string Error)
    {
        /// <summary>The first thing that it complained of.</summary>
        public string Complaint => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() ?? $"status {ExitCode}";
    }

    /// <summary>Runs a program. Null: there is none of this name.</summary>
    /// <param name="line">The program and its arguments, between spaces.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="more">More arguments, which may hold spaces.</param>
    public static async Task<Result?> TryRunAsync(string line, CancellationToken cancellationToken, params string[] more)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var start = new ProcessStartInfo(words[0], [.. words[1..], .. more])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            var (output, error) = (
                process.StandardOutput.ReadToEndAsync(cancellationToken),
                process.StandardError.ReadToEndAsync(cancellationToken)
            );
            await process.WaitForExitAsync(cancellationToken);
            return new Result(process.ExitCode, await output, await error);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Runs a program and insists on success.</summary>
    /// <exception cref="CliException">It is not there, or failed.</exception>
    public static async Task<string> RunAsync(string line, CancellationToken cancellationToken, params string[] more)
    {
        var result =
            await TryRunAsync(line, cancellationToken, more)
            ?? throw new CliException($"'{Words(line, more)}' cannot be run: there is no such program");
        return result.ExitCode == 0 ? result.Output : throw new CliException($"'{Words(line, more)}' failed: {result.Complaint}");
    }

    private static string Words(string line, string[] more) => string.Join(' ', more.Prepend(line));
}
