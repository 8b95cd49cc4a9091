using System.Collections.Concurrent;
using TrainingCluster.Coordinator.Datasets;
using TrainingCluster.Coordinator.Kubernetes.Api;
using TrainingCluster.Coordinator.Kubernetes.Decisions;
using TrainingCluster.Files;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Kubernetes;

/// <summary>
/// Makes datasets of the text that TrainingJobs name, beside everything else. The same text gives the same dataset: what
/// a restart interrupts is simply made again.
/// </summary>
internal sealed partial class TextLibrary(
    TrainingJobApi api,
    DatasetLibrary datasets,
    DatasetPreparation preparation,
    KubernetesAccess access,
    KubernetesOptions options,
    TimeProvider time,
    ILogger<TextLibrary> logger
)
{
    private readonly ConcurrentDictionary<string, (DataState State, DateTimeOffset At)> _states = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _underWay = new(StringComparer.Ordinal);

    /// <summary>Where the text of an object stands.</summary>
    public async Task<DataState> StateAsync(TrainingJob item, CancellationToken cancellationToken)
    {
        if (_states.TryGetValue(item.Uid, out var known))
        {
            return known.State;
        }
        // An earlier process has made it.
        return
            (string?)item.Status["datasetFingerprint"] is { Length: > 0 } fingerprint
            && await datasets.FindAsync(fingerprint, cancellationToken) is not null
            ? new(DataStateKind.Ready, fingerprint)
            : DataState.Unknown;
    }

    /// <summary>Begins to make the dataset of an object's text, unless that is going on, or has failed just now.</summary>
    /// <param name="item">The object.</param>
    /// <param name="spec">What it says.</param>
    /// <param name="done">Told when it is made, or has failed.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public void Begin(TrainingJob item, TrainingJobSpec spec, Action done, CancellationToken cancellationToken)
    {
        var failed = _states.TryGetValue(item.Uid, out var known) && known.State.Kind == DataStateKind.Failed;
        if ((failed && time.GetUtcNow() - known.At < options.RetryLimit) || !_underWay.TryAdd(item.Uid, true))
        {
            return;
        }
        // What has failed stays said until it is otherwise.
        if (!failed)
        {
            Set(item.Uid, new(DataStateKind.Preparing));
        }
        _ = Task.Run(() => MakeAsync(item, spec, done, cancellationToken), CancellationToken.None);
    }

    /// <summary>The object is gone.</summary>
    public void Forget(string uid) => _states.TryRemove(uid, out _);

    private async Task MakeAsync(TrainingJob item, TrainingJobSpec spec, Action done, CancellationToken cancellationToken)
    {
        try
        {
            var fingerprint = await MakeAsync(item, spec, cancellationToken);
            LogMade(item.Key, fingerprint);
            Set(item.Uid, new(DataStateKind.Ready, fingerprint));
        }
        catch (OperationCanceledException)
        {
            Forget(item.Uid);
        }
        catch (Exception e)
        {
            // Nobody awaits this work: what is not said here is said nowhere, and the object would wait for ever.
            LogFailed(item.Key, ApiError.TextOf(e), IsExpected(e) ? null : e);
            Set(item.Uid, new(DataStateKind.Failed, Problem: ApiError.TextOf(e)));
        }
        _underWay.TryRemove(item.Uid, out _);
        done();
    }

    private static bool IsExpected(Exception error) =>
        ApiError.IsOne(error) || error is DatasetException or UnauthorizedAccessException or QuotaExceededException;

    private async Task<string> MakeAsync(TrainingJob item, TrainingJobSpec spec, CancellationToken cancellationToken)
    {
        var dataset = JobSpecDefaults.Fill(spec.Job).Dataset;
        var place = spec.Text!;
        var folder = datasets.NewTemporaryFolder();
        try
        {
            Directory.CreateDirectory(folder);
            var find = place.IsConfigMap ? await UnpackAsync(item, place.Name, dataset, folder, cancellationToken) : VolumeOf(place.Name);
            var options = new DatasetOptions
            {
                Train = Text(find, dataset.Source, dataset.Target),
                Validation = dataset.HasValidSource ? Text(find, dataset.ValidSource, dataset.ValidTarget) : null,
                VocabularySize = dataset.VocabularySize,
                MaxTokens = dataset.MaxTokens,
            };
            return await preparation.MakeAsync(options, folder, cancellationToken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static ParallelText Text(Func<string, string> find, string source, string target) =>
            new(find(source), find(target)) { SourceName = source, TargetName = target };
    }

    private async Task<Func<string, string>> UnpackAsync(
        TrainingJob item,
        string name,
        DatasetSpec dataset,
        string folder,
        CancellationToken cancellationToken
    )
    {
        var files =
            await api.ConfigMapAsync(item.Namespace, name, cancellationToken)
            ?? throw new DatasetException(
                $"there is no ConfigMap {name} in namespace {item.Namespace}; make it, with the files as its keys"
            );
        var paths = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var key in new[] { dataset.Source, dataset.Target, dataset.ValidSource, dataset.ValidTarget }.Where(key => key.Length > 0))
        {
            if (!files.TryGetValue(key, out var content))
            {
                throw new DatasetException($"the ConfigMap {name} has no key {key}; it has {string.Join(", ", files.Keys.Order())}");
            }
            paths[key] = Path.Combine(folder, $"{paths.Count}");
            await File.WriteAllBytesAsync(paths[key], content, cancellationToken);
        }
        return key => paths[key];
    }

    private Func<string, string> VolumeOf(string name)
    {
        if (access.Volumes is not { } root)
        {
            throw new DatasetException("this coordinator has no volumes; start it with --kubernetes-volumes DIR, or use a ConfigMap");
        }
        var volume = Path.Combine(Path.GetFullPath(root), name);
        if (!Directory.Exists(volume))
        {
            throw new DatasetException($"the coordinator has no volume {name}; mount it at {volume}");
        }
        return path => VolumeFile.Find(volume, path);
    }

    private void Set(string uid, DataState state) => _states[uid] = (state, time.GetUtcNow());

    [LoggerMessage(EventId = 288, Level = LogLevel.Information, Message = "{Key}: dataset {Fingerprint} is made of its text")]
    private partial void LogMade(string key, string fingerprint);

    [LoggerMessage(EventId = 289, Level = LogLevel.Warning, Message = "{Key}: its text cannot be used: {Problem}")]
    private partial void LogFailed(string key, string problem, Exception? unexpected);
}
