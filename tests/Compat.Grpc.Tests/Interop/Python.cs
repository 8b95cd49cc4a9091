using System.Diagnostics;

namespace Compat.Grpc.Tests.Interop;

/// <summary>Runs the scripts beside the tests with a Python that has grpcio.</summary>
internal static class Python
{
    private const string Interpreter = "/usr/bin/python3";

    private static readonly Lazy<Task<string?>> s_missing = new(FindMissingAsync);

    /// <summary>Skips the test, with the reason, when there is no grpcio here.</summary>
    public static async Task RequireAsync()
    {
        var missing = await s_missing.Value;
        Assert.SkipUnless(missing is null, missing ?? "");
    }

    public static Process Start(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo(Interpreter)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Interop", "python", script));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["PYTHONIOENCODING"] = "utf-8";
        return Process.Start(start)!;
    }

    private static async Task<string?> FindMissingAsync()
    {
        const string Mend = "install Debian's python3-grpcio";
        if (!File.Exists(Interpreter))
            return $"{Interpreter} is missing: {Mend}";
        using var process = Process.Start(new ProcessStartInfo(Interpreter, ["-c", "import grpc"]) { RedirectStandardError = true })!;
        await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? null : $"{Interpreter} has no grpcio: {Mend}";
    }
}
