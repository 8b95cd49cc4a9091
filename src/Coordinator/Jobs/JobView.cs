using Google.Protobuf.WellKnownTypes;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs;

/// <summary>A stored job as clients see it.</summary>
internal static class JobView
{
    public static Job ToJob(this StoredJob stored) =>
        new()
        {
            Id = stored.Id,
            Spec = SpecOf(stored),
            State = stored.Record.Phase.ToJobState(),
            Reason = stored.Record.Reason,
            CreateTime = Timestamp.FromDateTimeOffset(stored.Created),
            StartTime = stored.Record.Started is { } started ? Timestamp.FromDateTimeOffset(started) : null,
            EndTime = stored.Record.Ended is { } ended ? Timestamp.FromDateTimeOffset(ended) : null,
            Progress = stored.Progress,
            WeightsSha256 = stored.Record.WeightsSha256,
            RequestId = stored.RequestId,
            Arithmetic = stored.Record.Arithmetic,
            Namespace = stored.Namespace,
            Owner = stored.Owner,
            TraceId = TraceParent.TraceIdOf(stored.TraceParent),
            Labels = { stored.Labels },
            Etag = JobEtag.Of(stored),
        };

    /// <summary>The specification, whose suspend says where the job stands whoever suspended or resumed it.</summary>
    private static JobSpec SpecOf(StoredJob stored)
    {
        var suspended = stored.Record.Phase == JobPhase.Suspended;
        if (stored.Record.Phase.HasEnded() || stored.Spec.Suspend == suspended)
        {
            return stored.Spec;
        }
        var spec = stored.Spec.Clone();
        spec.Suspend = suspended;
        return spec;
    }
}
