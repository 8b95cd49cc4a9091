using System.Collections.Immutable;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>How a generation is called together.</summary>
internal static class Rendezvous
{
    /// <summary>
    /// Ends the present generation, if any, and calls the next one together with everyone who is fit. With a
    /// <paramref name="finishStep"/> its members train on until there.
    /// </summary>
    public static void Open(
        TransitionBuilder transition,
        GenerationCause cause,
        string reason,
        IReadOnlyCollection<string>? suspects = null,
        long finishStep = 0
    )
    {
        // An orderly end needs every member, also those that will not be in the next generation.
        var finishing = finishStep > 0 ? transition.Current.Members.Keys.ToHashSet(StringComparer.Ordinal) : [];
        var holder = finishStep > 0 ? null : Draining.NewestHolder(transition.State, draining: true);
        var leaves = transition.State.Phase is not (JobPhase.Waiting or JobPhase.Leaving or JobPhase.Suspended);
        // A worker that is invited to the new generation ends the old one by that; one that is left out is fenced by its number.
        transition.Current = new();
        transition.Change = transition.Change with { Cause = cause, NoticedAt = transition.Change.NoticedAt ?? transition.Now };
        var fit = Fit(transition.State, transition.Now);
        fit =
        [
            .. fit.Concat(transition.State.Pool.Values.Where(w => finishing.Contains(w.Id))).DistinctBy(w => w.Id, StringComparer.Ordinal),
        ];
        if (fit.IsEmpty)
        {
            if (leaves && holder is not null)
            {
                Draining.Leave(transition, holder, reason);
            }
            else if (transition.State.Phase != JobPhase.Waiting)
            {
                Waiting.Enter(transition, reason);
            }
            return;
        }
        if (transition.State.NotBefore is { } at && at > transition.Now)
        {
            transition.Enter(JobPhase.BackingOff, $"tries again after {transition.State.FailuresInARow} failures in a row: {reason}");
            return;
        }
        if (transition.State.Queued is { } since)
        {
            transition.Effects.Add(new MeasureQueueWait(transition.Now - since));
        }
        transition.State = transition.State with
        {
            Generation = Math.Max(transition.State.Generation, NewestClaimed(transition.State)) + 1,
            Arithmetic = Alikeness.Bound(transition.State) ?? fit[0].Arithmetic,
            Started = transition.State.Started ?? transition.Now,
            Active = transition.State.Active.Start(transition.Now),
        };
        transition.Current = new()
        {
            FinishStep = finishStep,
            FinishBy = transition.Now + Boundary.FinishTimeout(transition, cause, finishStep),
            Members = fit.ToImmutableSortedDictionary(w => w.Id, w => new GroupMember(w.Id, w.Incarnation), StringComparer.Ordinal),
        };
        Suspect(transition, suspects ?? []);
        transition.Enter(JobPhase.Preparing, reason);
        transition.Effects.Add(new CountGeneration(cause));
        foreach (var worker in fit)
        {
            Invite(transition, worker.Id, transition.State.Generation);
        }
    }

    /// <summary>A store that was lost, or is an older copy, may not know of generations that the workers have heard of.</summary>
    private static long NewestClaimed(JobMachineState state) =>
        state.Pool.Values.Select(w => w.Claim?.Generation ?? 0).DefaultIfEmpty().Max();

    public static void Invite(TransitionBuilder transition, string workerId, long generation) =>
        transition.Send(
            workerId,
            new OpenRendezvous
            {
                JobId = transition.State.JobId,
                Generation = generation,
                Spec = transition.State.Spec,
                Reason = transition.State.Reason,
                FinishStep = transition.Current.FinishStep,
                Origin = transition.Options.Origin,
            }
        );

    /// <summary>Those of the called whom their peers suspect get less time to answer.</summary>
    public static void Suspect(TransitionBuilder transition, IEnumerable<string> suspects)
    {
        foreach (var id in suspects)
        {
            if (transition.Current.Members.TryGetValue(id, out var member))
            {
                transition.SetMember(member with { Suspected = true });
            }
        }
    }

