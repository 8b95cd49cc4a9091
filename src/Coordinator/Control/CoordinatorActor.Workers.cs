using Akka.Actor;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Membership;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Control;

// What workers tell the coordinator about themselves.
internal sealed partial class CoordinatorActor
{
    private void OnRegister(RegisterWorker registration)
    {
        var id = registration.WorkerId;
        if (_replaced.Contains(registration.Incarnation))
        {
            Refuse(id, $"another worker is named {id}; start this one with another --name");
            return;
        }
        if (registration.Coordinator.Length > 0 && registration.Coordinator != _settings.Incarnation)
        {
            // Its node is in the cluster of our predecessor. It is asked to join ours before it counts, so that the change of
            // its actor is not taken for its death.
            Sender.Tell(
                new WorkerRegistered
                {
                    CoordinatorIncarnation = _settings.Incarnation,
                    GrpcAddress = _settings.GrpcAddress,
                    Rejoin = true,
                }
            );
            return;
        }
        if (registration.Arithmetic is null)
        {
            Refuse(
                id,
                $"it does not tell how it computes (version {registration.Version}), so no job can know whether it may take it; start "
                    + $"it from this coordinator's version, {TrainingCluster.Hosting.BuildInfo.Version}"
            );
            return;
        }
        var now = _time.GetUtcNow();
        var isNews = true;
        if (_workers.TryGetValue(id, out var worker) && worker.Registration.Incarnation == registration.Incarnation)
        {
            isNews = !worker.Reachable || !worker.Actor.Equals(Sender) || RegistrationNews.Tells(worker.Registration, registration);
            if (!worker.Actor.Equals(Sender))
            {
                Watch(worker);
                // A new node, of which nobody has said anything.
                worker.Accused = false;
            }
            if (!worker.Reachable)
            {
                LogBack(id);
            }
            (worker.Registration, worker.Actor, worker.LastSeen, worker.Reachable) = (registration, Sender, now, true);
            worker.Lost = null;
        }
        else
        {
            // The same name in a new process: the old process is gone, or will be refused from now on.
            if (worker is not null)
            {
                _replaced.Add(worker.Registration.Incarnation);
                Context.Unwatch(worker.Actor);
            }
            worker = new WorkerEntry(registration, Sender, now);
            _workers[id] = worker;
            Watch(worker);
            var arithmetic = registration.Arithmetic.ToText();
            LogNew(id, registration.CollectiveAddress, arithmetic, registration.Version);
        }
        _missing.Remove(id);
        Sender.Tell(new WorkerRegistered { CoordinatorIncarnation = _settings.Incarnation, GrpcAddress = _settings.GrpcAddress });
        StopIfForgotten(worker);
        if (isNews)
        {
            AssignSoon();
        }
        else
        {
            _hasStepsToTell = true;
        }
    }

    private void Watch(WorkerEntry worker)
    {
        if (!worker.Actor.Equals(Sender))
        {
            Context.Unwatch(worker.Actor);
        }
        Context.Watch(Sender);
    }

    private void Refuse(string id, string why)
    {
        LogRefused(id, why);
        Sender.Tell(
            new WorkerRegistered
            {
                CoordinatorIncarnation = _settings.Incarnation,
                GrpcAddress = _settings.GrpcAddress,
                Refused = why,
            }
        );
    }

    /// <summary>A worker that was away may have missed that its job has ended or is suspended.</summary>
    private void StopIfForgotten(WorkerEntry worker)
    {
        if (worker.Registration.Running is not { } running)
        {
            return;
        }
        var known = _jobs.TryGetValue(running.JobId, out var job);
        if (!known && running is { HasState: true, Spec: not null } && running.Origin?.StoreId != _settings.Machine.Origin.StoreId)
        {
            Adopt(running);
            return;
        }
        var rests = known && (job!.Phase == JobPhase.Suspended || job is { Phase: JobPhase.Waiting, Preempted: true });
        if (known && !(rests && running.Training))
        {
            return;
        }
        worker.Actor.Tell(
            new StopTraining
            {
                JobId = running.JobId,
                Generation = running.Generation,
                Reason = known ? "the job is suspended, or waits in the queue" : "the job has ended",
                KeepState = known,
                // It missed the word to suspend, and perhaps that it was to store its state.
                StoreCheckpoint = known,
            }
        );
    }

