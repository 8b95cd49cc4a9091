using System.Globalization;
using TrainingCluster.Paging;

namespace TrainingCluster.Coordinator.Paging;

/// <summary>A token whose place is a number that grows.</summary>
internal static class NumberToken
{
    /// <summary>Makes a token.</summary>
    public static string Of(string scope, long number) => OpaqueToken.Of(scope, number.ToString(CultureInfo.InvariantCulture));

    /// <summary>The number that a token names.</summary>
    /// <param name="field">The request's field, for the error.</param>
    /// <param name="token">What the client sent.</param>
    /// <param name="scope">What it must belong to.</param>
    /// <param name="newest">The greatest number that there is: a greater one is of the future.</param>
    /// <param name="fix">What to pass instead.</param>
    public static long Read(string field, string token, string scope, long newest, string fix)
    {
        var place = OpaqueToken.Read(field, token, scope, fix);
        if (!long.TryParse(place, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            throw OpaqueToken.Refused(field, token, "is no token of this cluster", fix);
        }
        return number <= newest ? number : throw OpaqueToken.Refused(field, token, "is of what this coordinator has not seen yet", fix);
    }
}
