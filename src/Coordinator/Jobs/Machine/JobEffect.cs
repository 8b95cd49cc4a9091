using Google.Protobuf;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>
/// What is to be done, in order. The new state's <see cref="JobRecord"/>, where it changed, is made durable together with
/// the published events before any message is sent.
/// </summary>
public abstract record JobEffect;

/// <summary>Sends a message of control.proto to a worker.</summary>
public sealed record SendToWorker(string WorkerId, IMessage Message) : JobEffect;

/// <summary>Adds an event to the job's record; token, job and time are filled in where it is stored.</summary>
public sealed record PublishEvent(JobEvent Event) : JobEffect;

/// <summary>A checkpoint whose bytes are as they were stored is of no use to the job: it is passed over for the one before.</summary>
public sealed record RejectCheckpoint(string CheckpointId, string Why) : JobEffect;

/// <summary>A generation was called together.</summary>
public sealed record CountGeneration(GenerationCause Cause) : JobEffect;

/// <summary>The first step after a change was done: how long each phase of the recovery took.</summary>
/// <param name="Cause">What the change was.</param>
/// <param name="Detect">From the last word of the older generation to the notice; zero where nothing had failed.</param>
/// <param name="Regroup">From notice of the change until the plan was sent.</param>
/// <param name="StateRecovery">Until every member held the state and was connected.</param>
/// <param name="FirstStep">Until the first step was done.</param>
public sealed record MeasureRecovery(GenerationCause Cause, TimeSpan Detect, TimeSpan Regroup, TimeSpan StateRecovery, TimeSpan FirstStep)
    : JobEffect;

/// <summary>The job left the queue.</summary>
/// <param name="Waited">How long it had waited for workers.</param>
public sealed record MeasureQueueWait(TimeSpan Waited) : JobEffect;

/// <summary>The job was preempted: its state is stored, and it waits.</summary>
public sealed record CountPreemption : JobEffect;

/// <summary>Steps were broken off, or had been reported done and are done again.</summary>
public sealed record CountDiscarded(long Steps) : JobEffect;

/// <summary>A message came too late or from one who is no member.</summary>
public sealed record CountStale(string MessageName) : JobEffect;
