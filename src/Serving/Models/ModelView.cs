namespace TrainingCluster.Serving.Models;

/// <summary>A model as it is now.</summary>
/// <param name="Offer">What its source has.</param>
/// <param name="Loaded">In memory; null: not.</param>
/// <param name="Problem">Why its newest version could not be loaded; empty: it could, or nobody has tried.</param>
internal sealed record ModelView(ModelOffer Offer, ServedModel? Loaded, string Problem);
