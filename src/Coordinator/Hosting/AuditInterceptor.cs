using System.Globalization;
using Grpc.Core;
using Grpc.Core.Interceptors;
using TrainingCluster.Access;
using TrainingCluster.Errors;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>
/// A line for every call that changes something: who called, what, upon what, and how it ended. Clients find their call by the metadata
/// <see cref="RequestIds.Header"/>, which they may set.
/// </summary>
public sealed partial class AuditInterceptor(ILogger<AuditInterceptor> logger) : Interceptor
{
    /// <inheritdoc/>
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request,
        ServerCallContext context,
        UnaryServerMethod<TRequest, TResponse> continuation
    )
    {
        var what = SubjectOf(request);
        return what is null ? continuation(request, context) : RecordAsync(context, what, () => continuation(request, context));
    }

    /// <summary>What a call is to change; null: it only reads.</summary>
    internal static string? SubjectOf(object? request) =>
        request switch
        {
            CreateJobRequest create => create.Spec?.Name ?? "",
            UpdateJobRequest update => update.Job?.Id ?? "",
            CancelJobRequest cancel => cancel.Id,
            SuspendJobRequest suspend => suspend.Id,
            ResumeJobRequest resume => resume.Id,
            DeleteJobRequest delete => delete.Id,
            DeleteDatasetRequest delete => delete.Fingerprint,
            PruneDatasetsRequest { DryRun: false } => "",
            _ => null,
        };

    /// <inheritdoc/>
    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        ServerCallContext context,
        ClientStreamingServerMethod<TRequest, TResponse> continuation
    ) => RecordAsync(context, "", () => continuation(requestStream, context));

    /// <summary>Does what changes something, and writes the line, however it ends.</summary>
    /// <param name="logger">Gets the line.</param>
    /// <param name="method">What is done.</param>
    /// <param name="what">To what.</param>
    /// <param name="by">By whom, and from where.</param>
    /// <param name="requestId">The id of the request.</param>
    /// <param name="call">Does it.</param>
    internal static async Task<TResponse> RecordAsync<TResponse>(
        ILogger logger,
        string method,
        string what,
        string by,
        string requestId,
        Func<Task<TResponse>> call
    )
    {
        var (status, result) = (StatusCode.Unknown, "");
        try
        {
            var response = await call();
            (status, result) = (StatusCode.OK, Name(response));
            return response;
        }
        catch (RpcException e)
        {
            (status, result) = (e.StatusCode, e.Status.Detail);
            throw;
        }
        finally
        {
            var (subject, outcome) = (RequestIds.OneLine(what), RequestIds.OneLine(result));
            LogCall(logger, method, subject, by, requestId, status, outcome);
        }
    }

    private Task<TResponse> RecordAsync<TResponse>(ServerCallContext context, string what, Func<Task<TResponse>> call) =>
        RecordAsync(logger, context.Method, what, By(context), RequestIds.Of(context.GetHttpContext()), call);

    private static string By(ServerCallContext context) =>
        Caller.Of(context) is { Name.Length: > 0 } caller ? $"{RequestIds.OneLine(caller.Name)} at {context.Peer}" : context.Peer;

    private static string Name<TResponse>(TResponse response) =>
        response switch
        {
            Job job => job.Id,
            DatasetInfo dataset => dataset.Fingerprint,
            PruneDatasetsResponse pruned => string.Join(' ', pruned.Datasets.Select(dataset => dataset.Fingerprint)),
            CheckpointInfo checkpoint => string.Create(
                CultureInfo.InvariantCulture,
                $"{checkpoint.JobId} {(checkpoint.CheckpointId.Length > 0 ? checkpoint.CheckpointId : $"part of {checkpoint.Step}")}"
            ),
            _ => "",
        };

    [LoggerMessage(
        EventId = 232,
        Level = LogLevel.Information,
        Message = "audit: {Method} '{What}' by {By}, request {RequestId}: {Status} {Result}"
    )]
    private static partial void LogCall(
        ILogger logger,
        string method,
        string what,
        string by,
        string requestId,
        StatusCode status,
        string result
    );
}
