namespace TrainingCluster.Serving.Batching;

/// <summary>Sentences that wait to be computed. Calls add them, and the computing threads take them in batches.</summary>
/// <param name="options">The limits.</param>
/// <param name="time">The clock.</param>
internal sealed class SentenceQueue(BatchingOptions options, TimeProvider time)
{
    private readonly object _gate = new();
    private readonly List<QueuedSentence> _waiting = [];
    private int _free;
    private bool _othersCall;
    private bool _hasEnded;

    /// <summary>Sentences that wait.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Adds the sentences of a call: all of them, or none.</summary>
    /// <returns>False: there is no room.</returns>
    public bool TryAdd(IReadOnlyCollection<QueuedSentence> sentences)
    {
        lock (_gate)
        {
            if (_hasEnded || _waiting.Count + sentences.Count > options.MaxQueue)
            {
                return false;
            }
            _waiting.AddRange(sentences);
            Monitor.PulseAll(_gate);
            return true;
        }
    }

    /// <summary>Takes a sentence out that nobody wants any more. One that is being computed leaves by itself.</summary>
    public void Remove(QueuedSentence sentence)
    {
        lock (_gate)
        {
            if (!_waiting.Remove(sentence))
            {
                return;
            }
        }
        sentence.Cancel();
    }

    /// <summary>Waits for the next batch.</summary>
    /// <returns>Null: no more come.</returns>
    public IReadOnlyList<QueuedSentence>? Take()
    {
        lock (_gate)
        {
            _free++;
            while (!_hasEnded)
            {
                var plan = BatchPlanner.Plan([.. _waiting.Select(View)], _othersCall, _free, options);
                if (plan.Take.Count == 0)
                {
                    Monitor.Wait(_gate, plan.Wait);
                    continue;
                }
                QueuedSentence[] batch = [.. plan.Take.Select(place => _waiting[place])];
                foreach (var place in plan.Take.OrderDescending())
                {
                    _waiting.RemoveAt(place);
                }
                _free--;
                _othersCall = batch.Concat(_waiting).DistinctBy(sentence => sentence.Call).Skip(1).Any();
                return batch;
            }
            return null;
        }
    }

    /// <summary>No more are taken. Those that wait are cancelled.</summary>
    public void End()
    {
        lock (_gate)
        {
            _hasEnded = true;
            foreach (var sentence in _waiting)
            {
                sentence.Cancel();
            }
            _waiting.Clear();
            Monitor.PulseAll(_gate);
        }
    }

    private WaitingSentence View(QueuedSentence sentence) =>
        new(sentence.Model, sentence.Search, sentence.Source.Length, time.GetElapsedTime(sentence.Queued));
}
