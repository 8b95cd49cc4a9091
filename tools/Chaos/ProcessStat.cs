namespace TrainingCluster.Chaos;

/// <summary>Reads /proc/PID/stat.</summary>
internal static class ProcessStat
{
    /// <summary>The letter of a process' state: R, S, T, Z; '-' when it is gone.</summary>
    public static char State(int pid) => Fields(pid) is { Length: > 0 } fields ? fields[0][0] : '-';

    /// <summary>Processor time that a process has used; none when it is gone.</summary>
    public static TimeSpan Used(int pid) =>
        Fields(pid) is { Length: > 12 } fields
            ? TimeSpan.FromSeconds((long.Parse(fields[11]) + long.Parse(fields[12])) / 100.0)
            : TimeSpan.Zero;

    /// <summary>The fields after the program's name.</summary>
    private static string[] Fields(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/stat").Split(") ")[^1].Split(' ');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