    /// <summary>
    /// The job is in a store that is not ours: the coordinator that led it has lost its disk. The workers hold all that it takes to go on.
    /// </summary>
    private void Adopt(RunningJob running)
    {
        if (!_adopting.Add(running.JobId))
        {
            return;
        }
        LogAdopts(running.JobId, running.CompletedStep);
        AdoptAsync(running).PipeTo(Self, success: job => new JobAdded(job), failure: e => new AdoptionFailed(running.JobId, e.Message));
    }

    private async Task<StoredJob> AdoptAsync(RunningJob held)
    {
        var now = _time.GetUtcNow();
        // It trains: that it was submitted suspended is over.
        held.Spec.Suspend = false;
        var record = JobMachine.Create(held.JobId, held.Spec, now).Record with
        {
            Phase = JobPhase.Waiting,
            Generation = held.Generation,
            Started = now,
            Active = ActiveTime.None.Start(now),
            Reason = $"taken over from its workers at step {held.CompletedStep}: the job store is a new one",
        };
        var progress = new JobProgress { Step = held.CompletedStep, Generation = held.Generation };
        // Whoever followed the job goes on after the last event that he saw: those of the lost store had lower numbers.
        var (_, job) = await _jobContext.Store.CreateAsync(
            new(0, held.JobId, "", held.Spec, now, record, progress)
            {
                Namespace = held.Origin is { Namespace.Length: > 0 } origin ? origin.Namespace : Caller.DefaultNamespace,
                Owner = held.Origin?.Owner ?? "",
                TraceParent = held.Origin?.TraceParent ?? "",
            },
            held.Spec,
            eventsAfter: now.ToUnixTimeMilliseconds()
        );
        await _jobContext.Store.SaveAsync(held.JobId, record, progress, []);
        return job with { Record = record };
    }

    /// <summary>
    /// A worker whose actors start anew trains on: it counts as living until it has been silent for as long as any other may be.
    /// </summary>
    private void OnRenew(RenewNode message)
    {
        if (_workers.TryGetValue(message.WorkerId, out var worker) && worker.Registration.Incarnation == message.Incarnation)
        {
            Context.Unwatch(worker.Actor);
            worker.Actor = ActorRefs.Nobody;
        }
        Sender.Tell(message);
    }

    private void OnDrain(DrainWorker message)
    {
        if (!_workers.TryGetValue(message.WorkerId, out var worker) || worker.Registration.Incarnation != message.Incarnation)
        {
            // Not known, so no job has it: it may go.
            Sender.Tell(new DrainCompleted { WorkerId = message.WorkerId, Incarnation = message.Incarnation });
            return;
        }
        if (!worker.Draining)
        {
            LogDraining(worker.Id);
        }
        worker.Draining = true;
        Assign();
        EndDrains();
    }

    /// <summary>Lets those go that no generation holds any more.</summary>
    private void EndDrains()
    {
        foreach (var worker in _workers.Values.Where(w => w is { Draining: true, Reachable: true }))
        {
            // Where all want to leave, the job holds the last one until its state is stored.
            if (_jobs.Values.Any(j => j.Members.Contains(worker.Id)))
            {
                continue;
            }
            worker.Give("");
            worker.Actor.Tell(new DrainCompleted { WorkerId = worker.Id, Incarnation = worker.Registration.Incarnation });
        }
    }

    private void OnReport(WorkerReport report)
    {
        if (report.Header is not { } header)
        {
            return;
        }
        if (report.Sequence == 0)
        {
            // Sent once, and of no use later.
            Forward(header.JobId, report);
            return;
        }
        if (!_workers.TryGetValue(header.WorkerId, out var worker) || worker.Registration.Incarnation != header.Incarnation)
        {
            return;
        }
        // A gap: an earlier one was lost, and all come again with the next registration.
        if (report.Sequence > worker.Forwarded + 1)
        {
            return;
        }
        worker.Forwarded = Math.Max(worker.Forwarded, report.Sequence);
        if (report.Sequence <= worker.Stored || !_jobs.TryGetValue(header.JobId, out var job))
        {
            OnStored(new ReportStored(header.WorkerId, header.Incarnation, report.Sequence));
            return;
        }
        job.Actor.Tell(report);
    }

