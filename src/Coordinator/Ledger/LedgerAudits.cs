using Grpc.Core;
using TrainingCluster.Coordinator.Datasets;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Errors;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Ledger;

/// <summary>Reads the ledger of jobs, and holds it against their datasets where that is asked for.</summary>
public sealed class LedgerAudits(JobStore store, DatasetLibrary datasets)
{
    /// <summary>The ledger of a job.</summary>
    /// <param name="job">The job.</param>
    /// <param name="audit">Whether to plan its micro-batches anew and compare: seconds for a large dataset.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RpcException">The dataset is not there any more, or damaged.</exception>
    public async Task<JobLedger> OfAsync(StoredJob job, bool audit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        var entries = await store.LedgerAsync(job.Id);
        var lineage = LedgerLineage.Of(entries);
        var view = LedgerView.Of(job.Id, entries, lineage);
        if (audit)
        {
            view.Audit = await AuditAsync(view, job, lineage, cancellationToken);
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
