using System.Collections.Immutable;
using TrainingCluster.Coordinator.Planning;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

// Calling a generation together, and sending its plan.
public static partial class JobMachine
{
    /// <summary>
    /// Ends the present generation, if any, and calls the next one together with everyone who is fit. With a
    /// <paramref name="finishStep"/> its members train on until there.
    /// </summary>
    private static void CallGeneration(
        Turn turn,
        GenerationCause cause,
        string reason,
        IReadOnlyCollection<string>? suspects = null,
        long finishStep = 0
    )
    {
        // An orderly end needs every member, also those that will not be in the next generation.
        var finishing = finishStep > 0 ? turn.State.Seats.Keys.ToHashSet(StringComparer.Ordinal) : [];
        var holder = finishStep > 0 ? null : NewestHolder(turn.State, draining: true);
        var leaves = turn.State.Phase is not (JobPhase.Waiting or JobPhase.Leaving or JobPhase.Suspended);
        // Whoever is called to the new generation ends the old one by that; who is left out is fenced by its number.
        ClearGeneration(turn);
        turn.State = turn.State with { NoticedAt = turn.State.NoticedAt ?? turn.Now, Cause = cause };
        var fit = Fit(turn.State, turn.Now);
        fit = [.. fit.Concat(turn.State.Pool.Values.Where(w => finishing.Contains(w.Id))).DistinctBy(w => w.Id, StringComparer.Ordinal)];
        if (fit.IsEmpty)
        {
            if (leaves && holder is not null)
            {
                Leave(turn, holder, reason);
            }
            else if (turn.State.Phase != JobPhase.Waiting)
            {
                turn.Enter(JobPhase.Waiting, WithLeftAside(turn.State, $"waits for workers: {reason}"));
            }
            return;
        }
        if (turn.State.NotBefore is { } at && at > turn.Now)
        {
            turn.Enter(JobPhase.BackingOff, $"tries again after {turn.State.FailuresInARow} failures in a row: {reason}");
            return;
        }
        turn.State = turn.State with
        {
            Generation = turn.State.Generation + 1,
            Arithmetic = Bound(turn.State) ?? fit[0].Arithmetic,
            Started = turn.State.Started ?? turn.Now,
            FinishStep = finishStep,
            FinishBy = turn.Now + FinishPatience(turn, cause, finishStep),
            Seats = fit.ToImmutableSortedDictionary(
                w => w.Id,
                w => new Seat(w.Id, w.Incarnation) { Suspected = suspects?.Contains(w.Id) ?? false },
                StringComparer.Ordinal
            ),
        };
        turn.Enter(JobPhase.Preparing, reason);
        turn.Effects.Add(new CountGeneration(cause));
        foreach (var worker in fit)
        {
            Call(turn, worker.Id, turn.State.Generation);
        }
    }

    private static void Call(Turn turn, string workerId, long generation) =>
        turn.Send(
            workerId,
            new PrepareGeneration
            {
                JobId = turn.State.JobId,
                Generation = generation,
                Spec = turn.State.Spec,
                Reason = turn.State.Reason,
                FinishStep = turn.State.FinishStep,
            }
        );

    /// <summary>
    /// The workers to be called. One that drains is called only while nobody else holds the state: it hands over and goes
    /// after the first step. Where somebody holds the state, workers without dataset and model are not waited for: they join
    /// as newcomers.
    /// </summary>
    private static ImmutableArray<PoolWorker> Fit(JobMachineState state, DateTimeOffset now)
    {
        var staying = Allowed(state, now).Where(w => !w.Draining).ToImmutableArray();
        if (staying.IsEmpty)
        {
            return [];
        }
        if (staying.Any(w => w.Claim is { HasState: true }))
        {
            return [.. staying.Where(w => w.Claim is { HasState: true } or { Ready: true })];
        }
        var handingOver = Allowed(state, now).Where(w => w.Draining && w.Claim is { HasState: true });
        return [.. staying.Concat(handingOver).OrderBy(w => w.Id, StringComparer.Ordinal)];
    }

