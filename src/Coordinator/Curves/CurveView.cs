using TrainingCluster.Coordinator.Store;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Curves;

/// <summary>A job's curve as clients see it.</summary>
internal static class CurveView
{
    /// <summary>Its points and its evaluations.</summary>
    public static async Task<JobCurve> OfAsync(JobStore store, string jobId)
    {
        var curve = await store.CurveAsync(jobId);
        var events = await store.NewestEventsAsync(jobId, int.MaxValue);
        curve.Evaluations.AddRange(events.Reverse().Select(e => e.Evaluation).OfType<Evaluation>());
        return curve;
    }
}
