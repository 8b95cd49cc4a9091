using System.Buffers;
using System.Buffers.Text;
using System.Text;
using TrainingCluster.Errors;

namespace TrainingCluster.Coordinator.Paging;

/// <summary>Where the next page of a list begins. Clients pass it back as they got it: what is in it is ours.</summary>
internal static class PageToken
{
    /// <summary>A token.</summary>
    /// <param name="list">The list that it belongs to.</param>
    /// <param name="last">The last entry of the page before.</param>
    public static string Of(string list, string last) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{list}\n{last}"));

    /// <summary>The last entry of the page before; null: this is the first page.</summary>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT: it is no token of this list.</exception>
    public static string? Read(string list, string token)
    {
        if (token.Length == 0)
        {
            return null;
        }
        var bytes = new byte[Base64Url.GetMaxDecodedLength(token.Length)];
        var text =
            Base64Url.DecodeFromChars(token, bytes, out _, out var count) == OperationStatus.Done
                ? Encoding.UTF8.GetString(bytes, 0, count).Split('\n', 2)
                : [];
        return text is [var owner, var last] && owner == list
            ? last
            : throw RpcErrors.Invalid(("page_token", $"'{token}' is no token of this list; pass the next_page_token of the page before"));
    }
}
