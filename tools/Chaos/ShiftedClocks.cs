using System.Globalization;

namespace TrainingCluster.Chaos;

/// <summary>
/// Wall clocks of processes, each of which can be set off by itself. Time that is measured (monotonic) stays true. Linux, with libfaketime.
/// </summary>
/// <param name="folder">A file a process is kept there.</param>
internal sealed class ShiftedClocks(string folder)
{
    private const string Name = "faketime/libfaketimeMT.so.1";

    /// <summary>libfaketime. Null: it is not here.</summary>
    public static string? Library { get; } =
        Directory.Exists("/usr/lib")
            ? Directory.GetDirectories("/usr/lib").Append("/usr/lib").Select(path => Path.Combine(path, Name)).FirstOrDefault(File.Exists)
            : null;

    /// <summary>What starts a process whose clock can be set. Until then it is right.</summary>
    /// <param name="process">Its name: "worker-1".</param>
    public IReadOnlyList<string> Launcher(string process)
    {
        Directory.CreateDirectory(folder);
        if (!File.Exists(FileOf(process)))
        {
            Set(process, TimeSpan.Zero);
        }
        return
        [
            "env",
            $"LD_PRELOAD={Library}",
            $"FAKETIME_TIMESTAMP_FILE={FileOf(process)}",
            // The file is read once a second. Files keep their true times: those are the disk's, not the process'.
            "FAKETIME_CACHE_DURATION=1",
            "NO_FAKE_STAT=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
            // Its fix for waits on the monotonic clock, which there is nothing to fix in then, makes every wait return at once.
            "FAKETIME_FORCE_MONOTONIC_FIX=0",
        ];
    }

    /// <summary>Sets a process' clock off, within some two seconds; zero: it is right again.</summary>
    public void Set(string process, TimeSpan shift)
    {
        // Moved into place whole: half a file would be another time.
        var next = FileOf(process) + ".next";
        File.WriteAllText(next, string.Create(CultureInfo.InvariantCulture, $"{shift.TotalSeconds:+0;-0;+0}\n"));
        File.Move(next, FileOf(process), overwrite: true);
    }

    private string FileOf(string process) => Path.Combine(folder, $"{process}.clock");
}
