using Akka.Actor;
using Google.Protobuf;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.Actors;

/// <summary>
/// Keeps every report that must arrive until the coordinator has stored it. Outlives actor systems and the coordinator's
/// absence; safe from any thread.
/// </summary>
/// <param name="workerId">This worker.</param>
/// <param name="incarnation">This process.</param>
public sealed class Outbox(string workerId, string incarnation)
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
    /// Takes a report of the trainer. <see cref="StepReport"/> goes out once and is forgotten; everything else is kept until
    /// it is acknowledged.
    /// </summary>
    public void Post(IMessage message)
    {
        lock (_gate)
        {
            if (message is StepReport)
            {
                _outlet.Tell(new Outgoing(message));
                return;
            }
            var report = Wrap(LongText.Cut(message));
            (report.WorkerId, report.Incarnation, report.Sequence) = (workerId, incarnation, ++_last);
            _unacknowledged.Enqueue(report);
            _outlet.Tell(new Outgoing(report));
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

    private static WorkerReport Wrap(IMessage message) =>
        message switch
        {
            RendezvousJoined m => new() { JobId = m.JobId, Joined = m },
            GenerationStarted m => new() { JobId = m.JobId, Started = m },
            EvaluationReport m => new() { JobId = m.JobId, Evaluation = m },
            CheckpointReport m => new() { JobId = m.JobId, Checkpoint = m },
            GenerationFailed m => new() { JobId = m.JobId, Failed = m },
            JobFailedOnWorker m => new() { JobId = m.JobId, JobFailed = m },
            TrainingCompleted m => new() { JobId = m.JobId, Completed = m },
            TrainingStopped m => new() { JobId = m.JobId, Stopped = m },
            WorkerLog m => new() { JobId = m.JobId, Log = m },
            _ => throw new ArgumentException($"A trainer does not report {message.Descriptor.Name}.", nameof(message)),
        };
}

/// <summary>To be sent to the coordinator.</summary>
internal sealed record Outgoing(IMessage Message);
