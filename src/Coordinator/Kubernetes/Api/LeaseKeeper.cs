using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;
using TrainingCluster.Coordinator.Kubernetes.Decisions;

namespace TrainingCluster.Coordinator.Kubernetes.Api;

/// <summary>
/// Sees to it that one coordinator at a time carries TrainingJobs out. Who cannot renew the lease stops before another may take it.
/// </summary>
internal sealed partial class LeaseKeeper(
    IKubernetes client,
    KubernetesAccess access,
    KubernetesOptions options,
    TimeProvider time,
    ILogger<LeaseKeeper> logger
)
{
    /// <summary>Name of the lease.</summary>
    public const string Name = "training-cluster-coordinator";

    private LeaseSeen? _seen;
    private V1Lease? _lease;

    // It may be ours, whether or not an answer said so.
    private bool _asked;

    /// <summary>Waits for the lease, leads while it can be renewed, and waits again, until it is cancelled.</summary>
    /// <param name="lead">What is to be done while it leads; its token is cancelled when the lease is lost.</param>
    /// <param name="cancellationToken">Ends it; the lease is given back.</param>
    public async Task RunAsync(Func<CancellationToken, Task> lead, CancellationToken cancellationToken)
    {
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                await TermAsync(lead, cancellationToken);
            }
        }
        finally
        {
            await GiveBackAsync();
        }
    }

    /// <summary>One try to get the lease; who gets it leads until the lease or the work ends.</summary>
    private async Task TermAsync(Func<CancellationToken, Task> lead, CancellationToken cancellationToken)
    {
        var begun = time.GetUtcNow();
        if (!await TryAsync(cancellationToken) || LeaseTerm.IsOver(begun, options.RenewDeadline, time.GetUtcNow()))
        {
            // An answer that was long under way may come when the term that it gives is over.
            await Task.Delay(options.RetryPeriod, time, cancellationToken);
            return;
        }
        LogLeads(access.Identity);
        using var term = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var work = lead(term.Token);
        await RenewAsync(begun, work, cancellationToken);
        await term.CancelAsync();
        await QuietAsync(work);
    }

    private async Task RenewAsync(DateTimeOffset renewed, Task work, CancellationToken cancellationToken)
    {
        while (!work.IsCompleted && !cancellationToken.IsCancellationRequested)
        {
            await QuietAsync(Task.WhenAny(work, Task.Delay(options.RetryPeriod, time, cancellationToken)));
            var begun = time.GetUtcNow();
            // A call that hangs must not outlive the term.
            var left = renewed + options.RenewDeadline - begun;
            using var limit = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            if (await TryAsync(both.Token))
            {
                renewed = begun;
            }
            else if (_seen is { } seen && seen.Holder.Length > 0 && seen.Holder != access.Identity)
            {
                LogTaken(seen.Holder);
                return;
            }
            else if (LeaseTerm.IsOver(renewed, options.RenewDeadline, time.GetUtcNow()))
            {
                LogLost(options.RenewDeadline.TotalSeconds);
                return;
            }
        }
    }

    /// <summary>One look at the lease, and what follows from it. True: it is ours.</summary>
    private async Task<bool> TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            await LookAsync(cancellationToken);
            var (action, reason) = LeaseTerm.Decide(_seen, access.Identity, time.GetUtcNow());
            if (action == LeaseAction.Wait)
            {
                return false;
            }
            if (action != LeaseAction.Renew)
            {
                LogTakes(reason);
            }
            Note(await WriteAsync(action, cancellationToken));
            return true;
        }
        catch (Exception e) when (ApiError.IsOne(e) || e is OperationCanceledException)
        {
            // 409: another was faster.
            if (!cancellationToken.IsCancellationRequested || e is not OperationCanceledException)
            {
                LogFailed(ApiError.TextOf(e));
            }
            return false;
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            Note(await client.CoordinationV1.ReadNamespacedLeaseAsync(Name, access.Home, cancellationToken: cancellationToken));
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            (_lease, _seen) = (null, null);
        }
    }

    private void Note(V1Lease lease)
    {
        var version = lease.Metadata.ResourceVersion;
        var seen = _seen is { } before && before.Version == version ? before.Seen : time.GetUtcNow();
        _lease = lease;
        _seen = new(
            lease.Spec?.HolderIdentity ?? "",
            lease.Spec?.LeaseTransitions ?? 0,
            TimeSpan.FromSeconds(lease.Spec?.LeaseDurationSeconds ?? options.LeaseDuration.TotalSeconds),
            version,
            seen
        );
    }

    private Task<V1Lease> WriteAsync(LeaseAction action, CancellationToken cancellationToken)
    {
        _asked = true;
        var now = time.GetUtcNow().UtcDateTime;
        var renewing = action == LeaseAction.Renew;
        var lease = new V1Lease
        {
            // The version keeps two from taking it at once.
            Metadata = _lease?.Metadata ?? new V1ObjectMeta { Name = Name, NamespaceProperty = access.Home },
            Spec = new V1LeaseSpec
            {
                HolderIdentity = access.Identity,
                LeaseDurationSeconds = (int)Math.Ceiling(options.LeaseDuration.TotalSeconds),
                AcquireTime = renewing ? _lease!.Spec.AcquireTime : now,
                RenewTime = now,
                LeaseTransitions = (_seen?.Transitions ?? 0) + (action == LeaseAction.Take ? 1 : 0),
            },
        };
        return action == LeaseAction.Create
            ? client.CoordinationV1.CreateNamespacedLeaseAsync(lease, access.Home, cancellationToken: cancellationToken)
            : client.CoordinationV1.ReplaceNamespacedLeaseAsync(lease, Name, access.Home, cancellationToken: cancellationToken);
    }

    /// <summary>
    /// An orderly end: nobody has to wait for the lease to run out. What is known of the lease may be old: the end may have cut off a
    /// renewal whose answer never came, and that may even arrive after the look here.
    /// </summary>
    private async Task GiveBackAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2), time);
        while (_asked)
        {
            try
            {
                await LookAsync(limit.Token);
                if (_lease is { } lease && lease.Spec?.HolderIdentity == access.Identity)
                {
                    lease.Spec.HolderIdentity = "";
                    await client.CoordinationV1.ReplaceNamespacedLeaseAsync(lease, Name, access.Home, cancellationToken: limit.Token);
                }
                _asked = false;
            }
            catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.Conflict)
            {
                // The late renewal: look again.
            }
            catch (Exception e) when (ApiError.IsOne(e) || e is OperationCanceledException)
            {
                LogFailed(ApiError.TextOf(e));
                return;
            }
        }
    }

    private static async Task QuietAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (OperationCanceledException)
        {
            // It was told to end.
        }
    }

    [LoggerMessage(EventId = 283, Level = LogLevel.Information, Message = "{Identity} leads: it carries TrainingJobs out")]
    private partial void LogLeads(string identity);

    [LoggerMessage(
        EventId = 284,
        Level = LogLevel.Warning,
        Message = "the lease could not be renewed for {Seconds:0.0} s: others may lead now"
    )]
    private partial void LogLost(double seconds);

    [LoggerMessage(EventId = 285, Level = LogLevel.Warning, Message = "{Holder} has taken the lease")]
    private partial void LogTaken(string holder);

    [LoggerMessage(EventId = 286, Level = LogLevel.Information, Message = "taking the lease: {Reason}")]
    private partial void LogTakes(string reason);

    [LoggerMessage(EventId = 287, Level = LogLevel.Warning, Message = "the lease could not be read or written: {Problem}")]
    private partial void LogFailed(string problem);
}
