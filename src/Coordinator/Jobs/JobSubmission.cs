using System.Security.Cryptography;
using Grpc.Core;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Datasets;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Errors;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs;

/// <summary>The one door by which jobs come in: from gRPC, and from objects of Kubernetes.</summary>
public sealed class JobSubmission(JobStore store, DatasetLibrary datasets, IJobControl control, Admission admission, TimeProvider time)
{
    private const int GreatestRequestId = 200;

    // It travels in one message of the actors with much else.
    private const int GreatestSpecBytes = 64 * 1024;

    /// <summary>Checks a job, stores it and has it queued; once a request id.</summary>
    /// <exception cref="RpcException">
    /// INVALID_ARGUMENT with every violation, FAILED_PRECONDITION without the dataset, ALREADY_EXISTS for a request id used with another
    /// specification, RESOURCE_EXHAUSTED, PERMISSION_DENIED.
    /// </exception>
    public async Task<StoredJob> CreateAsync(CreateJobRequest request, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(caller);
        var sent = request.Spec ?? throw RpcErrors.Invalid(("spec", "is missing"));
        if (request.RequestId.Length > GreatestRequestId || request.RequestId.Any(char.IsControl))
        {
            throw RpcErrors.Invalid(("request_id", $"is longer than {GreatestRequestId} characters, or has control characters"));
        }
        var name = NamespaceOf(request, caller);
        if (sent.CalculateSize() > GreatestSpecBytes)
        {
            throw RpcErrors.Invalid(("spec", $"is larger than {GreatestSpecBytes} bytes; give shorter names"));
        }
        var violations = JobSpecValidator.Validate(sent).ToList();
        if (sent.Dataset is not { HasFingerprint: true })
        {
            violations.Add(new("dataset.fingerprint", "", "is missing", "prepare the dataset and upload it with UploadDataset first"));
        }
        if (violations.Count > 0)
        {
            throw RpcErrors.InvalidSpec(violations);
        }
        if (await datasets.FindAsync(sent.Dataset.Fingerprint, cancellationToken) is null)
        {
            throw RpcErrors.Precondition(
                "DATASET_MISSING",
                $"the coordinator does not hold dataset {sent.Dataset.Fingerprint}; upload it with UploadDataset first"
            );
        }

        var now = time.GetUtcNow();
        var spec = JobSpecDefaults.Fill(sent);
        await admission.RequireAsync(store, name, caller, spec);
        var id = $"{spec.Name}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        var start = JobMachine.Create(id, spec, now);
        var (outcome, job) = await store.CreateAsync(
            new(0, id, request.RequestId, spec, now, start.Record, start.Progress.ToProto(0, 0)) { Namespace = name, Owner = caller.Name },
            sent
        );
        if (outcome == CreateOutcome.Conflict)
        {
            throw RpcErrors.Info(
                StatusCode.AlreadyExists,
                "REQUEST_ID_USED",
                $"request id '{request.RequestId}' made job {job.Id} from another specification; use a new request id for a new job"
            );
        }
        if (outcome == CreateOutcome.Created)
        {
            control.JobCreated(job);
        }
        return job;
    }

    /// <summary>A name that a namespace can have.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT.</exception>
    internal static string Proper(string name) =>
        Namespaces.IsName(name) ? name : throw RpcErrors.Invalid(("namespace", $"'{name}': {Namespaces.Rule}"));

    private static string NamespaceOf(CreateJobRequest request, Caller caller)
    {
        var name = request.Namespace.Length > 0 ? request.Namespace : caller.Confinement ?? Caller.DefaultNamespace;
        return caller.Covers(Proper(name))
            ? name
            : throw RpcErrors.Info(
                StatusCode.PermissionDenied,
                "PERMISSION_DENIED",
                $"{caller.Name} may not submit to the namespace {name}, only to {caller.Confinement}"
            );
    }
}
