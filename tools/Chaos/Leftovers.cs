using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using TrainingCluster.Cli.Local;

namespace TrainingCluster.Chaos;

/// <summary>
/// Removes what runs left behind that could not clean up, because they were killed themselves. A run whose process id is in use
/// is left alone, whoever uses it now.
/// </summary>
public static partial class Leftovers
{
    private static readonly TimeSpan s_killedWithin = TimeSpan.FromSeconds(5);

    /// <summary>
    /// 1. kills processes, which may be stopped and then do not see that their parent is gone; removes 2. disks, 3. network
    /// namespaces, 4. bridges and links.
    /// </summary>
    /// <param name="told">Gets a line for each run that had left something.</param>
    /// <param name="cancellationToken">Ends it half done.</param>
    public static async Task RemoveAsync(TextWriter told, CancellationToken cancellationToken)
    {
        var removed = new List<(int Owner, string What)>();
        // 1.
        foreach (var (pid, owner) in Processes())
        {
            if (IsDead(owner) && await KillAsync(pid, cancellationToken))
            {
                removed.Add((owner, "processes"));
            }
        }
        // 2.
        foreach (var (source, folder) in (await File.ReadAllLinesAsync("/proc/mounts", cancellationToken)).Select(MountOf))
        {
            if (RunNames.OwnerOf(source) is { } owner && IsDead(owner) && await SmallDisk.UnmountAsync(folder))
            {
                removed.Add((owner, "disks"));
            }
        }
        // 3.
        var namespaces = await SystemTool.TryRunAsync("ip netns list", cancellationToken);
        foreach (var name in (namespaces?.Output ?? "").Split('\n').Select(line => line.Split(' ')[0]))
        {
            await RemoveAsync(name, $"ip netns del {name}", "network namespaces");
        }
        // 4.
        foreach (var name in Directory.EnumerateFileSystemEntries("/sys/class/net").Select(path => Path.GetFileName(path)).ToList())
        {
            await RemoveAsync(name, $"ip link del {name}", "network devices");
        }

        foreach (var run in removed.GroupBy(item => item.Owner))
        {
            var what = run.CountBy(item => item.What).Select(kind => $"{kind.Key}: {kind.Value}");
            await told.WriteLineAsync($"removed what chaos process {run.Key} had left when it was killed: {string.Join(", ", what)}");
        }

        async Task RemoveAsync(string name, string line, string what)
        {
            // A link may have gone with its namespace.
            if (
                RunNames.OwnerOf(name) is { } owner
                && IsDead(owner)
                && await SystemTool.TryRunAsync(line, cancellationToken) is { ExitCode: 0 }
            )
            {
                removed.Add((owner, what));
            }
        }
    }

    /// <summary>The run that started a process, from what /proc/PID/cmdline says. Null: no run did.</summary>
    public static int? OwnerOfProcess(string commandLine)
    {
        var words = commandLine.Split('\0');
        var at = Array.IndexOf(words, "--ready-file") + 1;
        return at > 0 && at < words.Length ? RunNames.OwnerOf(Path.GetFileName(Path.GetDirectoryName(words[at]) ?? "")) : null;
    }

    /// <summary>What is mounted and where, from a line of /proc/mounts.</summary>
    public static (string Source, string Folder) MountOf(string line)
    {
        var words = line.Split(' ');
        // Blanks and the like are written as \040.
        return (words[0], Octal().Replace(words[1], match => $"{(char)Convert.ToInt32(match.Groups[1].Value, 8)}"));
    }

    /// <summary>Our own id was another run's if something bears it before we have made anything.</summary>
    private static bool IsDead(int owner) => owner == Environment.ProcessId || ProcessStat.State(owner) is '-' or 'Z';

    private static IEnumerable<(int Pid, int Owner)> Processes()
    {
        foreach (var path in Directory.EnumerateDirectories("/proc"))
        {
            if (
                int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && OwnerOfProcess(CommandLine(path)) is { } owner
            )
            {
                yield return (pid, owner);
            }
        }
    }

    private static string CommandLine(string path)
    {
        try
        {
            return File.ReadAllText(Path.Combine(path, "cmdline"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>Kills a process and waits for its end.</summary>
    /// <returns>False: it had ended, or is not ours to kill.</returns>
    private static async Task<bool> KillAsync(int pid, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_killedWithin);
        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill();
            await process.WaitForExitAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Dead, but nobody takes note of its end.
            return true;
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return false;
        }
    }

    [GeneratedRegex(@"\\([0-7]{3})")]
    private static partial Regex Octal();
}
