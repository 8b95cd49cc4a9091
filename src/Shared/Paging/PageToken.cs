namespace TrainingCluster.Paging;

/// <summary>Where the next page of a list begins. Clients pass it back as they got it: what is in it is ours.</summary>
public static class PageToken
{
    /// <summary>A token.</summary>
    /// <param name="list">The list that it belongs to.</param>
    /// <param name="last">The last entry of the page before.</param>
    public static string Of(string list, string last) => OpaqueToken.Of(list, last);

    /// <summary>The last entry of the page before; null: this is the first page.</summary>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT: it is no token of this list.</exception>
    public static string? Read(string list, string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return token.Length == 0 ? null : OpaqueToken.Read("page_token", token, list, "pass the next_page_token of the page before");
    }
}
