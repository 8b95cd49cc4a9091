using Google.Protobuf;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Jobs.Machine;

/// <summary>Reports of workers.</summary>
internal static class Said
{
    public static WorkerReport By(string worker, string incarnation, long generation, IMessage content)
    {
        var report = new WorkerReport
        {
            Header = new()
            {
                JobId = "j",
                Generation = generation,
                WorkerId = worker,
                Incarnation = incarnation,
            },
        };
        WorkerReport.Descriptor.Oneofs[0].Fields.Single(f => f.MessageType == content.Descriptor).Accessor.SetValue(report, content);
        return report;
    }
}