    private void OnStored(ReportStored stored)
    {
        if (!_workers.TryGetValue(stored.WorkerId, out var worker) || worker.Registration.Incarnation != stored.Incarnation)
        {
            return;
        }
        worker.Stored = Math.Max(worker.Stored, stored.Sequence);
        worker.Actor.Tell(new ReportsReceived { Incarnation = stored.Incarnation, Sequence = worker.Stored });
    }

    private void OnReachability(MemberReachability told)
    {
        foreach (var worker in _workers.Values.Where(w => w.Actor.Path.Address.Equals(told.Address)))
        {
            worker.Accused = !told.Reachable;
        }
        OnSilence();
    }

    private void OnSilence()
    {
        var now = _time.GetUtcNow();
        if (_liveness.Look(now, [.. _workers.Values.Where(w => w.Reachable).Select(w => w.LastSeen)]))
        {
            LogCutOff(_settings.AccusedTimeout.TotalSeconds, _settings.RegistrationTimeout.TotalSeconds);
        }
        foreach (
            var silent in _workers
                .Values.Select(w => (w.Id, Why: _liveness.WhyLost(now, w.LastSeen, w.Accused)))
                .Where(w => w.Why is not null)
                .ToArray()
        )
        {
            OnLost(w => w.Id == silent.Id, silent.Why!);
        }
    }

    private void OnLost(Func<WorkerEntry, bool> which, string reason)
    {
        var lost = _workers.Values.Where(w => w.Reachable && which(w)).ToArray();
        if (lost.Length == 0)
        {
            return;
        }
        foreach (var worker in lost)
        {
            worker.Reachable = false;
            worker.Lost = (worker.JobId, reason);
            if (!worker.Draining)
            {
                _missing[worker.Id] = _time.GetUtcNow();
            }
            var host = Faults.HostOf(worker.Registration.CollectiveAddress);
            if (_jobs.TryGetValue(worker.JobId, out var job))
            {
                var logger = job.Logger(_logger);
                LogMemberLost(logger, worker.Id, host, reason, job.Id);
            }
            else
            {
                LogLost(worker.Id, host, reason);
            }
        }
        Assign();
    }

    [LoggerMessage(
        EventId = 200,
        Level = LogLevel.Information,
        Message = "{Worker} registered: {Address}, computes as {Arithmetic}, version {Version}"
    )]
    private partial void LogNew(string worker, string address, string arithmetic, string version);

    [LoggerMessage(EventId = 201, Level = LogLevel.Information, Message = "{Worker} is back")]
    private partial void LogBack(string worker);

    [LoggerMessage(EventId = 202, Level = LogLevel.Warning, Message = "{Worker} is refused: {Reason}")]
    private partial void LogRefused(string worker, string reason);

    [LoggerMessage(EventId = 203, Level = LogLevel.Warning, Message = "{Worker} ({Host}) is lost: {Cause}; it had no job")]
    private partial void LogLost(string worker, string host, string cause);

    [LoggerMessage(EventId = 207, Level = LogLevel.Warning, Message = "{Worker} ({Host}) is lost: {Cause}; it worked for {Job}")]
    private static partial void LogMemberLost(ILogger logger, string worker, string host, string cause, string job);

    [LoggerMessage(
        EventId = 205,
        Level = LogLevel.Warning,
        Message = "{Job} is in no store of ours, but its workers hold it at step {Step}: it is taken over"
    )]
    private partial void LogAdopts(string job, long step);

    [LoggerMessage(EventId = 206, Level = LogLevel.Error, Message = "{Job} could not be taken over, tried again: {Problem}")]
    private partial void LogNotAdopted(string job, string problem);

    [LoggerMessage(
        EventId = 208,
        Level = LogLevel.Warning,
        Message = "No worker was heard for {Silence} s: rather the coordinator is cut off; who is silent for {Limit} s is lost"
    )]
    private partial void LogCutOff(double silence, double limit);

    [LoggerMessage(EventId = 204, Level = LogLevel.Information, Message = "{Worker} drains")]
    private partial void LogDraining(string worker);
}
