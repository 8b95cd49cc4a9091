using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using TrainingCluster.Jobs;

namespace TrainingCluster.Errors;

/// <summary>
/// The errors that our services answer with: a status code, a sentence, and details for machines
/// (google.rpc.Status in the trailer <c>grpc-status-details-bin</c>). Every one has an <see cref="ErrorInfo"/>.
/// </summary>
public static class RpcErrors
{
    /// <summary>The domain of our <see cref="ErrorInfo"/> reasons.</summary>
    public const string Domain = "training-cluster";

    /// <summary>The reason of a request with fields that cannot be used.</summary>
    public const string InvalidFields = "INVALID_FIELDS";

    /// <summary>INVALID_ARGUMENT with every violation of a job specification; its fields stand in <c>spec</c>.</summary>
    public static RpcException InvalidSpec(IReadOnlyList<SpecViolation> violations)
    {
        ArgumentNullException.ThrowIfNull(violations);
        return Invalid([.. violations.Select(v => (FieldPaths.OfSetting(v.Field), v.Description))]);
    }

    /// <summary>INVALID_ARGUMENT with a <see cref="BadRequest"/> that names every field.</summary>
    /// <param name="violations">Field paths as the protos write them: <c>spec.training.learning_rate</c>.</param>
    public static RpcException Invalid(params (string Field, string Description)[] violations)
    {
        ArgumentNullException.ThrowIfNull(violations);
        var details = ErrorBounds.Of(violations);
        var text = string.Join("; ", details.FieldViolations.Select(v => $"{v.Field}: {v.Description}"));
        return With(StatusCode.InvalidArgument, InvalidFields, text, details);
    }

    /// <summary>NOT_FOUND with a <see cref="ResourceInfo"/>; the reason is JOB_NOT_FOUND for a job.</summary>
    public static RpcException NotFound(string resourceType, string resourceName, string fix)
    {
        ArgumentNullException.ThrowIfNull(resourceType);
        ArgumentNullException.ThrowIfNull(resourceName);
        resourceName = ErrorBounds.Short(resourceName);
        var text = $"there is no {resourceType} '{resourceName}'; {fix}";
        return With(
            StatusCode.NotFound,
            $"{resourceType.ToUpperInvariant()}_NOT_FOUND",
            text,
            new ResourceInfo
            {
                ResourceType = resourceType,
                ResourceName = resourceName,
                Description = text,
            }
        );
    }

    /// <summary>FAILED_PRECONDITION: the call is right, but not now.</summary>
    public static RpcException Precondition(string reason, string text) => Info(StatusCode.FailedPrecondition, reason, text);

    /// <summary>Any other code.</summary>
    /// <param name="code">The status code.</param>
    /// <param name="reason">UPPER_SNAKE_CASE, for machines.</param>
    /// <param name="text">A sentence for people.</param>
    public static RpcException Info(StatusCode code, string reason, string text) => With(code, reason, text);

    /// <summary>The same for a call that may go well later: with a <see cref="RetryInfo"/>.</summary>
    /// <param name="code">UNAVAILABLE, RESOURCE_EXHAUSTED or FAILED_PRECONDITION.</param>
    /// <param name="reason">UPPER_SNAKE_CASE, for machines.</param>
    /// <param name="text">A sentence for people.</param>
    /// <param name="after">When to try again.</param>
    public static RpcException Info(StatusCode code, string reason, string text, TimeSpan after) =>
        With(code, reason, text, new RetryInfo { RetryDelay = Duration.FromTimeSpan(after) });

    /// <summary>An error with what every error has: the id of the request, and a reason where whoever threw it gave none.</summary>
    /// <param name="error">The error.</param>
    /// <param name="requestId">By it operators find the call in the log.</param>
    public static RpcException Complete(RpcException error, string requestId)
    {
        ArgumentNullException.ThrowIfNull(error);
        var status =
            error.GetRpcStatus()
            ?? new Google.Rpc.Status { Code = (int)error.StatusCode, Message = ErrorBounds.Message(error.Status.Detail) };
        if (status.GetDetail<ErrorInfo>() is null)
        {
            status.Details.Insert(0, Any.Pack(new ErrorInfo { Reason = ReasonOf(error.StatusCode), Domain = Domain }));
        }
        if (status.GetDetail<RequestInfo>() is null)
        {
            status.Details.Add(Any.Pack(new RequestInfo { RequestId = ErrorBounds.Short(requestId) }));
        }
        return status.ToRpcException();
    }

    /// <summary>DeadlineExceeded is DEADLINE_EXCEEDED.</summary>
    private static string ReasonOf(StatusCode code) =>
        string.Concat(code.ToString().Select((c, i) => i > 0 && char.IsUpper(c) ? $"_{c}" : char.ToUpperInvariant(c).ToString()));

    private static RpcException With(StatusCode code, string reason, string text, params ReadOnlySpan<IMessage> details)
    {
        var status = new Google.Rpc.Status { Code = (int)code, Message = ErrorBounds.Message(text) };
        status.Details.Add(Any.Pack(new ErrorInfo { Reason = reason, Domain = Domain }));
        foreach (var detail in details)
        {
            status.Details.Add(Any.Pack(detail));
        }
        return status.ToRpcException();
    }
}
