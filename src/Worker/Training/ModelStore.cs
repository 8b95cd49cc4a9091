using Grpc.Core;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.Training;

/// <summary>Hands the final model to the coordinator; while that is away, it is tried again.</summary>
internal static class ModelStore
{
    /// <summary>Returns when the model is stored.</summary>
    /// <exception cref="RpcException">The coordinator refuses the model for good.</exception>
    public static async Task StoreAsync(
        TrainingJob job,
        FinalModel model,
        StartGeneration start,
        TrainerParts parts,
        Reports reports,
        CancellationToken cancellationToken
    )
    {
        var folder = Path.Combine(parts.TemporaryFolder, $"model-{job.Id}-{Guid.NewGuid():n}");
        try
        {
            model.Save(job, folder);
            var header = new CheckpointHeader
            {
                JobId = job.Id,
                Generation = start.Generation,
                Step = job.State.Progress.Step,
                Best = true,
            };
            for (var told = false; ; told = true)
            {
                try
                {
                    var info = await parts.Files.StoreModelAsync(header, start.GroupToken, folder, cancellationToken);
                    if (info.Error.Length == 0)
                    {
                        return;
                    }
                    throw new RpcException(new Status(StatusCode.Internal, info.Error));
                }
                catch (RpcException e)
                    when (e.StatusCode
                            is not (
                                StatusCode.InvalidArgument
                                or StatusCode.NotFound
                                or StatusCode.PermissionDenied
                                or StatusCode.Unimplemented
                                or StatusCode.FailedPrecondition
                            )
                    )
                {
                    if (!told)
                    {
                        reports.Log(
                            "warning",
                            $"The model could not be stored yet ({e.StatusCode}: {e.Status.Detail}); trying again until it is."
                        );
                    }
                    await Task.Delay(parts.Options.ModelRetry, parts.Time, cancellationToken);
                }
            }
        }
        finally
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }
}
