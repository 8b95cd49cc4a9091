using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Display;
using TrainingCluster.V1;

namespace TrainingCluster.Chaos;

/// <summary>Runs the same job again and again, and keeps what is told of it.</summary>
/// <param name="connection">The coordinator.</param>
/// <param name="spec">The job.</param>
/// <param name="log">Gets all events, a line of JSON each.</param>
/// <param name="time">The clock.</param>
internal sealed class JobSubmitter(ClusterConnection connection, JobSpec spec, string log, TimeProvider time)
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_answerWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(100);
    private readonly List<JobEvent> _events = [];
    private readonly Lock _lock = new();
    private volatile string _current = "";
    private long _step;

    /// <summary>The job.</summary>
    public JobSpec Spec => spec;

    /// <summary>The job that runs now; empty: none.</summary>
    public string Current => _current;

    /// <summary>Its newest step, as the coordinator tells it about once a second.</summary>
    public long Step => Interlocked.Read(ref _step);

    /// <summary>Events so far, over all jobs.</summary>
    public int EventCount
    {
        get
        {
            lock (_lock)
            {
                return _events.Count;
            }
        }
    }

    /// <summary>The same for another job.</summary>
    public JobSubmitter Of(JobSpec another) => new(connection, another, log, time);

    /// <summary>Events from the given number on, over all jobs.</summary>
    public IReadOnlyList<JobEvent> Events(int from)
    {
        lock (_lock)
        {
            return [.. _events.Skip(from)];
        }
    }

    /// <summary>Submits the job and follows it to its end, through any absence of the coordinator.</summary>
    public async Task<JobRun> RunAsync(CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var request = new CreateJobRequest { Spec = spec, RequestId = Guid.NewGuid().ToString("N") };
        var job = await InsistAsync(options => connection.Jobs.CreateJobAsync(request, options), cancellationToken);
        Interlocked.Exchange(ref _step, 0);
        _current = job.Id;
        var (generations, end) = (0L, new StateChanged());
        await foreach (
            var next in JobFollower.FollowAsync(connection, job.Id, "", known: true, s_timeout, time, lost: null, cancellationToken)
        )
        {
            lock (_lock)
            {
                _events.Add(next);
            }
            await File.AppendAllTextAsync(log, MessageJson.Of(next) + "\n", cancellationToken);
            if (next.Progress is { } progress)
            {
                Interlocked.Exchange(ref _step, progress.Step);
            }
            generations = Math.Max(generations, next.Generation?.Generation ?? 0);
            end = next.State ?? end;
        }
        _current = "";
        var run = new JobRun(job.Id, end.State, end.Reason, end.WeightsSha256, Step, generations, time.GetElapsedTime(began).TotalSeconds);
        // A disk of ours is small.
        await InsistAsync(options => connection.Jobs.DeleteJobAsync(new DeleteJobRequest { Id = job.Id }, options), cancellationToken);
        return run;
    }

    /// <summary>Waits for an event. Null: none came in time.</summary>
    /// <param name="wanted">What it is.</param>
    /// <param name="from">Events before this number do not count.</param>
    /// <param name="within">How long to wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<JobEvent?> SeeAsync(Func<JobEvent, bool> wanted, int from, TimeSpan within, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            JobEvent? found;
            lock (_lock)
            {
                found = _events.Skip(from).FirstOrDefault(wanted);
            }
            if (found is not null || time.GetElapsedTime(began) > within)
            {
                return found;
            }
            await Task.Delay(s_poll, time, cancellationToken);
        }
    }

    /// <summary>Calls until the coordinator answers: it may be dead, cut off or full.</summary>
    private async Task<T> InsistAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                using var pending = call(
                    new CallOptions(deadline: time.GetUtcNow().UtcDateTime + s_answerWithin, cancellationToken: cancellationToken)
                );
                return await pending.ResponseAsync;
            }
            catch (RpcException exception)
                when (!cancellationToken.IsCancellationRequested
                    && time.GetElapsedTime(began) < s_timeout
                    && exception.StatusCode is not (StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.Unimplemented)
                )
            {
                // A job that was deleted by a call whose answer got lost is what we wanted.
                if (exception.StatusCode == StatusCode.NotFound && typeof(T) == typeof(Empty))
                {
                    return (T)(object)new Empty();
                }
                await Task.Delay(s_poll, time, cancellationToken);
            }
        }
    }
}