    private static IEnumerable<PoolWorker> Allowed(JobMachineState state, DateTimeOffset now) =>
        state.Pool.Values.Where(w =>
            !(state.LeftOut.TryGetValue(w.Id, out var left) && left.Incarnation == w.Incarnation && left.Until > now)
        );

    private static void OnAcknowledged(Turn turn, GenerationAcknowledged message)
    {
        if (
            turn.State.Phase == JobPhase.Preparing
            && message.Generation == turn.State.Generation
            && turn.State.Seats.TryGetValue(message.WorkerId, out var seat)
        )
        {
            turn.State = turn.State with { Seats = turn.State.Seats.SetItem(seat.WorkerId, seat with { Acknowledged = true }) };
        }
        else if (message.Generation == turn.State.Generation && turn.State.Newcomers.TryGetValue(message.WorkerId, out seat))
        {
            turn.State = turn.State with { Newcomers = turn.State.Newcomers.SetItem(seat.WorkerId, seat with { Acknowledged = true }) };
        }
    }

    private static void OnPrepared(Turn turn, GenerationPrepared message)
    {
        NoteHeld(turn, message);
        var state = turn.State;
        if (
            message.Generation == state.Generation
            && state.Phase == JobPhase.Preparing
            && state.Seats.TryGetValue(message.WorkerId, out var seat)
            && seat.Incarnation == message.Incarnation
        )
        {
            turn.State = state with { Seats = state.Seats.SetItem(seat.WorkerId, seat with { Acknowledged = true, Prepared = message }) };
            PlanIfAllPrepared(turn);
        }
        else if (
            message.Generation == state.Generation
            && state.Newcomers.TryGetValue(message.WorkerId, out seat)
            && seat.Incarnation == message.Incarnation
        )
        {
            turn.State = state with
            {
                Newcomers = state.Newcomers.SetItem(
                    seat.WorkerId,
                    seat with
                    {
                        Acknowledged = true,
                        Prepared = message,
                        PreparedAt = turn.Now,
                    }
                ),
            };
            TakeIn(turn);
        }
        else
        {
            turn.Stale(message);
        }
    }

    /// <summary>What a worker says now is newer than its last registration.</summary>
    private static void NoteHeld(Turn turn, GenerationPrepared message)
    {
        if (
            message.Generation != turn.State.Generation
            || !turn.State.Pool.TryGetValue(message.WorkerId, out var worker)
            || worker.Incarnation != message.Incarnation
            || turn.State.Phase is not (JobPhase.Preparing or JobPhase.Running)
        )
        {
            return;
        }
        turn.State = turn.State with
        {
            Pool = turn.State.Pool.SetItem(
                worker.Id,
                worker with
                {
                    Claim = new(message.Generation, message.HasState, message.CompletedStep, false, true),
                }
            ),
            Speeds = WithSpeed(turn.State, message.WorkerId, message.ShardsPerSecond),
        };
    }

    private static void PlanIfAllPrepared(Turn turn)
    {
        var seats = turn.State.Seats;
        if (seats.IsEmpty)
        {
            CallGeneration(turn, turn.State.Cause, turn.State.Reason);
        }
        else if (!seats.Values.All(s => s.Prepared is not null))
        {
            return;
        }
        else if (AllDrain(turn.State) && Allowed(turn.State, turn.Now).All(w => w.Draining))
        {
            CallGeneration(turn, GenerationCause.WorkerDrained, $"{string.Join(", ", seats.Keys)} leaves");
        }
        else
        {
            SendPlan(turn);
        }
    }

