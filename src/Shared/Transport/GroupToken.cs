using System.Security.Cryptography;
using System.Text;
using Grpc.Core;
using TrainingCluster.Errors;

namespace TrainingCluster.Transport;

/// <summary>
/// The secret of a generation: made by the coordinator, sent to its members alone, and shown with every call that reads or stores the
/// job's state or takes part in its exchange.
/// </summary>
public static class GroupToken
{
    /// <summary>The metadata key.</summary>
    public const string Key = "group-token";

    /// <summary>The token of a generation.</summary>
    /// <param name="key">The coordinator's own, new with each start: tokens are stored with the plan.</param>
    /// <param name="jobId">The job.</param>
    /// <param name="generation">The generation.</param>
    public static string Of(ReadOnlyMemory<byte> key, string jobId, long generation) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(key.Span, Encoding.UTF8.GetBytes($"{generation} {jobId}")));

    /// <summary>Call options that show the token.</summary>
    public static CallOptions Show(string token, CancellationToken cancellationToken = default) =>
        new(new Metadata { { Key, token } }, cancellationToken: cancellationToken);

    /// <summary>Refuses a call that does not show the token.</summary>
    /// <param name="context">The call.</param>
    /// <param name="expected">The generation's token. Null or empty: none is known, and nobody can show it.</param>
    /// <param name="jobId">The generation's job, for the message.</param>
    /// <param name="generation">Its number.</param>
    /// <exception cref="RpcException">PERMISSION_DENIED.</exception>
    public static void Require(ServerCallContext context, string? expected, string jobId, long generation)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (!Matches(context.RequestHeaders.GetValue(Key) ?? "", expected))
        {
            throw RpcErrors.Info(StatusCode.PermissionDenied, "NOT_A_MEMBER", Missing(jobId, generation));
        }
    }

    /// <summary>Whether a token is the one that is expected.</summary>
    /// <param name="shown">By a caller.</param>
    /// <param name="expected">The generation's token. Null or empty: none is known, and nobody can show it.</param>
    public static bool Matches(string shown, string? expected) =>
        expected is { Length: > 0 }
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(shown), Encoding.UTF8.GetBytes(expected));

    /// <summary>Why who shows no token is refused.</summary>
    public static string Missing(string jobId, long generation) =>
        $"the caller shows no token of generation {generation} of job {jobId}: only its members may do this";
}
