using Akka.Actor;
using TrainingCluster.V1;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Worker.Actors;

/// <summary>
/// Speaks for the trainer: commands go down in order; what the trainer reports goes up through the <see cref="Outbox"/>.
/// </summary>
internal sealed class TrainerActor : ReceiveActor
{
    /// <summary>Its name below the worker's actor.</summary>
    public const string Name = "trainer";

    public TrainerActor(ITrainer trainer)
    {
        Receive<OpenRendezvous>(trainer.Prepare);
        Receive<StartGeneration>(trainer.Start);
        Receive<StopTraining>(trainer.Stop);
    }
}