    /// <summary>Where to go on from: the newest state that anyone holds, or a checkpoint that is newer still.</summary>
    private static (long Step, string CheckpointId, ImmutableHashSet<string> Sources) Base(JobMachineState state)
    {
        var holders = state.Seats.Values.Where(s => s.Prepared!.HasState).ToArray();
        // Of those at the greatest step, those that have evaluated it too hold more: the rest take the state from them.
        var newest = holders.Select(s => (s.Prepared!.CompletedStep, s.Prepared.StepEvaluated)).DefaultIfEmpty((-1, false)).Max();
        if (state.CheckpointId.Length > 0 && state.CheckpointStep > newest.Item1)
        {
            return (state.CheckpointStep, state.CheckpointId, []);
        }
        if (holders.Length == 0)
        {
            return (0, "", []);
        }
        var sources = holders.Where(s => (s.Prepared!.CompletedStep, s.Prepared.StepEvaluated) == newest).Select(s => s.WorkerId);
        return (newest.Item1, "", sources.ToImmutableHashSet(StringComparer.Ordinal));
    }

    private static void SendPlan(Turn turn)
    {
        var (step, checkpoint, sources) = Base(turn.State);
        var shards = turn.State.Spec.Training.LogicalShards;
        // With more members than shards those that hold the state come first: the others need them to take it from.
        var chosen = Staying(turn.State, sources)
            .OrderByDescending(s => sources.Contains(s.WorkerId))
            .ThenBy(s => s.WorkerId, StringComparer.Ordinal)
            .Take(shards)
            .ToArray();
        var plan = ShardPlanner.Plan(shards, [.. chosen.Select(s => new ShardCandidate(s.WorkerId, Speed(turn.State, s.WorkerId)))]);
        var message = new StartGeneration
        {
            JobId = turn.State.JobId,
            Generation = turn.State.Generation,
            BaseStep = step,
            CheckpointId = checkpoint,
            Reason = $"{turn.State.Reason}; {plan.Reason}",
        };
        message.Members.AddRange(
            plan.Ranges.Select(r => new GenerationMember
            {
                WorkerId = r.WorkerId,
                Incarnation = turn.State.Seats[r.WorkerId].Incarnation,
                Rank = r.Rank,
                CollectiveAddress = turn.State.Pool[r.WorkerId].CollectiveAddress,
                FirstShard = r.FirstShard,
                ShardCount = r.ShardCount,
                HasBaseState = sources.Contains(r.WorkerId),
            })
        );
        turn.State = turn.State with
        {
            Plan = message,
            PlanSentAt = turn.Now,
            LastHeard = turn.Now,
            FinishStep = 0,
            CallRepeated = false,
            Seats = turn.State.Seats.RemoveRange(turn.State.Seats.Keys.Except(chosen.Select(s => s.WorkerId), StringComparer.Ordinal)),
        };
        if (turn.State.Progress.Step - step is > 0 and var again)
        {
            turn.State = turn.State with { Discarded = turn.State.Discarded + again };
            turn.Effects.Add(new CountDiscarded(again));
        }
        NotePlan(turn, message);
        turn.Enter(JobPhase.Starting, message.Reason);
        foreach (var member in message.Members)
        {
            turn.Send(member.WorkerId, message);
        }
    }

    /// <summary>The members of the plan: those that drain are let go, unless they alone hold the state.</summary>
    private static IEnumerable<Seat> Staying(JobMachineState state, ImmutableHashSet<string> sources)
    {
        var staying = state.Seats.Values.Where(s => !state.Pool[s.WorkerId].Draining).ToArray();
        var handedOver = sources.IsEmpty || staying.Any(s => sources.Contains(s.WorkerId));
        return staying.Length > 0 && handedOver ? staying : state.Seats.Values;
    }

    private static ImmutableSortedDictionary<string, double> WithSpeed(JobMachineState state, string workerId, double shardsPerSecond) =>
        shardsPerSecond > 0 && double.IsFinite(shardsPerSecond) ? state.Speeds.SetItem(workerId, shardsPerSecond) : state.Speeds;

    private static double? Speed(JobMachineState state, string workerId) =>
        state.Speeds.TryGetValue(workerId, out var speed) ? speed : null;
}
