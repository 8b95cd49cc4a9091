using Grpc.Core;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs;

public sealed partial class JobsService
{
    /// <inheritdoc/>
    public override async Task<JobLedger> GetLedger(GetLedgerRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        return await audits.OfAsync(await FindAsync(request.Id, context), request.Audit, context.CancellationToken);
    }
}
