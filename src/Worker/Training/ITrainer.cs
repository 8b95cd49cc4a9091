using TrainingCluster.V1;

namespace TrainingCluster.Worker.Training;

/// <summary>
/// The whole of a worker's work on a job, behind one interface that knows no actors.
/// </summary>
/// <remarks>
/// Commands never block: they are noted and carried out on the trainer's own threads. Every outcome is a <see cref="WorkerReport"/>
/// (<see cref="RendezvousJoined"/>, <see cref="GenerationStarted"/>, <see cref="StepReport"/>, <see cref="EvaluationReport"/>,
/// <see cref="CheckpointReport"/>, <see cref="TrainingCompleted"/>, <see cref="GenerationFailed"/>, <see cref="JobFailedOnWorker"/>,
/// <see cref="TrainingStopped"/>, <see cref="WorkerLog"/>) through a callback, from any thread.
/// A command whose generation is older than the newest prepared one is dropped and counted.
/// </remarks>
public interface ITrainer : IAsyncDisposable
{
    /// <summary>
    /// Ends at a safe point what an older generation is doing (its collectives are aborted), keeps the state, and answers with
    /// <see cref="RendezvousJoined"/>. State of another job is let go.
    /// </summary>
    /// <param name="message">The generation to come, with the job's whole specification.</param>
    void Prepare(OpenRendezvous message);

    /// <summary>
    /// Takes the state at the base step if it is not here yet, connects to the peers, answers with <see cref="GenerationStarted"/>
    /// and trains on.
    /// </summary>
    /// <param name="message">Members, shards and the step to go on from.</param>
    void Start(StartGeneration message);

    /// <summary>Ends training at a safe point and answers with <see cref="TrainingStopped"/>.</summary>
    /// <param name="message">Whether the state is kept (suspended) or let go (ended).</param>
    void Stop(StopTraining message);

    /// <summary>What this worker holds now; null when it holds no job. Safe to read from any thread.</summary>
    RunningJob? Running { get; }
}
