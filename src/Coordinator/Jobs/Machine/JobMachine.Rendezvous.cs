using System.Collections.Immutable;
using TrainingCluster.Coordinator.Planning;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

// The rendezvous of a generation, and its plan.
public static partial class JobMachine
{
    /// <summary>
    /// Ends the present generation, if any, and calls the next one together with everyone who is fit. With a
    /// <paramref name="finishStep"/> its members train on until there.
    /// </summary>
    private static void OpenRendezvous(
        TransitionBuilder transition,
        GenerationCause cause,
        string reason,
        IReadOnlyCollection<string>? suspects = null,
        long finishStep = 0
    )
    {
        // An orderly end needs every member, also those that will not be in the next generation.
        var finishing = finishStep > 0 ? transition.State.Members.Keys.ToHashSet(StringComparer.Ordinal) : [];
        var holder = finishStep > 0 ? null : NewestHolder(transition.State, draining: true);
        var leaves = transition.State.Phase is not (JobPhase.Waiting or JobPhase.Leaving or JobPhase.Suspended);
        // A worker that is invited to the new generation ends the old one by that; one that is left out is fenced by its number.
        ClearGeneration(transition);
        transition.State = transition.State with { NoticedAt = transition.State.NoticedAt ?? transition.Now, Cause = cause };
        var fit = Fit(transition.State, transition.Now);
        fit =
        [
            .. fit.Concat(transition.State.Pool.Values.Where(w => finishing.Contains(w.Id))).DistinctBy(w => w.Id, StringComparer.Ordinal),
        ];
        if (fit.IsEmpty)
        {
            if (leaves && holder is not null)
            {
                Leave(transition, holder, reason);
            }
            else if (transition.State.Phase != JobPhase.Waiting)
            {
                transition.Enter(JobPhase.Waiting, WithLeftAside(transition.State, $"waits for workers: {reason}"));
            }
            return;
        }
        if (transition.State.NotBefore is { } at && at > transition.Now)
        {
            transition.Enter(JobPhase.BackingOff, $"tries again after {transition.State.FailuresInARow} failures in a row: {reason}");
            return;
        }
        transition.State = transition.State with
        {
            Generation = transition.State.Generation + 1,
            Arithmetic = Bound(transition.State) ?? fit[0].Arithmetic,
            Started = transition.State.Started ?? transition.Now,
            FinishStep = finishStep,
            FinishBy = transition.Now + FinishTimeout(transition, cause, finishStep),
            Members = fit.ToImmutableSortedDictionary(
                w => w.Id,
                w => new GroupMember(w.Id, w.Incarnation) { Suspected = suspects?.Contains(w.Id) ?? false },
                StringComparer.Ordinal
            ),
        };
        transition.Enter(JobPhase.Preparing, reason);
        transition.Effects.Add(new CountGeneration(cause));
        foreach (var worker in fit)
        {
            Invite(transition, worker.Id, transition.State.Generation);
        }
    }

