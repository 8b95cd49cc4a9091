using Google.Rpc;
using Grpc.Core;
using TrainingCluster.Errors;
using TrainingCluster.Telemetry;
using TrainingCluster.Transport;

namespace TrainingCluster.Cli.Client;

/// <summary>Makes one clear message of what a call ended with.</summary>
public static class RpcErrors
{
    private const string Untrusted = "AuthenticationException";

    // How the client begins where no answer has come: what is there may speak another protocol, TLS for one.
    private const string NotStarted = "Error starting gRPC call";

    /// <summary>The message and exit status for <paramref name="exception"/>.</summary>
    /// <param name="exception">What the call ended with.</param>
    /// <param name="address">Who was called, as the user named it.</param>
    public static CliException Explain(RpcException exception, string address)
    {
        ArgumentNullException.ThrowIfNull(exception);
        var detail = exception.Status.Detail;
        return exception.StatusCode switch
        {
            // The client's words for a certificate that it does not trust, or that is not of a coordinator.
            StatusCode.Internal or StatusCode.Unavailable when detail.Contains(Untrusted, StringComparison.Ordinal) => Failure(
                $"{address} shows no certificate that is trusted ({Cause(detail)}); {ClientAccess.AuthoritiesVariable} names the ca.crt of "
                    + "its cluster",
                ExitCodes.BadUsage,
                "UNTRUSTED"
            ),
            // A coordinator that answered, and cannot do it now: it says why.
            StatusCode.Unavailable when Reason(exception) is not null || TraceId(exception).Length > 0 => Failure(
                $"{address}: {detail}{Trace(exception)}",
                ExitCodes.Unavailable
            ),
            StatusCode.Unavailable or StatusCode.Internal when IsUnanswered(exception) => Failure(
                $"no coordinator answers at {address} ({Cause(detail)}); start one with './cluster up', or name another with "
                    + "--coordinator, with https:// where it speaks TLS",
                ExitCodes.Unavailable
            ),
            StatusCode.DeadlineExceeded => Silent(address, exception),
            StatusCode.Unimplemented => Failure(
                $"{address} is no coordinator of this version ({detail}); name its gRPC address with --coordinator",
                ExitCodes.BadUsage
            ),
            StatusCode.Unauthenticated or StatusCode.PermissionDenied => Failure($"{address}: {detail}", ExitCodes.BadUsage),
            StatusCode.InvalidArgument => Failure(Refusal(exception) ?? detail, ExitCodes.BadUsage),
            StatusCode.NotFound or StatusCode.FailedPrecondition or StatusCode.AlreadyExists => Failure(detail, ExitCodes.BadUsage),
            StatusCode.ResourceExhausted => Failure($"{address}: {detail}{Trace(exception)}", ExitCodes.Unavailable),
            StatusCode.Aborted or StatusCode.Cancelled => Failure($"{address}: {detail}", ExitCodes.Unavailable),
            _ => Failure($"{address}: {exception.StatusCode}: {detail}{Trace(exception)}", ExitCodes.Failed),
        };

        CliException Failure(string message, int exitCode, string? code = null) =>
            new(message, exception)
            {
                ExitCode = exitCode,
                Code = code ?? Reason(exception) ?? CodeOf(exception.StatusCode),
                Violations = [.. Violations(exception).Select(violation => new FieldViolation(violation.Field, violation.Description))],
            };
    }

    /// <summary>What to say of a coordinator that does not answer.</summary>
    internal static CliException Silent(string address, Exception exception) =>
        new($"{address} did not answer in time; is it a coordinator's gRPC address, and is it alive?", exception)
        {
            ExitCode = ExitCodes.TimedOut,
        };

    private static bool IsUnanswered(RpcException exception) =>
        exception.StatusCode == StatusCode.Unavailable || exception.Status.Detail.StartsWith(NotStarted, StringComparison.Ordinal);

    /// <summary>The service's word for what went wrong. Null: it gave none.</summary>
    private static string? Reason(RpcException exception) =>
        RpcErrorDetails.Find<ErrorInfo>(exception) is { Reason.Length: > 0 } info ? info.Reason : null;

    /// <summary>A status as its protocol spells it: NOT_FOUND.</summary>
    private static string CodeOf(StatusCode status) =>
        string.Concat(status.ToString().Select((c, at) => at > 0 && char.IsUpper(c) ? $"_{c}" : $"{char.ToUpperInvariant(c)}"));

    /// <summary>A client wraps the socket's words in its own; the innermost come last.</summary>
    private static string Cause(string detail) =>
        detail[(detail.LastIndexOf(": ", StringComparison.Ordinal) is var at and >= 0 ? at + 2 : 0)..];

    /// <summary>By what the coordinator's log names the call; empty: it does not say, or has said it in its message.</summary>
    private static string Trace(RpcException exception) =>
        TraceId(exception) is { Length: > 0 } id && !exception.Status.Detail.Contains(id, StringComparison.Ordinal)
            ? $" (trace id {id})"
            : "";

    private static string TraceId(RpcException exception) => exception.Trailers.GetValue(TraceParent.AnswerKey) ?? "";

    /// <summary>Every violation on a line of its own. Null: the call carried none.</summary>
    private static string? Refusal(RpcException exception) =>
        Violations(exception) is { Count: > 0 } violations
            ? $"the coordinator refuses the call:\n{string.Join('\n', violations.Select(each => $"  {each.Field}: {each.Description}"))}"
            : null;

    private static Google.Protobuf.Collections.RepeatedField<BadRequest.Types.FieldViolation> Violations(RpcException exception) =>
        RpcErrorDetails.Find<BadRequest>(exception)?.FieldViolations ?? [];
}
