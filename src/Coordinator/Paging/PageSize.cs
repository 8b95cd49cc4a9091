using TrainingCluster.Errors;

namespace TrainingCluster.Coordinator.Paging;

/// <summary>How many entries a page has.</summary>
internal static class PageSize
{
    /// <summary>Where the client names no number.</summary>
    public const int Default = 50;

    /// <summary>A page has no more, whatever the client asks for.</summary>
    public const int Greatest = 500;

    /// <summary>What a client gets that asks for <paramref name="asked"/>.</summary>
    public static int Of(int asked) =>
        asked switch
        {
            < 0 => throw RpcErrors.Invalid(("page_size", $"{asked} is negative; use 0 for the default ({Default}), at most {Greatest}")),
            0 => Default,
            _ => Math.Min(asked, Greatest),
        };
}
