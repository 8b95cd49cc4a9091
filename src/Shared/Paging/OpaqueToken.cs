using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Grpc.Core;
using TrainingCluster.Errors;

namespace TrainingCluster.Paging;

/// <summary>
/// A place in a list or a record, as clients carry it. It says for what it was made, so that one of another list, filter or job is
/// refused, as is one that somebody made up. It is no secret, and gives no right.
/// </summary>
public static class OpaqueToken
{
    private const byte Version = 1;
    private const int MarkBytes = 4;
    private const int HeadBytes = 1 + MarkBytes + MarkBytes;
    private const int LongestToken = 512;

    /// <summary>Makes a token.</summary>
    /// <param name="scope">What it belongs to: the call, and whatever decides what a place in its answer means.</param>
    /// <param name="place">Where to go on.</param>
    public static string Of(string scope, string place)
    {
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentNullException.ThrowIfNull(place);
        var text = Encoding.UTF8.GetBytes(place);
        var token = new byte[HeadBytes + text.Length];
        token[0] = Version;
        text.CopyTo(token, HeadBytes);
        Mark(Encoding.UTF8.GetBytes(scope)).CopyTo(token, 1);
        Seal(token).CopyTo(token, 1 + MarkBytes);
        return Base64Url.EncodeToString(token);
    }

    /// <summary>The place that a token names.</summary>
    /// <param name="field">The request's field, for the error.</param>
    /// <param name="token">What the client sent.</param>
    /// <param name="scope">What it must belong to.</param>
    /// <param name="fix">What to pass instead.</param>
    /// <exception cref="RpcException">INVALID_ARGUMENT that names the token.</exception>
    public static string Read(string field, string token, string scope, string fix)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentNullException.ThrowIfNull(scope);
        if (token.Length > LongestToken || !Base64Url.IsValid(token))
        {
            throw Refused(field, token, "is no token of this cluster", fix);
        }
        var bytes = Base64Url.DecodeFromChars(token);
        if (bytes.Length < HeadBytes)
        {
            throw Refused(field, token, "is no token of this cluster", fix);
        }
        if (bytes[0] != Version)
        {
            throw Refused(field, token, "is a token of another version of this program", fix);
        }
        if (!Seal(bytes).AsSpan().SequenceEqual(bytes.AsSpan(1 + MarkBytes, MarkBytes)))
        {
            throw Refused(field, token, "is no token of this cluster", fix);
        }
        return Mark(Encoding.UTF8.GetBytes(scope)).AsSpan().SequenceEqual(bytes.AsSpan(1, MarkBytes))
            ? Encoding.UTF8.GetString(bytes.AsSpan(HeadBytes))
            : throw Refused(field, token, "belongs to another call, filter or job", fix);
    }

    /// <summary>INVALID_ARGUMENT that names a token.</summary>
    public static RpcException Refused(string field, string token, string problem, string fix) =>
        RpcErrors.Invalid((field, $"'{Echo.Of(token)}' {problem}; {fix}"));

    // Over everything but its own place.
    private static byte[] Seal(byte[] token) => Mark([.. token.AsSpan(0, 1 + MarkBytes), .. token.AsSpan(HeadBytes)]);

    private static byte[] Mark(byte[] bytes) => SHA256.HashData(bytes)[..MarkBytes];
}
