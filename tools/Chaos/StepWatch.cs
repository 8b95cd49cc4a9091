using System.Collections.Concurrent;
using TrainingCluster.Cli;
using TrainingCluster.Transport;

namespace TrainingCluster.Chaos;

/// <summary>
/// Sees steps being done, from the workers' own metrics: it needs no coordinator. Each worker is asked some 15 times a second.
/// </summary>
internal sealed class StepWatch(ClientAccess access, TimeProvider time) : IAsyncDisposable
{
    private const string Steps = "training_cluster_steps_total{";
    private const string Completed = "training_cluster_completed_step{";
    private static readonly TimeSpan s_every = TimeSpan.FromMilliseconds(60);
    private readonly HttpClient _client = new(ChaosHttp.Handler(access)) { Timeout = TimeSpan.FromSeconds(1) };
    private readonly CancellationTokenSource _ended = new();
    private readonly ConcurrentBag<Task> _following = [];
    private readonly ConcurrentDictionary<int, long> _counts = new();
    private readonly Dictionary<(int Pid, string Series), long> _jobs = [];
    private readonly List<long> _times = [];
    private readonly Dictionary<string, List<StepMoment>> _reached = [];
    private readonly List<RecoveryClock> _clocks = [];
    private readonly Lock _lock = new();

    /// <summary>Watches a worker until it ends.</summary>
    public void Follow(Member worker) => _following.Add(FollowAsync(worker));

    /// <summary>
    /// Begins to wait for the next whole step after now. A worker that answers is asked for the steps that it has done so far; one
    /// more may be in flight, and that one does not count.
    /// </summary>
    /// <param name="since">The moment from which time is counted.</param>
    /// <param name="asked">Workers that live and should answer.</param>
    public async Task<RecoveryClock> StartClockAsync(long since, IEnumerable<Member> asked)
    {
        await Task.WhenAll(asked.Select(worker => SampleAsync(worker, TimeSpan.FromMilliseconds(300))));
        lock (_lock)
        {
            var clock = new RecoveryClock(since, _counts.ToDictionary());
            _clocks.Add(clock);
            return clock;
        }
    }

    /// <summary>Waits until a whole step is done. Null: none was within the time.</summary>
    public async Task<TimeSpan?> NextStepAsync(RecoveryClock clock, TimeSpan within, CancellationToken cancellationToken)
    {
        try
        {
            var done = await clock.Done.WaitAsync(within, time, cancellationToken);
            return time.GetElapsedTime(clock.Since, done);
        }
        catch (TimeoutException)
        {
            return null;
        }
        finally
        {
            lock (_lock)
            {
                _clocks.Remove(clock);
            }
        }
    }

    /// <summary>The longest time without a step from <paramref name="from"/> until now.</summary>
    public TimeSpan LongestStandstill(long from)
    {
        lock (_lock)
        {
            var moments = _times.Where(moment => moment > from).Prepend(from).Append(time.GetTimestamp()).ToList();
            return moments.Zip(moments.Skip(1), time.GetElapsedTime).Max();
        }
    }

    /// <summary>Completes when there has been no step for <paramref name="limit"/>.</summary>
    public async Task StandsStillAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            lock (_lock)
            {
                if (time.GetElapsedTime(_times.Count > 0 ? Math.Max(began, _times[^1]) : began) > limit)
                {
                    return;
                }
            }
            await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
        }
    }

    /// <summary>The greatest number of steps that any of the living workers has done.</summary>
    public long MostSteps() => _counts.Values.DefaultIfEmpty().Max();

    /// <summary>When a job's steps were first seen done by a worker, in order.</summary>
    public IReadOnlyList<StepMoment> Reached(string jobId)
    {
        lock (_lock)
        {
            return
            [
                .. _reached
                    .Where(series => series.Key.Contains($"\"{jobId}\"", StringComparison.Ordinal))
                    .SelectMany(series => series.Value),
            ];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await Task.WhenAll(_following);
        _client.Dispose();
        _ended.Dispose();
    }

    private async Task FollowAsync(Member worker)
    {
        // Not before the process is known to live: its count starts at 0.
        _counts[worker.Pid] = 0;
        try
        {
            await worker.Ready.WaitAsync(_ended.Token);
            while (!worker.Program.HasEnded)
            {
                await SampleAsync(worker, TimeSpan.FromSeconds(1));
                await Task.Delay(s_every, time, _ended.Token);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or CliException)
        {
            // We end, or the process ended before it listened.
        }
        finally
        {
            _counts.TryRemove(worker.Pid, out _);
        }
    }

    private async Task SampleAsync(Member worker, TimeSpan within)
    {
        if (!worker.Ready.IsCompletedSuccessfully)
        {
            return;
        }
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        limit.CancelAfter(within);
        try
        {
            var text = await _client.GetStringAsync($"{(await worker.Ready).Http}/metrics", limit.Token);
            NoteReached(MetricsText.Values(text, Completed));
            Note(worker.Pid, MetricsText.Values(text, Steps));
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or IOException)
        {
            // Dead, stopped or cut off: that is what we are here to see.
        }
    }

    private void NoteReached(IEnumerable<(string Series, long Value)> jobs)
    {
        lock (_lock)
        {
            foreach (var (series, step) in jobs)
            {
                var moments = _reached.TryGetValue(series, out var known) ? known : _reached[series] = [];
                if (moments.Count == 0 || step > moments[^1].Step)
                {
                    moments.Add(new StepMoment(time.GetUtcNow(), step));
                }
            }
        }
    }

    private void Note(int pid, IEnumerable<(string Series, long Value)> jobs)
    {
        lock (_lock)
        {
            // A job's series goes some time after its end; its steps were done all the same.
            foreach (var (series, value) in jobs)
            {
                _jobs[(pid, series)] = value;
            }
            var count = _jobs.Where(job => job.Key.Pid == pid).Sum(job => job.Value);
            if (!_counts.TryGetValue(pid, out var known) || count <= known)
            {
                return;
            }
            _counts[pid] = count;
            var now = time.GetTimestamp();
            _times.Add(now);
            foreach (var clock in _clocks)
            {
                clock.Note(pid, count, now);
            }
        }
    }
}
