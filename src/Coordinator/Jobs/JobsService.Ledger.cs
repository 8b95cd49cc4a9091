using Grpc.Core;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Errors;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs;

public sealed partial class JobsService
{
    /// <inheritdoc/>
    public override async Task<JobLedger> GetLedger(GetLedgerRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        var job = await FindAsync(request.Id, context);
        var entries = await store.LedgerAsync(job.Id);
        var lineage = LedgerLineage.Of(entries);
        var view = LedgerView.Of(job.Id, entries, lineage);
        if (request.Audit)
        {
            view.Audit = await AuditAsync(view, job, lineage, context.CancellationToken);
        }
        return view;
    }

    private async Task<LedgerAudit> AuditAsync(JobLedger view, StoredJob job, LedgerLineage lineage, CancellationToken cancellationToken)
    {
        var fingerprint = job.Spec.Dataset.Fingerprint;
        if (!Directory.Exists(datasets.Folder(fingerprint)))
        {
            throw RpcErrors.Precondition(
                "DATASET_MISSING",
                $"the coordinator does not hold dataset {fingerprint} any more; upload it again, or ask for the ledger without the audit"
            );
        }
        try
        {
            // Reading and planning a large dataset takes seconds.
            return await Task.Run(
                () =>
                {
                    using var dataset = Dataset.Open(datasets.Folder(fingerprint));
                    if (dataset.TrainCount == 0)
                    {
                        throw new DatasetException($"{dataset.Folder} holds no training pair.");
                    }
                    var plan = job.Spec.PlanTraining(dataset);
                    return LedgerAuditor.Audit(
                        view,
                        job,
                        lineage,
                        dataset.TrainCount,
                        epoch => EpochPlan.Of(plan.Epoch(epoch)),
                        cancellationToken
                    );
                },
                cancellationToken
            );
        }
        catch (DatasetException e)
        {
            throw RpcErrors.Info(StatusCode.DataLoss, "DATASET_DAMAGED", e.Message);
        }
    }
}
