using System.Globalization;

namespace TrainingCluster.Chaos.Strangers;

/// <summary>
/// The TCP ports that a process listens on now, as the kernel tells them: a worker's actors move to another when it joins anew.
/// </summary>
internal static class ListeningPorts
{
    private const string Listening = "0A";

    // Sockets for both versions of IP are in the second, whatever they are bound to.
    private static readonly string[] s_tables = ["tcp", "tcp6"];

    /// <summary>The ports; none where the process is gone.</summary>
    public static IReadOnlyList<int> Of(int pid)
    {
        try
        {
            var own = Directory.GetFiles($"/proc/{pid}/fd").Select(Target).ToHashSet();
            return
            [
                .. s_tables
                    .SelectMany(table => File.ReadLines($"/proc/{pid}/net/{table}").Skip(1))
                    .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    .Where(fields => fields[3] == Listening && own.Contains($"socket:[{fields[9]}]"))
                    .Select(fields => int.Parse(fields[1].Split(':')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture)),
            ];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>What a descriptor stands for; null where it was closed meanwhile.</summary>
    private static string? Target(string descriptor)
    {
        try
        {
            return new FileInfo(descriptor).LinkTarget;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
