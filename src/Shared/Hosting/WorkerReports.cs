using Google.Protobuf;
using TrainingCluster.V1;

namespace TrainingCluster.Hosting;

/// <summary>What a worker's report holds.</summary>
public static class WorkerReports
{
    /// <summary>The one message in it; null: none that this program knows.</summary>
    public static IMessage? Content(this WorkerReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var field = WorkerReport.Descriptor.Oneofs[0].Accessor.GetCaseFieldDescriptor(report);
        return (IMessage?)field?.Accessor.GetValue(report);
    }
}
