using System.Net;
using System.Numerics;
using System.Runtime.InteropServices;
using TrainingCluster.Cli.Display;
using TrainingCluster.Cli.Local;
using TrainingCluster.Hosting;
using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Cli.Doctor;

/// <summary>The machine around libtorch: runtime, processor, memory, disk, ports, GPUs.</summary>
internal static class MachineFindings
{
    private static readonly (int Number, string Of)[] s_ports = [(7070, "gRPC"), (7071, "actors"), (7080, "HTTP")];

    private const string Shared = "/dev/shm";

    /// <summary>What a worker of a small job takes.</summary>
    private const long LeastMemory = 1_500_000_000;

    /// <summary>Datasets, checkpoints and logs of a small job.</summary>
    private const long LeastDisk = 500_000_000;

    public static async Task<IReadOnlyList<Finding>> CollectAsync(string data, CancellationToken cancellationToken)
    {
        var processor = ProcessorInfo.Parse(Read("/proc/cpuinfo"));
        return
        [
            new Finding("program", BuildInfo.Version),
            new Finding("SDK", await SdksAsync(cancellationToken)),
            new Finding("runtime", $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}"),
            new Finding("system", RuntimeInformation.OSDescription),
            new Finding("processor", $"{Environment.ProcessorCount} x {processor.Model}"),
            new Finding("instruction sets", $"{string.Join(' ', processor.Vectors)}; .NET computes in {8 * Vector<byte>.Count} bits"),
            new Finding("allocator", Allocator()),
            Memory(Read("/proc/meminfo")),
            new Finding("ulimit -v", AddressSpace.LimitBytes is { } limit ? Text.Bytes(limit) : "unlimited"),
            Disk(data),
            new Finding("/dev/shm", Directory.Exists(Shared) ? $"{Text.Bytes(new DriveInfo(Shared).AvailableFreeSpace)} free" : "none"),
            new Finding("ports", string.Join(", ", s_ports.Select(State))),
            new Finding("GPU", await GpusAsync(cancellationToken)),
        ];
    }

    private static async Task<string> SdksAsync(CancellationToken cancellationToken) =>
        await SystemTool.TryRunAsync($"{ProgramFiles.DotNet} --list-sdks", cancellationToken) is { ExitCode: 0 } tool
        && tool.Output.Length > 0
            ? string.Join(", ", tool.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]))
            : "none (only building needs one)";

    private static async Task<string> GpusAsync(CancellationToken cancellationToken) =>
        await SystemTool.TryRunAsync("nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader", cancellationToken)
            is { ExitCode: 0 } tool
            ? string.Join("; ", tool.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            : "none (no nvidia-smi)";

    private static Finding Memory(string text)
    {
        var available = ProcessorInfo.MemoryBytes(text, "MemAvailable") ?? 0;
        var found = $"{Text.Bytes(available)} available of {Text.Bytes(ProcessorInfo.MemoryBytes(text, "MemTotal") ?? 0)}";
        var fix = $"a worker takes up to {Text.Bytes(LeastMemory)}: end other programs, or use a larger machine";
        return new Finding("memory", found, available >= LeastMemory ? null : fix);
    }

    private static Finding Disk(string folder)
    {
        var path = Path.GetFullPath(folder);
        while (!Directory.Exists(path))
        {
            path = Path.GetDirectoryName(path)!;
        }
        var free = new DriveInfo(path).AvailableFreeSpace;
        var fix = $"a job takes {Text.Bytes(LeastDisk)} and more: free some, or keep data elsewhere with --data DIR";
        return new Finding("disk", $"{Text.Bytes(free)} free for {folder}", free >= LeastDisk ? null : fix);
    }

    private static string Allocator()
    {
        string[] names =
        [
            "MALLOC_MMAP_THRESHOLD_",
            "MALLOC_TRIM_THRESHOLD_",
            "MALLOC_TOP_PAD_",
            "MALLOC_ARENA_MAX",
            "GLIBC_TUNABLES",
            "LD_PRELOAD",
        ];
        var set = names
            .Select(name => (Name: name, Value: Environment.GetEnvironmentVariable(name)))
            .Where(variable => variable.Value is { Length: > 0 })
            .Select(variable => $"{variable.Name}={variable.Value}")
            .ToList();
        var own = Malloc.IsSupported
            ? string.Join(' ', Malloc.Settings.Select(setting => $"{setting.Name}={setting.Value}"))
            : "nothing (not glibc)";
        return $"a worker sets {own}{(set.Count > 0 ? $"; from outside {string.Join(' ', set)}" : "")}";
    }

    private static string State((int Number, string Of) port) => $"{port.Number} ({port.Of}) {(IsFree(port.Number) ? "free" : "in use")}";

    private static bool IsFree(int port)
    {
        try
        {
            new ListenAddress(IPAddress.Loopback, "127.0.0.1").RequireFree(port, "--port");
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static string Read(string path) => File.Exists(path) ? File.ReadAllText(path) : "";
}
