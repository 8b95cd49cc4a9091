using TorchSharp;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Serving.Telemetry;

namespace TrainingCluster.Serving.Batching;

/// <summary>
/// Computes what waits, a batch at a time on each of its threads: tensors are bound to the thread that made them, and calls must never
/// wait for one that does not read its answer. A step of decoding is too small to be divided: several batches use several cores better.
/// </summary>
internal sealed partial class TranslationEngine : IDisposable
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(30);

    private readonly SentenceQueue _queue;
    private readonly ServingMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Thread[] _threads;

    // Seconds that a sentence takes a thread, smoothed. Of two threads that write at once, one is not counted.
    private double _secondsEach = 0.02;

    /// <summary>Starts the threads.</summary>
    /// <param name="queue">Where sentences wait.</param>
    /// <param name="threads">Batches that are computed at a time, each by one thread.</param>
    /// <param name="metrics">Told of each batch.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told of batches that fail.</param>
    public TranslationEngine(SentenceQueue queue, int threads, ServingMetrics metrics, TimeProvider time, ILogger<TranslationEngine> logger)
    {
        (_queue, _metrics, _time, _logger) = (queue, metrics, time, logger);
        _threads = [.. Enumerable.Range(0, threads).Select(_ => new Thread(Run) { IsBackground = true, Name = "translate" })];
        foreach (var thread in _threads)
        {
            thread.Start();
        }
    }

    /// <summary>When a client that was refused should try again: as long as what waits takes.</summary>
    public TimeSpan RetryAfter
    {
        get
        {
            var seconds = _queue.Count * Volatile.Read(ref _secondsEach) / _threads.Length;
            return TimeSpan.FromSeconds(Math.Clamp(seconds, s_shortest.TotalSeconds, s_longest.TotalSeconds));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _queue.End();
        foreach (var thread in _threads)
        {
            thread.Join();
        }
    }

    private void Run()
    {
        torch.set_num_threads(1);
        while (_queue.Take() is { } batch)
        {
            // The last of its calls may let go of the model while the batch is computed.
            using var held = batch[0].Model.Hold();
            var began = _time.GetTimestamp();
            Translate(batch);
            var each = _time.GetElapsedTime(began).TotalSeconds / batch.Count;
            Volatile.Write(ref _secondsEach, (0.8 * Volatile.Read(ref _secondsEach)) + (0.2 * each));
        }
    }

    private void Translate(IReadOnlyList<QueuedSentence> batch)
    {
        _metrics.ObserveBatch(batch.Count);
        var translator = batch[0].Model.Translator;
        var follower = new BatchFollower(batch, _metrics, _time);
        try
        {
            SequenceSearch.Search(translator.Model, [.. batch.Select(sentence => sentence.Source)], batch[0].Search, follower);
            foreach (var (sentence, answers) in follower.Unfinished)
            {
                if (sentence.Cancelled.IsCancellationRequested)
                {
                    sentence.Cancel();
                    continue;
                }
                sentence.Complete(new(answers, AttentionRecorder.Record(translator, sentence.Text, sentence.Source, answers[0])));
            }
        }
        // Whatever it was (libtorch's errors have no type of their own): the calls are told, and the next batch may go well.
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            LogFailed(batch.Count, batch[0].Model.Offer.Id, error);
            foreach (var sentence in batch)
            {
                sentence.Fail(error);
            }
        }
    }

    [LoggerMessage(EventId = 510, Level = LogLevel.Error, Message = "a batch of {Sentences} sentences for model {Model} failed")]
    private partial void LogFailed(int sentences, string model, Exception error);
}
