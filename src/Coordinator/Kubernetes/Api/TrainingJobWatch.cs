using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using TrainingCluster.Coordinator.Kubernetes.Decisions;
using TrainingCluster.Coordinator.Kubernetes.Definition;

namespace TrainingCluster.Coordinator.Kubernetes.Api;

/// <summary>
/// Follows all TrainingJobs: 1. lists them; 2. watches from the list's version on; 3. where the watch breaks off, takes it up from the last
/// version that was seen, in an event or in a bookmark; 4. where that is too old for the API server (410), lists anew.
/// </summary>
internal sealed partial class TrainingJobWatch(
    IKubernetes client,
    KubernetesAccess access,
    KubernetesOptions options,
    TimeProvider time,
    ILogger<TrainingJobWatch> logger
)
{
    private const int PageSize = 250;
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(200);

    /// <summary>Follows them until it is cancelled.</summary>
    /// <param name="listed">All there are: at first, and whenever the thread was lost.</param>
    /// <param name="changed">One was made or changed.</param>
    /// <param name="gone">One is gone.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(
        Action<IReadOnlyList<TrainingJob>> listed,
        Action<TrainingJob> changed,
        Action<TrainingJob> gone,
        CancellationToken cancellationToken
    )
    {
        string? version = null;
        var pause = s_firstPause;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (version is null)
                {
                    // 1.
                    (var all, version) = await ListAsync(cancellationToken);
                    listed(all);
                }
                // 2.
                await foreach (var (type, item) in EventsAsync(version, cancellationToken))
                {
                    pause = s_firstPause;
                    version = (string?)item["metadata"]?["resourceVersion"] ?? version;
                    switch (type)
                    {
                        case WatchEventType.Added or WatchEventType.Modified:
                            changed(TrainingJob.Read(item));
                            break;
                        case WatchEventType.Deleted:
                            gone(TrainingJob.Read(item));
                            break;
                        default:
                            // A bookmark: nothing has changed up to this version.
                            break;
                    }
                }
                // 3.
            }
            catch (Exception e) when (ApiError.IsOne(e) || e is OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (ApiError.CodeOf(e) is HttpStatusCode.Gone)
                {
                    // 4.
                    LogExpired(version ?? "");
                    version = null;
                    continue;
                }
                LogBroken(ApiError.TextOf(e), pause.TotalSeconds);
                await Task.Delay(pause, time, cancellationToken);
                pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, options.RetryLimit.Ticks));
            }
        }
    }

    private async Task<(IReadOnlyList<TrainingJob> All, string Version)> ListAsync(CancellationToken cancellationToken)
    {
        var all = new List<TrainingJob>();
        string? next = null;
        while (true)
        {
            var page = JsonObject.Create(await PageAsync(next, cancellationToken)) ?? [];
            all.AddRange(page["items"]!.AsArray().Select(item => TrainingJob.Read(item!.AsObject())));
            next = (string?)page["metadata"]?["continue"];
            if (string.IsNullOrEmpty(next))
            {
                return (all, (string?)page["metadata"]?["resourceVersion"] ?? "");
            }
        }
    }

    private Task<JsonElement> PageAsync(string? next, CancellationToken cancellationToken) =>
        access.Namespace is { } ns
            ? client.CustomObjects.ListNamespacedCustomObjectAsync<JsonElement>(
                TrainingJobNames.Group,
                TrainingJobNames.Version,
                ns,
                TrainingJobNames.Plural,
                continueParameter: next,
                limit: PageSize,
                cancellationToken: cancellationToken
            )
            : client.CustomObjects.ListClusterCustomObjectAsync<JsonElement>(
                TrainingJobNames.Group,
                TrainingJobNames.Version,
                TrainingJobNames.Plural,
                continueParameter: next,
                limit: PageSize,
                cancellationToken: cancellationToken
            );

    private async IAsyncEnumerable<(WatchEventType Type, JsonObject Item)> EventsAsync(
        string version,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        Exception? problem = null;
        var seconds = (int)Math.Ceiling(options.WatchTimeout.TotalSeconds);
        var events = access.Namespace is { } ns
            ? client.CustomObjects.WatchListNamespacedCustomObjectAsync(
                TrainingJobNames.Group,
                TrainingJobNames.Version,
                ns,
                TrainingJobNames.Plural,
                allowWatchBookmarks: true,
                resourceVersion: version,
                timeoutSeconds: seconds,
                onError: e => problem = e,
                cancellationToken: cancellationToken
            )
            : client.CustomObjects.WatchListClusterCustomObjectAsync(
                TrainingJobNames.Group,
                TrainingJobNames.Version,
                TrainingJobNames.Plural,
                allowWatchBookmarks: true,
                resourceVersion: version,
                timeoutSeconds: seconds,
                onError: e => problem = e,
                cancellationToken: cancellationToken
            );
        await foreach (var (type, item) in events.WithCancellation(cancellationToken))
        {
            if (item is JsonElement json && JsonObject.Create(json) is { } read)
            {
                yield return (type, read);
            }
        }
        if (problem is not null)
        {
            throw problem;
        }
    }

    [LoggerMessage(
        EventId = 281,
        Level = LogLevel.Information,
        Message = "version {Version} is too old to watch from: TrainingJobs are listed anew"
    )]
    private partial void LogExpired(string version);

    [LoggerMessage(
        EventId = 282,
        Level = LogLevel.Warning,
        Message = "the watch of TrainingJobs broke, next try in {Seconds:0.0} s: {Problem}"
    )]
    private partial void LogBroken(string problem, double seconds);
}
