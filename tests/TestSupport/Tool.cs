using System.Diagnostics;

namespace TrainingCluster.TestSupport;

/// <summary>Programs that tests start and wait for.</summary>
internal static class Tool
{
    /// <summary>What a program printed and returned.</summary>
    public sealed record Result(int ExitCode, string Output, string Error)
    {
        /// <summary>Both streams, for messages.</summary>
        public string All => Output + Error;
    }

    /// <summary>Skips the test where <paramref name="program"/> is not installed.</summary>
    public static void Require(string program, string package) =>
        Assert.SkipUnless(IsThere(program), $"{program} is not installed ({package})");

    /// <summary>Runs a program to its end.</summary>
    public static async Task<Result> RunAsync(string program, IEnumerable<string> arguments, string? input = null, string? folder = null)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? Repository.Root,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input ?? "");
        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new Result(process.ExitCode, await output, await error);
    }

    private static bool IsThere(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Any(folder => File.Exists(Path.Combine(folder, program)));
}
