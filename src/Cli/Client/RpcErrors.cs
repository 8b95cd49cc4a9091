using Google.Rpc;
using Grpc.Core;
using TrainingCluster.Errors;
using TrainingCluster.Transport;

namespace TrainingCluster.Cli.Client;

/// <summary>Makes one clear message of what a call ended with.</summary>
public static class RpcErrors
{
    private const string Untrusted = "AuthenticationException";

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
            StatusCode.Internal or StatusCode.Unavailable when detail.Contains(Untrusted, StringComparison.Ordinal) =>
                CliException.BadUsage(
                    $"{address} shows no certificate that is trusted ({Cause(detail)}); {ClientAccess.AuthoritiesVariable} names the "
                        + "ca.crt of its cluster",
                    exception
                ),
            StatusCode.Unavailable => CliException.BadUsage(
                $"no coordinator answers at {address} ({Cause(detail)}); start one with './cluster up', or name another with "
                    + "--coordinator, with https:// where it speaks TLS",
                exception
            ),
            StatusCode.DeadlineExceeded => Silent(address, exception),
            StatusCode.Unimplemented => CliException.BadUsage(
                $"{address} is no coordinator of this version ({detail}); name its gRPC address with --coordinator",
                exception
            ),
            StatusCode.Unauthenticated or StatusCode.PermissionDenied => CliException.BadUsage($"{address}: {detail}", exception),
            StatusCode.InvalidArgument => CliException.BadUsage(Violations(exception) ?? detail, exception),
            StatusCode.NotFound or StatusCode.FailedPrecondition or StatusCode.AlreadyExists => CliException.BadUsage(detail, exception),
            StatusCode.ResourceExhausted => new CliException($"{address}: {detail}", exception),
            _ => new CliException($"{address}: {exception.StatusCode}: {detail}", exception),
        };
    }

    /// <summary>What to say of a coordinator that does not answer.</summary>
    internal static CliException Silent(string address, Exception exception) =>
        new($"{address} did not answer in time; is it a coordinator's gRPC address, and is it alive?", exception);

    /// <summary>A client wraps the socket's words in its own; the innermost come last.</summary>
    private static string Cause(string detail) =>
        detail[(detail.LastIndexOf(": ", StringComparison.Ordinal) is var at and >= 0 ? at + 2 : 0)..];

    /// <summary>Every violation on a line of its own. Null: the call carried none.</summary>
    private static string? Violations(RpcException exception) =>
        RpcErrorDetails.Find<BadRequest>(exception) is { FieldViolations.Count: > 0 } bad
            ? "the coordinator refuses the "
                + $"job:\n{string.Join('\n', bad.FieldViolations.Select(violation => $"  {violation.Field}: {violation.Description}"))}"
            : null;
}
