using System.ComponentModel;
using System.Diagnostics;

namespace TrainingCluster.Hosting;

/// <summary>Ends a program whose parent is gone, so that nothing is left behind when a terminal is closed or a test is killed.</summary>
public static class ParentWatch
{
    /// <summary>Completes when the process is gone.</summary>
    /// <param name="pid">The parent.</param>
    /// <param name="time">The clock that it is looked at by.</param>
    /// <param name="cancellationToken">Ends the watch.</param>
    public static async Task GoneAsync(int pid, TimeProvider time, CancellationToken cancellationToken)
    {
        Process? parent = null;
        try
        {
            parent = Process.GetProcessById(pid);
            // Its start tells it from a later process that was given the same number.
            var start = parent.StartTime;
            while (true)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
                using var now = Process.GetProcessById(pid);
                if (now.HasExited || now.StartTime != start)
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            // There is no such process, or it ended while it was being looked at: each way of looking says so in its own words.
        }
        finally
        {
            parent?.Dispose();
        }
    }
}
