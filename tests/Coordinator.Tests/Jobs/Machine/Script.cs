using System.Collections.Immutable;
using Google.Protobuf;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Jobs.Machine;

/// <summary>Drives the machine by hand, an input at a time.</summary>
internal sealed class Script
{
    private static readonly JobMachineOptions s_options = new();
    private readonly List<PoolWorker> _pool = [];

    public Script(Action<JobSpec>? change = null)
    {
        var spec = new JobSpec();
        change?.Invoke(spec);
        State = JobMachine.Create("j", JobSpecDefaults.Fill(spec), Now);
    }

    public DateTimeOffset Now { get; private set; } = DateTimeOffset.UnixEpoch;
    public JobMachineState State { get; set; }
    public ImmutableArray<JobEffect> Effects { get; private set; } = [];
    public StartGeneration Plan => Effects.OfType<SendToWorker>().Select(s => s.Message).OfType<StartGeneration>().First();
    public string[] Called => [.. Effects.OfType<SendToWorker>().Where(s => s.Message is OpenRendezvous).Select(s => s.WorkerId)];

    public Script Do(JobInput input)
    {
        (State, Effects) = JobMachine.Step(State, input, Now, s_options);
        return this;
    }

    public Script Say(string worker, long generation, IMessage content) =>
        Do(new WorkerReported(Said.By(worker, "i", generation, content)));

    public Script Join(params string[] ids)
    {
        _pool.AddRange(ids.Select(id => new PoolWorker(id, "i", $"http://{id}")));
        return Do(new PoolChanged([.. _pool]));
    }

    /// <summary>Workers that compute in their own way, and what the coordinator says of those left aside.</summary>
    public Script JoinAlike(string arithmetic, string leftAside, params string[] ids)
    {
        _pool.AddRange(ids.Select(id => new PoolWorker(id, "i", $"http://{id}") { Arithmetic = new() { Fingerprint = arithmetic } }));
        return Do(new PoolChanged([.. _pool], leftAside));
    }

    public Script Drain(params string[] ids)
    {
        for (var i = 0; i < _pool.Count; i++)
        {
            if (ids.Contains(_pool[i].Id))
            {
                _pool[i] = _pool[i] with { Draining = true };
            }
        }
        return Do(new PoolChanged([.. _pool]));
    }

    /// <summary>The queue asks workers back, for a job that it names if all of them are to go.</summary>
    public Script AskBack(string yieldsTo, params string[] ids)
    {
        for (var i = 0; i < _pool.Count; i++)
        {
            if (ids.Contains(_pool[i].Id))
            {
                _pool[i] = _pool[i] with { Draining = true, Reclaim = i + 1 };
            }
        }
        return Do(new PoolChanged([.. _pool]) { Queue = new(yieldsTo.Length > 0 ? "" : "gives some back for other", yieldsTo) });
    }

    /// <summary>What was asked back is with another job, and the queue says why this one waits.</summary>
    public Script Taken(string why)
    {
        _pool.RemoveAll(w => w.Reclaim > 0);
        return Do(new PoolChanged([.. _pool]) { Queue = new(why) });
    }

    public Script Stopped(string id, long step) => Say(id, State.Generation, new TrainingStopped { CompletedStep = step });

    public Script Lose(string id) => Lose("its actor ended", id);

    /// <summary>Workers are lost, for the same reason.</summary>
    public Script Lose(string why, params string[] ids)
    {
        _pool.RemoveAll(w => ids.Contains(w.Id));
        return Do(new PoolChanged([.. _pool]) { Lost = ids.ToImmutableSortedDictionary(id => id, _ => why, StringComparer.Ordinal) });
    }

    /// <summary>The faults that the last input made known, as people read them.</summary>
    public string[] Faults => [.. Effects.OfType<PublishEvent>().Select(e => e.Event.Fault).OfType<Fault>().Select(f => f.Line())];

    public Script Pass(TimeSpan span)
    {
        Now += span;
        return Do(new TimePassed());
    }

    public Script Acknowledged(string id) => Say(id, State.Generation, new RendezvousAcknowledged());

    public Script Joined(string id, long step = -1, bool evaluated = false) =>
        Say(
            id,
            State.Generation,
            new RendezvousJoined
            {
                HasState = step >= 0,
                CompletedStep = Math.Max(0, step),
                StepEvaluated = evaluated,
            }
        );

    public Script Started(string id) => Say(id, State.Generation, new GenerationStarted());

    public Script Failed(string id, params string[] suspects) =>
        Say(
            id,
            State.Plan!.Generation,
            new GenerationFailed
            {
                Stage = "Aborted",
                Message = "boom",
                Suspects = { suspects },
            }
        );

    public Script Stepped(string id, long step, double stepMs = 1, long total = 9, double speed = 0) =>
        Say(
            id,
            State.Plan!.Generation,
            new StepReport
            {
                Step = step,
                TotalSteps = total,
                StepMs = stepMs,
                ShardsPerSecond = speed,
            }
        );

    /// <summary>The report of a round of several steps.</summary>
    public Script Round(string id, long last, long steps, double ms, long total) =>
        Say(
            id,
            State.Plan!.Generation,
            new StepReport
            {
                Step = last,
                Steps = steps,
                TotalSteps = total,
                StepMs = ms,
            }
        );

    public Script Completed(string id, string sha, bool stored) =>
        Say(id, State.Plan!.Generation, new TrainingCompleted { WeightsSha256 = sha, ModelStored = stored });

    /// <summary>Two workers, a and b, train.</summary>
    public Script Run() => Join("a", "b").Joined("a").Joined("b").Started("a").Started("b");
}
