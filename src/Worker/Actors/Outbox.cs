using Akka.Actor;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.Actors;

/// <summary>
/// Keeps every report that must arrive until the coordinator has stored it. Outlives actor systems and the coordinator's
/// absence; safe from any thread.
/// </summary>
public sealed class Outbox
{
    private readonly Lock _gate = new();
    private readonly Queue<WorkerReport> _unacknowledged = new();
    private long _last;
    private IActorRef _outlet = ActorRefs.Nobody;

    /// <summary>Number of the oldest report that is not acknowledged, or of the next one.</summary>
    public long FirstUnacknowledged
    {
        get
        {
            lock (_gate)
            {
                return _unacknowledged.Count > 0 ? _unacknowledged.Peek().Sequence : _last + 1;
            }
        }
    }

    /// <summary>Reports that are not acknowledged, oldest first.</summary>
    public IReadOnlyList<WorkerReport> Unacknowledged
    {
        get
        {
            lock (_gate)
            {
                return [.. _unacknowledged];
            }
        }
    }

    /// <summary>From now on reports go to <paramref name="actor"/>, in order.</summary>
    public void Connect(IActorRef actor)
    {
        lock (_gate)
        {
            _outlet = actor;
        }
    }

    /// <summary>
    /// Takes a report of the trainer. A step goes out once and is forgotten; everything else gets a number and is kept until it is
    /// acknowledged.
    /// </summary>
    public void Post(WorkerReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        lock (_gate)
        {
            if (report.ReportCase != WorkerReport.ReportOneofCase.Step)
            {
                LongText.Cut(report);
                report.Sequence = ++_last;
                _unacknowledged.Enqueue(report);
            }
            _outlet.Tell(report);
        }
    }

    /// <summary>Reports up to <paramref name="sequence"/> are stored.</summary>
    public void Acknowledge(long sequence)
    {
        lock (_gate)
        {
            while (_unacknowledged.Count > 0 && _unacknowledged.Peek().Sequence <= sequence)
            {
                _unacknowledged.Dequeue();
            }
        }
    }
}
