using TrainingCluster.Worker.Training;

namespace TrainingCluster.Worker.Actors;

/// <summary>What stands outside the worker's actors, because it outlives them.</summary>
/// <param name="Trainer">Does the work.</param>
/// <param name="Outbox">Reports under way.</param>
/// <param name="Link">What is known of the coordinator.</param>
internal sealed record WorkerParts(ITrainer Trainer, Outbox Outbox, CoordinatorLink Link);