    public static void OnAcknowledged(TransitionBuilder transition, JobHeader header)
    {
        if (
            transition.State.Phase == JobPhase.Preparing
            && header.Generation == transition.State.Generation
            && transition.Current.Members.TryGetValue(header.WorkerId, out var member)
        )
        {
            transition.SetMember(member with { Acknowledged = true });
        }
        else if (header.Generation == transition.State.Generation && transition.Current.Newcomers.TryGetValue(header.WorkerId, out member))
        {
            transition.SetNewcomer(member with { Acknowledged = true });
        }
    }

    public static void OnJoined(TransitionBuilder transition, WorkerReport report)
    {
        var (header, message) = (report.Header, report.Joined);
        NoteHeld(transition, header, message);
        var state = transition.State;
        if (
            header.Generation == state.Generation
            && state.Phase == JobPhase.Preparing
            && state.Current.Members.TryGetValue(header.WorkerId, out var member)
            && member.Incarnation == header.Incarnation
        )
        {
            transition.Current = transition.Current with { Joined = transition.Current.Joined + (member.Joined is null ? 1 : 0) };
            transition.SetMember(member with { Acknowledged = true, Joined = message });
            PlanIfAllJoined(transition);
        }
        else if (
            header.Generation == state.Generation
            && state.Current.Newcomers.TryGetValue(header.WorkerId, out member)
            && member.Incarnation == header.Incarnation
        )
        {
            transition.SetNewcomer(member with { Acknowledged = true, Joined = message, JoinedAt = transition.Now });
            Newcomers.TakeIn(transition);
        }
        else
        {
            transition.Stale(report);
        }
    }

    public static void PlanIfAllJoined(TransitionBuilder transition)
    {
        var members = transition.Current.Members;
        if (members.IsEmpty)
        {
            Open(transition, transition.Change.Cause, transition.State.Reason);
        }
        else if (transition.Current.Joined < members.Count || !members.Values.All(s => s.Joined is not null))
        {
            return;
        }
        else if (Draining.AllDrain(transition.State) && Allowed(transition.State, transition.Now).All(w => w.Draining))
        {
            var (cause, reason) = Draining.Why(transition.State, members.Keys);
            Open(transition, cause, reason);
        }
        else
        {
            Plans.Send(transition);
        }
    }

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
        if (staying.Any(w => w.Claim is { HasState: true }) && !HeldShares.DrainingMayHold(state))
        {
            return [.. staying.Where(w => w.Claim is { HasState: true } or { Ready: true })];
        }
        var preparing = staying.All(w => w.Claim is not { HasState: true });
        staying = [.. staying.Where(w => preparing || w.Claim is { HasState: true } or { Ready: true })];
        var handingOver = Allowed(state, now).Where(w => w.Draining && w.Claim is { HasState: true });
        return [.. staying.Concat(handingOver).OrderBy(w => w.Id, StringComparer.Ordinal)];
    }

    public static IEnumerable<PoolWorker> Allowed(JobMachineState state, DateTimeOffset now) =>
        state.Pool.Values.Where(w =>
            !(state.LeftOut.TryGetValue(w.Id, out var left) && left.Incarnation == w.Incarnation && left.Until > now)
        );

    /// <summary>What a worker says now is newer than its last registration.</summary>
    private static void NoteHeld(TransitionBuilder transition, JobHeader header, RendezvousJoined message)
    {
        if (
            header.Generation != transition.State.Generation
            || !transition.State.Pool.TryGetValue(header.WorkerId, out var worker)
            || worker.Incarnation != header.Incarnation
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
                    Claim = new(header.Generation, message.HasState, message.CompletedStep, false, true),
                }
            ),
            Speeds = Plans.WithSpeed(transition.State, header.WorkerId, message.ShardsPerSecond),
        };
    }
}