    private static void Invite(TransitionBuilder transition, string workerId, long generation) =>
        transition.Send(
            workerId,
            new OpenRendezvous
            {
                JobId = transition.State.JobId,
                Generation = generation,
                Spec = transition.State.Spec,
                Reason = transition.State.Reason,
                FinishStep = transition.State.FinishStep,
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

    private static void OnAcknowledged(TransitionBuilder transition, RendezvousAcknowledged message)
    {
        if (
            transition.State.Phase == JobPhase.Preparing
            && message.Generation == transition.State.Generation
            && transition.State.Members.TryGetValue(message.WorkerId, out var member)
        )
        {
            transition.State = transition.State with
            {
                Members = transition.State.Members.SetItem(member.WorkerId, member with { Acknowledged = true }),
            };
        }
        else if (message.Generation == transition.State.Generation && transition.State.Newcomers.TryGetValue(message.WorkerId, out member))
        {
            transition.State = transition.State with
            {
                Newcomers = transition.State.Newcomers.SetItem(member.WorkerId, member with { Acknowledged = true }),
            };
        }
    }

    private static void OnJoined(TransitionBuilder transition, RendezvousJoined message)
    {
        NoteHeld(transition, message);
        var state = transition.State;
        if (
            message.Generation == state.Generation
            && state.Phase == JobPhase.Preparing
            && state.Members.TryGetValue(message.WorkerId, out var member)
            && member.Incarnation == message.Incarnation
        )
        {
            transition.State = state with
            {
                Members = state.Members.SetItem(member.WorkerId, member with { Acknowledged = true, Joined = message }),
            };
            PlanIfAllJoined(transition);
        }
        else if (
            message.Generation == state.Generation
            && state.Newcomers.TryGetValue(message.WorkerId, out member)
            && member.Incarnation == message.Incarnation
        )
        {
            transition.State = state with
            {
                Newcomers = state.Newcomers.SetItem(
                    member.WorkerId,
                    member with
                    {
                        Acknowledged = true,
                        Joined = message,
                        JoinedAt = transition.Now,
                    }
                ),
            };
            TakeIn(transition);
        }
        else
        {
            transition.Stale(message);
        }
    }

    /// <summary>What a worker says now is newer than its last registration.</summary>
    private static void NoteHeld(TransitionBuilder transition, RendezvousJoined message)
    {
        if (
            message.Generation != transition.State.Generation
            || !transition.State.Pool.TryGetValue(message.WorkerId, out var worker)
            || worker.Incarnation != message.Incarnation
            || transition.State.Phase is not (JobPhase.Preparing or JobPhase.Running)
        )
        {
            return;
        }
        transition.State = transition.State with
        {
            Pool = transition.State.Pool.SetItem(
                worker.Id,
                worker with
                {
                    Claim = new(message.Generation, message.HasState, message.CompletedStep, false, true),
                }
            ),
            Speeds = WithSpeed(transition.State, message.WorkerId, message.ShardsPerSecond),
        };
    }

    private static void PlanIfAllJoined(TransitionBuilder transition)
    {
        var members = transition.State.Members;
        if (members.IsEmpty)
        {
            OpenRendezvous(transition, transition.State.Cause, transition.State.Reason);
        }
        else if (!members.Values.All(s => s.Joined is not null))
        {
            return;
        }
        else if (AllDrain(transition.State) && Allowed(transition.State, transition.Now).All(w => w.Draining))
        {
            OpenRendezvous(transition, GenerationCause.WorkerDrained, $"{string.Join(", ", members.Keys)} leaves");
        }
        else
        {
            SendPlan(transition);
        }
    }

    /// <summary>Where to go on from: the newest state that anyone holds, or a checkpoint that is newer still.</summary>
    private static (long Step, string CheckpointId, ImmutableHashSet<string> Sources) Base(JobMachineState state)
    {
        var holders = state.Members.Values.Where(s => s.Joined!.HasState).ToArray();
        // Of those at the greatest step, those that have evaluated it too hold more: the rest take the state from them.
        var newest = holders.Select(s => (s.Joined!.CompletedStep, s.Joined.StepEvaluated)).DefaultIfEmpty((-1, false)).Max();
        if (state.CheckpointId.Length > 0 && state.CheckpointStep > newest.Item1)
        {
            return (state.CheckpointStep, state.CheckpointId, []);
        }
        if (holders.Length == 0)
        {
            return (0, "", []);
        }
        var sources = holders.Where(s => (s.Joined!.CompletedStep, s.Joined.StepEvaluated) == newest).Select(s => s.WorkerId);
        return (newest.Item1, "", sources.ToImmutableHashSet(StringComparer.Ordinal));
    }

    private static void SendPlan(TransitionBuilder transition)
    {
        var (step, checkpoint, sources) = Base(transition.State);
        var shards = transition.State.Spec.Training.LogicalShards;
        // With more members than shards those that hold the state come first: the others need them to take it from.
        var chosen = Staying(transition.State, sources)
            .OrderByDescending(s => sources.Contains(s.WorkerId))
            .ThenBy(s => s.WorkerId, StringComparer.Ordinal)
            .Take(shards)
            .ToArray();
        var plan = ShardPlanner.Plan(shards, [.. chosen.Select(s => new ShardCandidate(s.WorkerId, Speed(transition.State, s.WorkerId)))]);
        var message = new StartGeneration
        {
            JobId = transition.State.JobId,
            Generation = transition.State.Generation,
            BaseStep = step,
            CheckpointId = checkpoint,
            Reason = $"{transition.State.Reason}; {plan.Reason}",
        };
        message.Members.AddRange(
            plan.Ranges.Select(r => new GenerationMember
            {
                WorkerId = r.WorkerId,
                Incarnation = transition.State.Members[r.WorkerId].Incarnation,
                Rank = r.Rank,
                CollectiveAddress = transition.State.Pool[r.WorkerId].CollectiveAddress,
                FirstShard = r.FirstShard,
                ShardCount = r.ShardCount,
                HasBaseState = sources.Contains(r.WorkerId),
            })
        );
        transition.State = transition.State with
        {
            Plan = message,
            PlanSentAt = transition.Now,
            LastHeard = transition.Now,
            FinishStep = 0,
            InvitationRepeated = false,
            Members = transition.State.Members.RemoveRange(
                transition.State.Members.Keys.Except(chosen.Select(s => s.WorkerId), StringComparer.Ordinal)
            ),
        };
        if (transition.State.Progress.Step - step is > 0 and var again)
        {
            transition.State = transition.State with { Discarded = transition.State.Discarded + again };
            transition.Effects.Add(new CountDiscarded(again));
        }
        NotePlan(transition, message);
        transition.Enter(JobPhase.Starting, message.Reason);
        foreach (var member in message.Members)
        {
            transition.Send(member.WorkerId, message);
        }
    }

    /// <summary>The members of the plan: those that drain are let go, unless they alone hold the state.</summary>
    private static IEnumerable<GroupMember> Staying(JobMachineState state, ImmutableHashSet<string> sources)
    {
        var staying = state.Members.Values.Where(s => !state.Pool[s.WorkerId].Draining).ToArray();
        var handedOver = sources.IsEmpty || staying.Any(s => sources.Contains(s.WorkerId));
        return staying.Length > 0 && handedOver ? staying : state.Members.Values;
    }

    private static ImmutableSortedDictionary<string, double> WithSpeed(JobMachineState state, string workerId, double shardsPerSecond) =>
        shardsPerSecond > 0 && double.IsFinite(shardsPerSecond) ? state.Speeds.SetItem(workerId, shardsPerSecond) : state.Speeds;

    private static double? Speed(JobMachineState state, string workerId) =>
        state.Speeds.TryGetValue(workerId, out var speed) ? speed : null;
}
