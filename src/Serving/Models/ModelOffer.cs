namespace TrainingCluster.Serving.Models;

/// <summary>A model that a source has, or will have.</summary>
/// <param name="Id">What calls name it by.</param>
/// <param name="Namespace">Whose clients may call it; empty: everyone's.</param>
/// <param name="Version">Changes with the model; empty: it is not there.</param>
/// <param name="Problem">Why it is not there; empty: it is.</param>
/// <param name="IsWaiting">It is not there yet, but can be expected.</param>
/// <param name="WeightsSha256">Empty: not known.</param>
internal sealed record ModelOffer(string Id, string Namespace, string Version, string Problem, bool IsWaiting, string WeightsSha256)
{
    /// <summary>Whether it can be loaded.</summary>
    public bool IsThere => Version.Length > 0;

    /// <summary>What people should know of one that is there; empty: nothing.</summary>
    public string Note { get; init; } = "";
}
