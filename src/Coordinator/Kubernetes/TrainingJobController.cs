using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Jobs;
using TrainingCluster.Coordinator.Kubernetes.Api;
using TrainingCluster.Coordinator.Kubernetes.Decisions;
using TrainingCluster.Coordinator.Kubernetes.Definition;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Errors;
using TrainingCluster.Security;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Kubernetes;

/// <summary>
/// Carries TrainingJobs out while this coordinator leads: what is to be done says <see cref="Reconciler"/>, one object after another,
/// whenever the object or its job changes, and every so often.
/// </summary>
internal sealed partial class TrainingJobController(
    TrainingJobApi api,
    TrainingJobWatch watch,
    TextLibrary texts,
    JobStore store,
    JobsService jobs,
    KubernetesOptions options,
    TimeProvider time,
    ILogger<TrainingJobController> logger
)
{
    private const int EventsAtOnce = 500;
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(200);

    /// <summary>Kubernetes has said who may make objects, and where.</summary>
    private static readonly Caller s_caller = new(new("kubernetes", AccessRole.Operator, AccessGrant.AllNamespaces), false);

    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);
    private readonly Channel<string> _queue = Channel.CreateUnbounded<string>();
    private DateTimeOffset _since;

    /// <summary>Carries them out until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _since = time.GetUtcNow();
        _known.Clear();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var work = new[] { watch.RunAsync(Listed, Changed, Gone, ended.Token), ResyncAsync(ended.Token), WorkAsync(ended.Token) };
        // They end together: one that fails must not leave the others at work.
        await Task.WhenAny(work);
        await ended.CancelAsync();
        await Task.WhenAll(work);
    }

    private void Listed(IReadOnlyList<TrainingJob> all)
    {
        var there = all.Select(item => item.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in _known.Values.Where(known => !there.Contains(known.Item.Key)).ToList())
        {
            Gone(gone.Item);
        }
        foreach (var item in all)
        {
            Changed(item);
        }
    }

    private void Changed(TrainingJob item)
    {
        _known.AddOrUpdate(item.Key, _ => new(item), (_, known) => known.Item.Uid == item.Uid ? known.With(item) : new(item));
        _queue.Writer.TryWrite(item.Key);
    }

    private void Gone(TrainingJob item)
    {
        if (_known.TryRemove(item.Key, out _))
        {
            texts.Forget(item.Uid);
        }
    }

    private async Task ResyncAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.ResyncInterval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            foreach (var key in _known.Keys)
            {
                _queue.Writer.TryWrite(key);
            }
        }
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        await foreach (var key in _queue.Reader.ReadAllAsync(cancellationToken))
        {
            if (!_known.TryGetValue(key, out var known) || known.NotBefore > time.GetUtcNow())
            {
                continue;
            }
            try
            {
                await OneAsync(known, cancellationToken);
                known.Pause = TimeSpan.Zero;
            }
            catch (Exception e)
            {
                // Told to end: what failed meanwhile is the next leader's.
                cancellationToken.ThrowIfCancellationRequested();
                // Whatever one object brings about must not keep the others, or the coordinator, from their work.
                // 409: somebody has written it meanwhile; the watch brings what it is now.
                known.Pause = TimeSpan.FromTicks(
                    Math.Clamp(known.Pause.Ticks * 2, s_firstPause.Ticks, Math.Max(s_firstPause.Ticks, options.RetryLimit.Ticks))
                );
                known.NotBefore = time.GetUtcNow() + known.Pause;
                if (ApiError.CodeOf(e) is not HttpStatusCode.Conflict)
                {
                    LogFailed(key, ApiError.TextOf(e), known.Pause.TotalSeconds, IsExpected(e) ? null : e);
                }
            }
        }
    }

    private static bool IsExpected(Exception error) =>
        ApiError.IsOne(error) || error is RpcException or OperationCanceledException or Akka.Actor.AskTimeoutException;

    private async Task OneAsync(Known known, CancellationToken cancellationToken)
    {
        var item = known.Item;
        var spec = TrainingJobSpecReader.Read(item);
        var job = await FindAsync(item);
        var observed = new Observed(item, spec, job)
        {
            Data = spec.Text is null ? DataState.Unknown : await texts.StateAsync(item, cancellationToken),
            Events = job is null ? [] : await EventsAsync(item, job),
            Refusal = known.RefusedGeneration == item.Generation ? known.Refusal : "",
            RefusedForGood = known.RefusedGeneration == item.Generation && known.RefusedForGood,
            LeadsSince = _since,
            StatusWritten = known.StatusWritten,
        };
        var decided = Reconciler.Decide(observed, time.GetUtcNow(), options.Reconcile);
        if (decided.Actions.Count > 0)
        {
            LogDecided(item.Key, decided.Reason);
        }
        foreach (var action in decided.Actions)
        {
            await ApplyAsync(known, observed, action, cancellationToken);
        }
    }

    private async Task<StoredJob?> FindAsync(TrainingJob item) =>
        (
            (string?)item.Status["jobId"] is { Length: > 0 } id && await store.GetAsync(id) is { } job && job.Namespace == item.Namespace
                ? job
                : null
        ) ?? await store.FindByRequestAsync(item.Namespace, item.Uid);

    private async Task<IReadOnlyList<JobEvent>> EventsAsync(TrainingJob item, StoredJob job)
    {
        var told = (string?)item.Status["eventToken"] is { Length: > 0 } token ? Told(job.Id, token) : 0;
        return await store.EventsAsync(job.Id, told, EventsAtOnce);
    }

    /// <summary>A token that somebody else wrote into the status is none: events are told again.</summary>
    private static long Told(string jobId, string token)
    {
        try
        {
            return EventToken.Read(jobId, token, long.MaxValue);
        }
        catch (RpcException)
        {
            return 0;
        }
    }

    private async Task ApplyAsync(Known known, Observed observed, ReconcileAction action, CancellationToken cancellationToken)
    {
        var item = known.Item;
        switch (action)
        {
            case ReconcileAction.AddFinalizer:
                Update(known, await api.WriteFinalizersAsync(item, item.Finalizers.Add(TrainingJobNames.Finalizer), cancellationToken));
                break;
            case ReconcileAction.RemoveFinalizer:
                Update(known, await api.WriteFinalizersAsync(item, item.Finalizers.Remove(TrainingJobNames.Finalizer), cancellationToken));
                break;
            case ReconcileAction.PrepareData:
                texts.Begin(item, observed.Spec, () => _queue.Writer.TryWrite(item.Key), cancellationToken);
                break;
            case ReconcileAction.CreateJob create:
                await CreateAsync(known, create, cancellationToken);
                break;
            case ReconcileAction.SuspendJob suspend:
                await jobs.SuspendJob(new() { Id = suspend.JobId }, Call(cancellationToken));
                break;
            case ReconcileAction.ResumeJob resume:
                await jobs.ResumeJob(new() { Id = resume.JobId }, Call(cancellationToken));
                break;
            case ReconcileAction.UpdateJob update:
                await UpdateAsync(known, update, cancellationToken);
                break;
            case ReconcileAction.CancelJob cancel:
                await jobs.CancelJob(new() { Id = cancel.JobId, Reason = cancel.Why }, Call(cancellationToken));
                _queue.Writer.TryWrite(item.Key);
                break;
            case ReconcileAction.DeleteJob delete:
                await jobs.DeleteJob(new() { Id = delete.JobId }, Call(cancellationToken));
                break;
            case ReconcileAction.DeleteObject:
                await api.DeleteAsync(item, cancellationToken);
                break;
            case ReconcileAction.Announce announce:
                await api.AnnounceAsync(item, announce.What, cancellationToken);
                break;
            case ReconcileAction.WriteStatus write:
                Update(known, await api.WriteStatusAsync(item, write.Status, cancellationToken));
                known.StatusWritten = time.GetUtcNow();
                break;
            default:
                throw new InvalidOperationException($"nobody does {action.GetType().Name}");
        }
    }

    private async Task UpdateAsync(Known known, ReconcileAction.UpdateJob update, CancellationToken cancellationToken)
    {
        var request = new UpdateJobRequest
        {
            Job = new() { Id = update.JobId, Spec = update.Spec },
            UpdateMask = FieldMask.FromString(string.Join(',', update.Paths.Select(path => $"spec.{path}"))),
        };
        try
        {
            await jobs.UpdateJob(request, Call(cancellationToken));
        }
        catch (RpcException e)
            when (e.StatusCode is StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.PermissionDenied)
        {
            known.Refuse(known.Item.Generation, string.Join("; ", RpcErrorDetails.Lines(e)), forGood: false);
        }
    }

    private async Task CreateAsync(Known known, ReconcileAction.CreateJob create, CancellationToken cancellationToken)
    {
        var item = known.Item;
        try
        {
            await jobs.CreateJob(
                new CreateJobRequest
                {
                    Spec = create.Spec,
                    RequestId = item.Uid,
                    Namespace = item.Namespace,
                },
                Call(cancellationToken)
            );
            known.Refuse(item.Generation, "", forGood: false);
            _queue.Writer.TryWrite(item.Key);
        }
        catch (RpcException e)
        {
            known.Refuse(item.Generation, string.Join("; ", RpcErrorDetails.Lines(e)), e.StatusCode == StatusCode.InvalidArgument);
            if (e.StatusCode == StatusCode.InvalidArgument)
            {
                _queue.Writer.TryWrite(item.Key);
                return;
            }
            throw;
        }
    }

    private static InProcessCall Call(CancellationToken cancellationToken) => new(s_caller, cancellationToken);

    /// <summary>What was written is known at once; the watch brings it a moment later.</summary>
    private void Update(Known known, TrainingJob? written)
    {
        if (written is null)
        {
            Gone(known.Item);
        }
        else
        {
            known.With(written);
        }
    }

    [LoggerMessage(EventId = 290, Level = LogLevel.Debug, Message = "{Key}: {Reason}")]
    private partial void LogDecided(string key, string reason);

    [LoggerMessage(
        EventId = 291,
        Level = LogLevel.Warning,
        Message = "{Key} could not be carried out, next try in {Seconds:0.0} s: {Problem}"
    )]
    private partial void LogFailed(string key, string problem, double seconds, Exception? unexpected);

    /// <summary>One object, and what this process remembers of it. Nothing of that must not be lost.</summary>
    private sealed class Known(TrainingJob item)
    {
        private readonly Lock _gate = new();
        private TrainingJob _item = item;

        public TrainingJob Item
        {
            get
            {
                lock (_gate)
                {
                    return _item;
                }
            }
        }

        public TimeSpan Pause { get; set; }

        public DateTimeOffset NotBefore { get; set; }

        public DateTimeOffset? StatusWritten { get; set; }

        public string Refusal { get; private set; } = "";

        public bool RefusedForGood { get; private set; }

        public long RefusedGeneration { get; private set; } = -1;

        public void Refuse(long generation, string why, bool forGood) =>
            (RefusedGeneration, Refusal, RefusedForGood) = (generation, why, forGood);

        public Known With(TrainingJob item)
        {
            lock (_gate)
            {
                _item = item;
            }
            return this;
        }
    }
}
