using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Bench;

/// <summary>Starts this program again as the workers of a benchmark, and collects what they print.</summary>
internal static class BenchProcesses
{
    /// <summary>How many workers to measure. As logical shards they make a whole tree.</summary>
    public static Option<int[]> WorkersOption(int least, int[] preset)
    {
        var option = new Option<int[]>("--workers")
        {
            Description = "Numbers of workers to measure; powers of two.",
            DefaultValueFactory = _ => preset,
            AllowMultipleArgumentsPerToken = true,
        };
        option.Validators.Add(result =>
        {
            // Of the text: a value that is no number cannot be asked for here.
            foreach (var text in result.Tokens.Select(token => token.Value))
            {
                if (!int.TryParse(text, CultureInfo.InvariantCulture, out var workers) || workers < least || !BitOperations.IsPow2(workers))
                {
                    result.AddError($"--workers {text}: must be a power of two, {least} or more; several are separated by spaces");
                }
            }
        });
        return option;
    }

    /// <summary>Runs the workers; returns the lines that rank 0 printed.</summary>
    public static async Task<IReadOnlyList<string>> RunWorkersAsync(int workers, string command, IEnumerable<string> arguments)
    {
        var processes = Enumerable
            .Range(0, workers)
            .Select(rank => Start(Environment.ProcessPath!, [.. Self(), command, "--rank", $"{rank}", .. arguments], input: true))
            .ToList();
        try
        {
            var addresses = new List<string>();
            foreach (var process in processes)
            {
                addresses.Add(
                    await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("A worker ended at its start.")
                );
            }
            foreach (var process in processes)
            {
                await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(addresses));
                process.StandardInput.Close();
            }

            var outputs = await Task.WhenAll(processes.Select(process => process.StandardOutput.ReadToEndAsync()));
            foreach (var process in processes)
            {
                await process.WaitForExitAsync();
                if (process.ExitCode != 0)
                {
                    throw new InvalidOperationException($"A worker ended with exit code {process.ExitCode}.");
                }
            }

            return outputs[0].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            foreach (var process in processes)
            {
                if (!process.HasExited)
                {
                    process.Kill();
                }
                process.Dispose();
            }
        }
    }

    /// <summary>For a worker that has no peers: what <see cref="RunWorkersAsync"/> waits for.</summary>
    public static async Task AnswerAsync()
    {
        Console.WriteLine("alone");
        await Console.In.ReadLineAsync();
    }

    // The peer gets what our own processes set for themselves: without it PyTorch takes twice the time.
    private static readonly Dictionary<string, string> s_tunedMalloc = new()
    {
        ["MALLOC_MMAP_THRESHOLD_"] = "8589934592",
        ["MALLOC_TRIM_THRESHOLD_"] = "17179869184",
        ["MALLOC_TOP_PAD_"] = "67108864",
    };

    /// <summary>The Python of the peers: Debian's, or the one whose PyTorch is to be measured.</summary>
    public static Option<string> PythonOption() =>
        new("--python")
        {
            Description = "The Python with PyTorch that runs the peer.",
            HelpName = "FILE",
            DefaultValueFactory = _ => "/usr/bin/python3",
        };

    /// <summary>Runs a peer's script; null, with the reason on the error output, where it cannot run.</summary>
    public static async Task<IReadOnlyList<string>?> RunPeerAsync(string python, string script, IEnumerable<string> arguments)
    {
        var path = Path.Combine(PeersFolder(), script);
        using var process = Start(python, [path, .. arguments], input: false, s_tunedMalloc);
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode == 0)
        {
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        await Console.Error.WriteLineAsync(
            $"The peer {script} did not run (exit code {process.ExitCode}). {python} needs PyTorch; Debian's is python3-torch: "
                + "apt-get install python3-torch"
        );
        return null;
    }

    private static Process Start(
        string program,
        IEnumerable<string> arguments,
        bool input,
        IReadOnlyDictionary<string, string>? variables = null
    )
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardInput = input };
        foreach (var (name, value) in variables ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }
        // The workers take the libtorch that this process was told to.
        if (Libtorch.LoadedFrom is { } folder)
        {
            start.Environment[Libtorch.Variable] = folder;
        }
        return Process.Start(start) ?? throw new InvalidOperationException($"{program} could not be started.");
    }

    // Under `dotnet cluster-bench.dll` the process is dotnet itself, and wants the assembly first.
    private static string[] Self() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(BenchProcesses).Assembly.Location] : [];

    private static string PeersFolder()
    {
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !Directory.Exists(Path.Combine(folder, "bench", "peers")))
        {
            folder = Path.GetDirectoryName(folder);
        }
        return Path.Combine(
            folder ?? throw new DirectoryNotFoundException("bench/peers stands nowhere above this program."),
            "bench",
            "peers"
        );
    }
}
