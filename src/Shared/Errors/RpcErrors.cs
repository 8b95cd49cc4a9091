using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using TrainingCluster.Jobs;

namespace TrainingCluster.Errors;

/// <summary>
/// The errors that our services answer with: a status code, a sentence, and details for machines
/// (google.rpc.Status in the trailer <c>grpc-status-details-bin</c>).
/// </summary>
public static class RpcErrors
{
    // What a caller sent comes back in our words, which go as headers: both ends bound them.
    private const int MaxEcho = 500;
    private const int MaxText = 4000;
    private const int MaxViolations = 50;

    /// <summary>The domain of our <see cref="ErrorInfo"/> reasons.</summary>
    public const string Domain = "training-cluster";

    /// <summary>INVALID_ARGUMENT with every violation of a job specification.</summary>
    public static RpcException InvalidSpec(IReadOnlyList<SpecViolation> violations)
    {
        ArgumentNullException.ThrowIfNull(violations);
        return Invalid([.. violations.Select(v => (v.Field, v.Description))]);
    }

    /// <summary>INVALID_ARGUMENT with a <see cref="BadRequest"/> that names every field.</summary>
    public static RpcException Invalid(params (string Field, string Description)[] violations)
    {
        ArgumentNullException.ThrowIfNull(violations);
        var details = new BadRequest();
        details.FieldViolations.AddRange(
            violations
                .Take(MaxViolations)
                .Select(v => new BadRequest.Types.FieldViolation { Field = Short(v.Field), Description = Short(v.Description) })
        );
        var text = string.Join("; ", details.FieldViolations.Select(v => $"{v.Field}: {v.Description}"));
        return With(StatusCode.InvalidArgument, text, details);
    }

    /// <summary>NOT_FOUND with a <see cref="ResourceInfo"/>.</summary>
    public static RpcException NotFound(string resourceType, string resourceName, string fix)
    {
        resourceName = Short(resourceName);
        var text = $"there is no {resourceType} '{resourceName}'; {fix}";
        return With(
            StatusCode.NotFound,
            text,
            new ResourceInfo
            {
                ResourceType = resourceType,
                ResourceName = resourceName,
                Description = text,
            }
        );
    }

    /// <summary>FAILED_PRECONDITION with an <see cref="ErrorInfo"/>: the call is right, but not now.</summary>
    public static RpcException Precondition(string reason, string text) => Info(StatusCode.FailedPrecondition, reason, text);

    /// <summary>Any other code with an <see cref="ErrorInfo"/>.</summary>
    /// <param name="code">The status code.</param>
    /// <param name="reason">UPPER_SNAKE_CASE, for machines.</param>
    /// <param name="text">A sentence for people.</param>
    public static RpcException Info(StatusCode code, string reason, string text) =>
        With(code, text, new ErrorInfo { Reason = reason, Domain = Domain });

    /// <summary>The same for a call that may go well later: with a <see cref="RetryInfo"/>.</summary>
    /// <param name="code">UNAVAILABLE, RESOURCE_EXHAUSTED or FAILED_PRECONDITION.</param>
    /// <param name="reason">UPPER_SNAKE_CASE, for machines.</param>
    /// <param name="text">A sentence for people.</param>
    /// <param name="after">When to try again.</param>
    public static RpcException Info(StatusCode code, string reason, string text, TimeSpan after) =>
        With(code, text, new ErrorInfo { Reason = reason, Domain = Domain }, new RetryInfo { RetryDelay = Duration.FromTimeSpan(after) });

    private static string Short(string text) => text.Length > MaxEcho ? $"{text[..MaxEcho]}…" : text;

    private static RpcException With(StatusCode code, string text, params ReadOnlySpan<IMessage> details)
    {
        var status = new Google.Rpc.Status { Code = (int)code, Message = text.Length > MaxText ? $"{text[..MaxText]}…" : text };
        foreach (var detail in details)
        {
            status.Details.Add(Any.Pack(detail));
        }
        return status.ToRpcException();
    }
}
