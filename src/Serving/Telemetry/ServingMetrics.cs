using Grpc.Core;
using Prometheus;
using TrainingCluster.Telemetry;

namespace TrainingCluster.Serving.Telemetry;

/// <summary>What the server of translations publishes about its work.</summary>
internal sealed class ServingMetrics
{
    private readonly Histogram _batch;
    private readonly Histogram _firstToken;
    private readonly Histogram _latency;
    private readonly Counter _tokens;
    private readonly Counter _requests;
    private readonly Counter _sentences;
    private readonly Counter _loads;
    private readonly Gauge _queue;
    private readonly Gauge _loaded;
    private readonly Gauge _served;
    private readonly CollectorRegistry _registry;

    /// <summary>Makes them in a registry.</summary>
    public ServingMetrics(ProgramMetrics published)
    {
        ArgumentNullException.ThrowIfNull(published);
        _registry = published.Registry;
        var factory = published.Factory;
        _queue = factory.CreateGauge("training_cluster_serving_queue_sentences", "Sentences that wait to be computed.");
        _batch = factory.CreateHistogram(
            "training_cluster_serving_batch_sentences",
            "Sentences that were computed together.",
            new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(1, 2, 11) }
        );
        _tokens = factory.CreateCounter(
            "training_cluster_serving_tokens_total",
            "Tokens of translated sentences, by side: source (ends included), target.",
            "side"
        );
        _sentences = factory.CreateCounter("training_cluster_serving_sentences_total", "Sentences that were translated.");
        _firstToken = factory.CreateHistogram(
            "training_cluster_serving_first_token_seconds",
            "Time of a sentence from its arrival to its first token.",
            new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.002, 2, 14) }
        );
        _latency = factory.CreateHistogram(
            "training_cluster_serving_request_duration_seconds",
            "Time of answered calls, by method: translate, translate_stream.",
            ["method"],
            new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.002, 2, 14) }
        );
        _requests = factory.CreateCounter(
            "training_cluster_serving_requests_total",
            "Calls to translate that have ended, by method and result (the gRPC status).",
            "method",
            "result"
        );
        _loads = factory.CreateCounter(
            "training_cluster_serving_model_loads_total",
            "Models that were brought into memory, by result: loaded, failed.",
            "result"
        );
        _loaded = factory.CreateGauge("training_cluster_serving_models_loaded", "Models in memory.");
        _served = factory.CreateGauge("training_cluster_serving_models", "Models that can be called, in memory or not.");
        foreach (var side in new[] { "source", "target" })
        {
            _tokens.WithLabels(side).Inc(0);
        }
        foreach (var result in new[] { "loaded", "failed" })
        {
            _loads.WithLabels(result).Inc(0);
        }
        foreach (var method in new[] { "translate", "translate_stream" })
        {
            _latency.WithLabels(method);
            _requests.WithLabels(method, nameof(StatusCode.OK)).Inc(0);
        }
    }

    /// <summary>Reads the length of the queue at each scrape.</summary>
    public void PublishQueue(Func<int> count) => _registry.AddBeforeCollectCallback(() => _queue.Set(count()));

    /// <summary>Notes a batch.</summary>
    public void ObserveBatch(int sentences) => _batch.Observe(sentences);

    /// <summary>Notes a sentence's first token.</summary>
    public void ObserveFirstToken(TimeSpan waited) => _firstToken.Observe(waited.TotalSeconds);

    /// <summary>Counts a translated sentence.</summary>
    public void CountTokens(int source, int target)
    {
        _sentences.Inc();
        _tokens.WithLabels("source").Inc(source);
        _tokens.WithLabels("target").Inc(target);
    }

    /// <summary>Counts a call that has ended.</summary>
    public void CountRequest(string method, StatusCode result, TimeSpan took)
    {
        _requests.WithLabels(method, result.ToString()).Inc();
        if (result == StatusCode.OK)
        {
            _latency.WithLabels(method).Observe(took.TotalSeconds);
        }
    }

    /// <summary>Counts a model that was, or could not be, brought into memory.</summary>
    public void CountLoad(bool isLoaded) => _loads.WithLabels(isLoaded ? "loaded" : "failed").Inc();

    /// <summary>Sets how many models there are.</summary>
    public void SetModels(int loaded, int served)
    {
        _loaded.Set(loaded);
        _served.Set(served);
    }
}
