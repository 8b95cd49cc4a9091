using Grpc.Core;
using TrainingCluster.Coordinator.Curves;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs;

public sealed partial class JobsService
{
    /// <inheritdoc/>
    public override async Task<JobCurve> GetCurve(GetCurveRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        var job = await FindAsync(request.Id, context);
        return await CurveView.OfAsync(store, job.Id);
    }
}
