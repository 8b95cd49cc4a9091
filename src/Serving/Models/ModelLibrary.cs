using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Native;
using TrainingCluster.Serving.Telemetry;

namespace TrainingCluster.Serving.Models;

/// <summary>
/// The models that are served: which there are, which are in memory, and which has to go for another. A call gets the version that is in
/// memory while a newer one is being loaded.
/// </summary>
/// <param name="sources">Where models come from. Of two with the same id the first counts.</param>
/// <param name="settings">How models are found and kept.</param>
/// <param name="metrics">Told of loads.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Told of models that come, go and fail.</param>
internal sealed partial class ModelLibrary(
    IReadOnlyList<IModelSource> sources,
    ModelSettings settings,
    ServingMetrics metrics,
    TimeProvider time,
    ILogger<ModelLibrary> logger
) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _oneLoad = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Dictionary<IModelSource, IReadOnlyList<ModelOffer>> _looked = [];
    private readonly Dictionary<IModelSource, string> _silent = [];
    private readonly Dictionary<string, ServedModel> _loaded = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LoadFailure> _failures = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Task> _loading = new(StringComparer.Ordinal);
    private SortedDictionary<string, (IModelSource Source, ModelOffer Offer)> _offers = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _inMemory;
    private long _calls;

    /// <summary>All models, by id.</summary>
    public IReadOnlyList<ModelView> List()
    {
        lock (_gate)
        {
            return
            [
                .. _offers.Values.Select(o => new ModelView(
                    o.Offer,
                    _loaded.GetValueOrDefault(o.Offer.Id),
                    FailureOf(o.Offer)?.Problem ?? ""
                )),
            ];
        }
    }

    /// <summary>Sources that do not answer, and how they failed.</summary>
    public IReadOnlyList<string> Silent()
    {
        lock (_gate)
        {
            return [.. _silent.Values];
        }
    }

    /// <summary>Looks at the sources again and again until the end.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(settings.RefreshInterval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            await RefreshAsync(cancellationToken);
        }
    }

    /// <summary>Looks at every source once. Begins to load what is new of models in memory, and of those that were named.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        foreach (var source in sources)
        {
            try
            {
                var offers = await source.LookAsync(cancellationToken);
                lock (_gate)
                {
                    _looked[source] = offers;
                    _silent.Remove(source);
                }
            }
            catch (ModelSourceException error)
            {
                bool isNew;
                lock (_gate)
                {
                    isNew = _silent.TryAdd(source, error.Message);
                }
                if (isNew)
                {
                    LogSilent(error.Message);
                }
            }
        }
        Apply();
    }

    /// <summary>Keeps a model in memory for a call; loads it first where it is not there.</summary>
    /// <returns>The model, and what to dispose when the call is over.</returns>
    /// <exception cref="ModelUnusableException">It cannot be called.</exception>
    public async Task<(ServedModel Model, IDisposable Hold)> AcquireAsync(string id, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task load;
            lock (_gate)
            {
                if (_loaded.TryGetValue(id, out var model))
                {
                    model.LastCall = ++_calls;
                    return (model, model.Hold());
                }
                if (!_offers.TryGetValue(id, out var there))
                {
                    throw new ModelUnusableException(ModelProblem.Unknown, $"there is no model '{id}'");
                }
                if (!there.Offer.IsThere)
                {
                    var problem = there.Offer.IsWaiting ? ModelProblem.Waiting : ModelProblem.Unusable;
                    throw new ModelUnusableException(problem, there.Offer.Problem);
                }
                if (FailureOf(there.Offer) is { } failure)
                {
                    throw new ModelUnusableException(failure.Kind, failure.Problem);
                }
                load = BeginLoad(there.Source, there.Offer);
            }
            await load.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Cancel();
        ServedModel[] models;
        lock (_gate)
        {
            models = [.. _loaded.Values];
            _loaded.Clear();
        }
        foreach (var model in models)
        {
            model.Retire();
        }
    }

    private void Apply()
    {
        var gone = new List<ServedModel>();
        lock (_gate)
        {
            var offers = new SortedDictionary<string, (IModelSource, ModelOffer)>(StringComparer.Ordinal);
            foreach (var source in sources)
            {
                foreach (var offer in _looked.GetValueOrDefault(source) ?? [])
                {
                    offers.TryAdd(offer.Id, (source, offer));
                }
            }
            foreach (var (id, (source, _)) in _offers.Where(o => !offers.ContainsKey(o.Key)))
            {
                source.Forget(id);
                _failures.Remove(id);
                if (_loaded.Remove(id, out var model))
                {
                    gone.Add(model);
                }
                LogGone(id);
            }
            _offers = offers;
            foreach (var (id, (source, offer)) in offers)
            {
                var model = _loaded.GetValueOrDefault(id);
                var isNews = model is null ? source.IsNamed && _inMemory < settings.MaxLoaded : model.Offer.Version != offer.Version;
                if (isNews && offer.IsThere && FailureOf(offer) is null)
                {
                    BeginLoad(source, offer);
                }
            }
        }
        gone.ForEach(model => model.Retire());
        metrics.SetModels(List().Count(view => view.Loaded is not null), List().Count(view => view.Offer.IsThere));
    }

    /// <summary>A failure that still holds: of the same version, and not long ago.</summary>
    private LoadFailure? FailureOf(ModelOffer offer) =>
        _failures.TryGetValue(offer.Id, out var failure)
        && failure.Version == offer.Version
        && time.GetElapsedTime(failure.At) < settings.RetryInterval
            ? failure
            : null;

    private Task BeginLoad(IModelSource source, ModelOffer offer)
    {
        if (!_loading.TryGetValue(offer.Id, out var load))
        {
            load = Task.Run(() => LoadAsync(source, offer), CancellationToken.None);
            _loading.Add(offer.Id, load);
        }
        return load;
    }

    /// <summary>Never throws: what goes wrong is kept for those who call.</summary>
    private async Task LoadAsync(IModelSource source, ModelOffer offer)
    {
        var began = time.GetTimestamp();
        try
        {
            await _oneLoad.WaitAsync(_stopping.Token);
            try
            {
                var folder = await source.FetchAsync(offer, _stopping.Token);
                await MakeRoomAsync(offer.Id);
                Take(Open(folder, offer));
            }
            finally
            {
                _oneLoad.Release();
            }
            metrics.CountLoad(isLoaded: true);
            var seconds = time.GetElapsedTime(began).TotalSeconds;
            LogLoaded(offer.Id, seconds);
        }
        catch (ModelSourceException error)
        {
            Fail(offer, ModelProblem.SourceUnavailable, error.Message);
        }
        catch (OperationCanceledException)
        {
            Fail(offer, ModelProblem.SourceUnavailable, "the server ends");
        }
        // A folder that is damaged, a disk that is full, a model that memory is too small for: libtorch's errors have no type of their own.
        catch (Exception error)
        {
            source.Forget(offer.Id);
            Fail(offer, ModelProblem.Unusable, error.Message);
        }
        finally
        {
            lock (_gate)
            {
                _loading.Remove(offer.Id);
                // What became known while this load was on its way has not begun one.
                if (
                    !_stopping.IsCancellationRequested
                    && _loaded.TryGetValue(offer.Id, out var model)
                    && _offers.TryGetValue(offer.Id, out var now)
                    && IsNewer(now.Offer, model)
                )
                {
                    BeginLoad(now.Source, now.Offer);
                }
            }
        }
    }

    private bool IsNewer(ModelOffer offer, ServedModel model) =>
        offer.IsThere && model.Offer.Version != offer.Version && FailureOf(offer) is null;

    private ServedModel Open(string folder, ModelOffer offer)
    {
        try
        {
            return new ServedModel(offer, Translator.Open(folder), time.GetUtcNow(), Changed);
        }
        catch
        {
            Changed(isFreed: true);
            throw;
        }
    }

    private void Take(ServedModel model)
    {
        ServedModel? older;
        bool isWanted;
        lock (_gate)
        {
            var id = model.Offer.Id;
            _failures.Remove(id);
            _loaded.Remove(id, out older);
            isWanted = _offers.ContainsKey(id) && !_stopping.IsCancellationRequested;
            if (isWanted)
            {
                model.LastCall = ++_calls;
                _loaded.Add(id, model);
            }
        }
        older?.Retire();
        if (!isWanted)
        {
            model.Retire();
        }
        metrics.SetModels(List().Count(view => view.Loaded is not null), List().Count(view => view.Offer.IsThere));
    }

    /// <summary>
    /// Waits until one more model may be in memory, and counts it. A newer version may be there beside the one that it replaces, so that
    /// calls go on and a damaged one does no harm.
    /// </summary>
    private async Task MakeRoomAsync(string id)
    {
        while (true)
        {
            ServedModel? victim;
            Task changed;
            lock (_gate)
            {
                if (_inMemory < settings.MaxLoaded || _loaded.ContainsKey(id))
                {
                    _inMemory++;
                    return;
                }
                victim = _loaded.Values.Where(model => model.IsIdle).MinBy(model => model.LastCall);
                if (victim is not null)
                {
                    _loaded.Remove(victim.Offer.Id);
                }
                changed = _changed.Task;
            }
            if (victim is not null)
            {
                LogEvicted(victim.Offer.Id, id);
                victim.Retire();
            }
            else
            {
                await changed.WaitAsync(_stopping.Token);
            }
        }
    }

    private void Changed(bool isFreed)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            _inMemory -= isFreed ? 1 : 0;
            (changed, _changed) = (_changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        changed.SetResult();
        if (isFreed)
        {
            Malloc.Trim();
        }
    }

    private void Fail(ModelOffer offer, ModelProblem kind, string problem)
    {
        lock (_gate)
        {
            _failures[offer.Id] = new(offer.Version, kind, problem, time.GetTimestamp());
        }
        metrics.CountLoad(isLoaded: false);
        LogUnusable(offer.Id, problem);
    }

    [LoggerMessage(EventId = 520, Level = LogLevel.Information, Message = "model {Id} is in memory after {Seconds:F2} s")]
    private partial void LogLoaded(string id, double seconds);

    [LoggerMessage(EventId = 521, Level = LogLevel.Information, Message = "model {Id} goes from memory to make room for {Other}")]
    private partial void LogEvicted(string id, string other);

    [LoggerMessage(EventId = 522, Level = LogLevel.Information, Message = "model {Id} is not there any more")]
    private partial void LogGone(string id);

    [LoggerMessage(EventId = 523, Level = LogLevel.Warning, Message = "model {Id} cannot be loaded: {Problem}")]
    private partial void LogUnusable(string id, string problem);

    [LoggerMessage(EventId = 524, Level = LogLevel.Warning, Message = "{Problem}; the models that are known stay")]
    private partial void LogSilent(string problem);

    private sealed record LoadFailure(string Version, ModelProblem Kind, string Problem, long At);
}
