using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Serving.Telemetry;

namespace TrainingCluster.Serving.Batching;

/// <summary>Tells the calls of a batch what becomes of their sentences, and lets go of those that nobody wants any more.</summary>
/// <param name="batch">The sentences, as they are searched for.</param>
/// <param name="metrics">Counts tokens.</param>
/// <param name="time">The clock.</param>
internal sealed class BatchFollower(IReadOnlyList<QueuedSentence> batch, ServingMetrics metrics, TimeProvider time) : ISearchFollower
{
    private readonly List<(QueuedSentence Sentence, IReadOnlyList<Hypothesis> Answers)> _found = [];

    /// <summary>Answers that still lack their attention.</summary>
    public IReadOnlyList<(QueuedSentence Sentence, IReadOnlyList<Hypothesis> Answers)> Unfinished => _found;

    /// <inheritdoc/>
    public bool Wants(int sentence)
    {
        if (!batch[sentence].Cancelled.IsCancellationRequested)
        {
            return true;
        }
        batch[sentence].Cancel();
        return false;
    }

    /// <inheritdoc/>
    public void Advance(int sentence, ReadOnlySpan<int> settled)
    {
        if (!batch[sentence].HasBegun)
        {
            batch[sentence].HasBegun = true;
            metrics.ObserveFirstToken(time.GetElapsedTime(batch[sentence].Queued));
        }
        batch[sentence].Tell(settled);
    }

    /// <inheritdoc/>
    public void Finish(int sentence, IReadOnlyList<Hypothesis> answers)
    {
        metrics.CountTokens(batch[sentence].Source.Length, answers[0].Tokens.Count);
        if (batch[sentence].WithAttention)
        {
            // It needs a pass of its own, which the model is free for when the batch is done.
            _found.Add((batch[sentence], answers));
        }
        else
        {
            batch[sentence].Complete(new FoundTranslation(answers, null));
        }
    }
}
