using TrainingCluster.Telemetry;

namespace TrainingCluster.Chaos;

/// <summary>Stops a worker in the phase of training that is wanted, as the name of its training thread tells it.</summary>
internal static class PhaseTrap
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_stopsWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_lookForThread = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits until one of the workers is in the phase, and stops it there (SIGSTOP).</summary>
    /// <param name="workers">Whoever comes first.</param>
    /// <param name="phase">Null: none, the worker does not train (it prepares, or has no job).</param>
    /// <param name="within">How long to wait.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A worker that is stopped and in that phase. Null: there was none in time.</returns>
    public static async Task<Member?> CatchAsync(
        IReadOnlyList<Member> workers,
        TrainingPhase? phase,
        TimeSpan within,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var threads = workers.Select(worker => new WatchedThread(worker.Pid, time)).ToList();
        var began = time.GetTimestamp();
        while (time.GetElapsedTime(began) < within)
        {
            for (var i = 0; i < workers.Count; i++)
            {
                if (
                    !workers[i].Program.HasEnded
                    && threads[i].Phase() == phase
                    && await IsStillInItAsync(workers[i], threads[i], phase, time, cancellationToken)
                )
                {
                    return workers[i];
                }
            }
            cancellationToken.ThrowIfCancellationRequested();
            // An update or a copy lasts less than the shortest delay.
            if (phase is TrainingPhase.Update or TrainingPhase.Snapshot)
            {
                await Task.Yield();
            }
            else
            {
                await Task.Delay(s_look, time, cancellationToken);
            }
        }
        return null;
    }

    /// <summary>Stops the worker and looks again: it may have gone on before it stopped. If so, it runs on.</summary>
    private static async Task<bool> IsStillInItAsync(
        Member worker,
        WatchedThread thread,
        TrainingPhase? phase,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        worker.Program.Signal(Member.SigStop);
        var began = time.GetTimestamp();
        while (worker.State is not ('T' or 'Z' or '-') && time.GetElapsedTime(began) < s_stopsWithin)
        {
            await Task.Delay(s_look, time, cancellationToken);
        }
        if (worker.State == 'T' && thread.Phase(lookAgain: true) == phase)
        {
            return true;
        }
        worker.Program.Signal(Member.SigCont);
        return false;
    }

    /// <summary>Finds a process' training thread and reads its name.</summary>
    private sealed class WatchedThread(int pid, TimeProvider time)
    {
        private string _file = "";
        private long _looked;

        /// <param name="lookAgain">Looks for the thread even if that was done a moment ago.</param>
        public TrainingPhase? Phase(bool lookAgain = false)
        {
            if (Read(_file) is { } known)
            {
                return known;
            }
            if (!lookAgain && _looked != 0 && time.GetElapsedTime(_looked) < s_lookForThread)
            {
                return null;
            }
            _looked = time.GetTimestamp();
            foreach (var file in Names())
            {
                if (Read(file) is { } phase)
                {
                    _file = file;
                    return phase;
                }
            }
            return null;
        }

        private string[] Names()
        {
            try
            {
                return [.. Directory.EnumerateDirectories($"/proc/{pid}/task").Select(thread => Path.Combine(thread, "comm"))];
            }
            catch (IOException)
            {
                return [];
            }
        }

        private static TrainingPhase? Read(string file)
        {
            try
            {
                return file.Length == 0 ? null : TrainingThread.PhaseOf(File.ReadAllText(file).TrimEnd());
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // The thread has ended.
                return null;
            }
        }
    }
}
